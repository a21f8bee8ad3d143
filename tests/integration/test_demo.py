"""The demonstration: a file through the local cloud, by the job files themselves, to answers in BigQuery."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.engines.testing.suite import answers_of, same
from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate
from tests.cloud.local import needs_local_cloud
from tests.cloud.machine import processes_of
from tests.real import REAL, needs_real_data

PROGRAM = Path(sys.executable).with_name("crime-pipelines")
PATIENCE = 1800.0


@pytest.fixture(autouse=True)
def machine() -> None:
    needs_local_cloud()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with every defect, and with versions of its own rows."""
    folder = tmp_path_factory.mktemp("source")
    path = folder / "crimes 2012.csv"
    generate(path, 3_000, seed=41, years=9, defects=0.05)
    later = {"Updated_On": "02/11/2028 03:50:01 PM"}
    rows = [row(key, Arrest="true", **later) for key in (1, 2, 3)] + [row(key) for key in (1, 2, 3)]
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write("".join(f"{each}\n" for each in rows))
    run(str(path), folder / "out", max_rejected=1)
    return path


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "demo", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["1", "2"])
def test_a_file_becomes_the_answers_that_run_gives(source: Path, tmp_path: Path, architecture: str) -> None:
    record = assert_demo(source, source.parent / "out", tmp_path, architecture)
    steps = ["up", "land", "start", "job", *(["lake"] if architecture == "1" else []), "load", "report"]
    assert [each["step"] for each in record["steps"]] == [*steps, "surges", "answers", "down"]
    assert record["architecture"] == architecture


@pytest.mark.slow
def test_so_do_its_rows_as_messages_in_random_order(tmp_path: Path) -> None:
    pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")
    (tmp_path / "source").mkdir()
    source = tmp_path / "source" / "crimes.csv"
    generate(source, 500, seed=43, years=9, defects=0.05)
    later = row(1, Arrest="true", Updated_On="02/11/2018 03:50:01 PM")
    with source.open("a", encoding="utf-8", newline="") as file:
        file.write("".join(f"{each}\n" for each in (row(1), later, row(2), row(1), "one field")))
    run(str(source), tmp_path / "wanted", max_rejected=1)
    (tmp_path / "demo").mkdir()
    record = assert_demo(source, tmp_path / "wanted", tmp_path / "demo", "streaming")
    steps = ["up", "feed", "publish", "stream", "refresh", "report", "surges", "answers", "down"]
    assert [each["step"] for each in record["steps"]] == steps


@needs_real_data
@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["1", "2"])
def test_so_does_the_real_fifth(tmp_path: Path, tmp_path_factory: Any, architecture: str) -> None:
    source = REAL / "chicago" / "crimes_2012_2018_fifth.csv.gz"
    wanted = tmp_path_factory.mktemp("fifth") / "out"
    run(str(source), wanted, max_rejected=1)
    assert_demo(source, wanted, tmp_path, architecture)


def assert_demo(source: Path, wanted: Path, folder: Path, architecture: str) -> dict[str, Any]:
    """A demonstration gives what `run` gave, and leaves nothing else; what it says of itself."""
    out = folder / "the answers"
    done = call(str(source), "--architecture", architecture, "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    record: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    of_run = json.loads((wanted / "run.json").read_text(encoding="utf-8"))
    for name in ("read", "incidents", "superseded", "rejected", "warnings", "shift_years", "as_of"):
        assert record[name] == of_run[name], name
    found, expected = answers_of(out), answers_of(wanted)
    assert set(found) == set(expected)
    for name, rows in expected.items():
        assert len(found[name]) == len(rows), name
        for got, texts in zip(found[name], rows, strict=True):
            assert all(map(_same_text, got, texts)), (name, got, texts)
    assert b"</html>" in (out / "report" / "index.html").read_bytes()
    assert [each.name for each in folder.iterdir()] == ["the answers"]
    assert processes_of(folder) == []
    return record


@pytest.mark.slow
def test_interrupted_it_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [PROGRAM, "demo", "--architecture", "1", "--out", str(out), "--rows", "100"],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    for line in process.stdout:
        if "runs on crime-1-" in line:
            process.send_signal(signal.SIGINT)
            break
    _, said = process.communicate()
    watchdog.cancel()
    assert (process.returncode, said.lstrip()) == (130, "Interrupted: nothing was changed.\n")
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []


def test_bad_input_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    for source in ("bad.csv", "missing.csv"):
        done = call(str(tmp_path / source), "--architecture", "1", "--out", str(tmp_path / "out"))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(f"Error: {tmp_path / source}: ")
    done = call(
        "--architecture", "1", "--out", str(tmp_path / "out"), "--calls", str(tmp_path / "no" / "x.csv")
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"Error: {tmp_path / 'no' / 'x.csv'}: there is no folder for it")
    assert [each.name for each in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.slow
def test_a_file_without_an_incident_ends_in_one_line(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row("x"), row(2, Date="")])
    done = call(str(source), "--architecture", "1", "--out", str(tmp_path / "out"))
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "2 of 2 rows (100.0 %) are rejected" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def _same_text(got: str, wanted: str) -> bool:
    """Whether two texts of an answer say the same; floats to 1e-9 relative."""
    if got == wanted:
        return True
    try:
        return same(got, float(wanted))
    except ValueError:
        return False
