"""What Beam's engine does beside the suite that all engines pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from crime_pipelines.beam import blocks
from crime_pipelines.errors import InputError
from crime_pipelines.generate import generate
from crime_pipelines.run import run


class Told:
    """What a run told of its progress."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    def stage(self, name: str) -> None:
        pass

    def share(self, done: float) -> None:
        self.shares.append(done)


def test_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks.blocks_of, "__defaults__", (1 << 20,))
    generate(tmp_path / "in.csv", 20_000, seed=1)
    told = Told()
    run(str(tmp_path / "in.csv"), tmp_path / "out", engine="beam", progress=told)
    assert told.shares == sorted(told.shares)
    assert any(0 < share < 1 for share in told.shares)


def test_a_runner_that_is_not_there_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "in.csv", 10, seed=1)
    monkeypatch.setenv("PRISM", str(tmp_path / "prism"))
    for runner, said in (("spark", "there is direct, prism"), ("prism", "go install github.com/apache/beam")):
        with pytest.raises(InputError, match=said):
            run(str(tmp_path / "in.csv"), tmp_path / "out", engine="beam", engine_options={"runner": runner})
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]
