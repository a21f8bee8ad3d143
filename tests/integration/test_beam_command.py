"""`crime-pipelines run --engine beam`: what it says when it is interrupted, or its input is damaged."""

from __future__ import annotations

import gzip
import os
import signal
import time
from pathlib import Path

import pytest

from crime_pipelines.generate import generate
from tests.integration.test_command_line import call, start

pytest.importorskip("apache_beam")

from crime_pipelines.beam.runners import PRISM_VARIABLE, prism_binary
from crime_pipelines.errors import InputError


@pytest.fixture(params=["direct", "prism"])
def runner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a runner that is here."""
    built = Path(__file__).parents[2] / "build" / "prism"
    if request.param == "prism":
        if built.exists() and PRISM_VARIABLE not in os.environ:
            monkeypatch.setenv(PRISM_VARIABLE, str(built))
        try:
            prism_binary()
        except InputError:
            pytest.skip("no Prism here: `make prism` gets it")
    return str(request.param)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_is_clean(sent: signal.Signals, code: int, runner: str, tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 600_000, seed=4)
    running = start(
        "run", tmp_path / "in.csv", "--out", tmp_path / "out", "--engine", "beam", "--beam-runner", runner
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out.run-*/scratch/marks/*")):
        assert running.poll() is None, "the run ended before it could be interrupted"
        assert time.monotonic() < deadline, "the run did not begin"
    running.send_signal(sent)
    output, errors = running.communicate(timeout=60)
    assert running.returncode == code
    assert output == ""
    assert errors.strip().count("\n") == 0
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_a_damaged_file_gets_one_line(runner: str, tmp_path: Path) -> None:
    generate(tmp_path / "whole.csv", 20_000, seed=4)
    packed = gzip.compress((tmp_path / "whole.csv").read_bytes())
    (tmp_path / "in.csv.gz").write_bytes(packed[: len(packed) // 2])
    done = call(
        "run", tmp_path / "in.csv.gz", "--out", tmp_path / "out", "--engine", "beam", "--beam-runner", runner
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {tmp_path / 'in.csv.gz'}: is damaged gzip (")
    assert done.stderr.endswith(")\n")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
