"""`run --rejects DIR`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crime_pipelines import run
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import GateError, InputError

BAD = row(7, Date="soon", Block='"one, ""two"""')


def rejects(folder: Path) -> list[list[str]]:
    with (folder / "rejects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_rejected_rows_are_written_as_they_stand_with_their_reasons(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(1), BAD, "x,y"])
    run(source, tmp_path / "out", max_rejected=1, rejects=tmp_path / "bad")
    assert rejects(tmp_path / "bad") == [
        ["reason", "source_file", "raw_row"],
        ["bad_date", str(source), BAD],
        ["malformed_row", str(source), "x,y"],
    ]  # fmt: skip


def test_they_are_written_though_they_are_too_many(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(1), BAD])
    with pytest.raises(GateError):
        run(source, tmp_path / "out", rejects=tmp_path / "bad")
    assert not (tmp_path / "out").exists()
    assert [each[0] for each in rejects(tmp_path / "bad")] == ["reason", "bad_date"]
    run(write(tmp_path / "good.csv", [row(1)]), tmp_path / "out", rejects=tmp_path / "bad")
    assert [each[0] for each in rejects(tmp_path / "bad")] == ["reason"]
    assert [path.name for path in (tmp_path / "bad").iterdir()] == ["rejects.csv"]


def test_a_file_that_no_run_wrote_stays(tmp_path: Path) -> None:
    source = write(tmp_path / "in" / "in.csv", [row(1)])
    own = write(tmp_path / "bad" / "rejects.csv", ["mine"])
    before = own.read_bytes()
    with pytest.raises(InputError, match=r"holds a rejects[.]csv that no run wrote"):
        run(source, tmp_path / "out", rejects=own.parent)
    with pytest.raises(InputError, match="is not a folder"):
        run(source, tmp_path / "out", rejects=source)
    with pytest.raises(InputError, match="lies in SOURCE"):
        run(source.parent, tmp_path / "out", rejects=source.parent / "bad")
    assert own.read_bytes() == before
    assert not (tmp_path / "out").exists()
