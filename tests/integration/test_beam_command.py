"""`crime-pipelines run --engine beam`: what it says when it is interrupted, or its input is damaged."""

from __future__ import annotations

import gzip
import signal
from pathlib import Path

import pytest

from crime_pipelines.generate import generate
from tests.integration.test_command_line import assert_ended_cleanly, call, start, wait_for

pytest.importorskip("apache_beam")

from tests.prism import LACKING, has_prism, use_prism


@pytest.fixture(params=["direct", "prism"])
def runner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a runner that is here."""
    if request.param == "prism":
        if not has_prism():
            pytest.skip(LACKING)
        use_prism(monkeypatch)
    return str(request.param)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_is_clean(sent: signal.Signals, code: int, runner: str, tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 600_000, seed=4)
    running = start(
        "run", tmp_path / "in.csv", "--out", tmp_path / "out", "--engine", "beam", "--beam-runner", runner
    )
    wait_for(running, tmp_path, ".out.run-*/scratch/marks/*")
    running.send_signal(sent)
    assert_ended_cleanly(running, code, tmp_path)


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
