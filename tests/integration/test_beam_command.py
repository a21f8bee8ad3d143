"""`crime-pipelines run --engine beam`: what it says when interrupted, given damaged input, or losing rows."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from crime_pipelines.synthetic import generate
from tests.integration.test_command_line import (
    INTERRUPTS,
    assert_ended_cleanly,
    call,
    wait_for,
)

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from tests.forked import Forked
from tests.prism import LACKING, has_prism, use_prism
from tests.waiting import PATIENCE


@pytest.fixture(params=["direct", "prism"])
def runner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a runner that is here."""
    if request.param == "prism":
        if not has_prism():
            pytest.skip(LACKING)
        use_prism(monkeypatch)
    return str(request.param)


@pytest.mark.slow
@INTERRUPTS
def test_interruption_is_clean(sent: signal.Signals, code: int, runner: str, tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 200_000, seed=4)
    running = Forked(
        "run", tmp_path / "in.csv", "--out", tmp_path / "out", "--engine", "beam", "--beam-runner", runner
    )
    wait_for(running, tmp_path, ".out.run-*/scratch/marks/*")
    running.send_signal(sent)
    assert_ended_cleanly(running, code, tmp_path)


@pytest.mark.slow
def test_a_damaged_file_gets_one_line(runner: str, tmp_path: Path) -> None:
    generate(tmp_path / "whole.csv", 20_000, seed=4)
    packed = gzip.compress((tmp_path / "whole.csv").read_bytes())
    (tmp_path / "in.csv.gz").write_bytes(packed[: len(packed) // 2])
    done = call(
        "run", tmp_path / "in.csv.gz", "--out", tmp_path / "out", "--engine", "beam", "--beam-runner", runner
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {tmp_path / 'in.csv.gz'}: is damaged gzip (")
    rows = zlib.decompressobj(wbits=31).decompress(packed[: len(packed) // 2]).count(b"\n") - 1
    assert done.stderr.endswith(f"): {rows:,} rows were read before that; get the file again\n")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_rows_that_both_ways_of_reading_lose_get_one_line(runner: str, tmp_path: Path) -> None:
    """The command line, with the statement's result and the rows read one by one without the first."""
    generate(tmp_path / "in.csv", 1_000, seed=4)
    program = """
from crime_pipelines.beam.reading import careful, chunks as reading, rows
from crime_pipelines.cli.main import main

query, records = rows.query, careful.records
rows.query = lambda sql, **tables: query(sql, **tables).slice(1)

def all_but_one(pieces, width):
    found = records(pieces, width)
    next(found)
    yield from found

careful.records = reading.records = all_but_one
main()
"""
    arguments = [tmp_path / "in.csv", "--out", tmp_path / "out", "--engine", "beam", "--beam-runner", runner]
    done = subprocess.run(
        [sys.executable, "-c", program, "run", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: {tmp_path / 'in.csv'}: 1,000 rows were counted, but 998 were read; nothing was written. "
        "This is a fault of crime-pipelines: please report it\n"
    )
    assert not (tmp_path / "out").exists()
