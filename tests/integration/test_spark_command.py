"""`crime-pipelines run --engine spark`, interrupted, and with Java's classes kept between runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crime_pipelines.synthetic import generate
from tests.forked import Forked
from tests.integration.test_command_line import (
    INTERRUPTS,
    assert_ended_cleanly,
    call,
    wait_for_workplace,
)
from tests.waiting import PATIENCE

pytest.importorskip("pyspark", reason="needs the extra spark: make dev")

from crime_pipelines.spark.session import class_archive


@INTERRUPTS
def test_interruption_is_clean(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 100_000, seed=4)
    running = Forked("run", tmp_path / "in.csv", "--out", tmp_path / "out", "--engine", "spark")
    wait_for_workplace(running, tmp_path)
    running.send_signal(sent)
    assert_ended_cleanly(running, code, tmp_path)


@pytest.mark.slow
def test_a_comma_in_the_outputs_name_leaves_no_folder_elsewhere(tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 500, seed=4)
    out = tmp_path / "a,b" / "out"
    ran = call(
        "run", tmp_path / "in.csv", "--out", out, "--engine", "spark", cwd=tmp_path, TMPDIR=str(tmp_path)
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a,b", "in.csv"]
    assert [each.name for each in (tmp_path / "a,b").iterdir()] == ["out"]


@pytest.mark.slow
def test_the_first_run_keeps_classes_and_a_damaged_archive_stops_none(tmp_path: Path) -> None:
    if class_archive(make=False) is None:
        pytest.skip("no Java here that can keep its classes: Debian's openjdk-17-jre-headless can")
    source, cache = tmp_path / "in.csv", tmp_path / "cache"
    generate(source, 500, seed=4)
    folder = cache / "java-classes"

    def ran(name: str) -> tuple[bytes, list[Path]]:
        variables = {"CRIME_PIPELINES_CACHE": str(cache)}
        done = call("run", source, "--out", tmp_path / name, "--engine", "spark", cwd=tmp_path, **variables)
        assert (done.returncode, done.stderr) == (0, "")
        return (tmp_path / name / "answers" / "monthly_trend.csv").read_bytes(), [*folder.iterdir()]

    cache.mkdir()
    answer, made = ran("first")
    (archive,) = made
    written = archive.stat()
    assert written.st_size > 10_000_000
    assert ran("second") == (answer, made)
    assert archive.stat().st_ino == written.st_ino

    archive.chmod(0o600)
    os.truncate(archive, 1_000)
    assert ran("third") == (answer, [])
    assert ran("fourth") == (answer, made)


@pytest.mark.slow
def test_spark_starts_beside_threads_that_hold_duckdb(tmp_path: Path) -> None:
    code = (
        "import sys, threading, duckdb\n"
        "from pathlib import Path\n"
        "from crime_pipelines.spark.session import local_session\n"
        "local, ready, over = threading.local(), threading.Event(), threading.Event()\n"
        "def hold():\n"
        "    local.connection = duckdb.connect()\n"
        "    local.connection.execute('SELECT SUM(i) FROM range(1000000) AS t(i)').fetchall()\n"
        "    ready.set(); over.wait()\n"
        "thread = threading.Thread(target=hold, daemon=True); thread.start(); ready.wait()\n"
        # joined: a thread that still frees its connection when Python ends would end the process
        "print(local_session(Path(sys.argv[1])).range(5).count()); over.set(); thread.join()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (ran.returncode, ran.stdout) == (0, "5\n"), ran.stderr
