"""`crime-pipelines run --engine spark`, interrupted, and with Java's classes kept between runs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from crime_pipelines.generate import generate
from tests.integration.test_command_line import assert_ended_cleanly, call, start, wait_for_workplace

pytest.importorskip("pyspark")

from crime_pipelines.spark.session import class_archive


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_is_clean(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 300_000, seed=4)
    running = start("run", tmp_path / "in.csv", "--out", tmp_path / "out", "--engine", "spark")
    wait_for_workplace(running, tmp_path)
    running.send_signal(sent)
    assert_ended_cleanly(running, code, tmp_path)


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
