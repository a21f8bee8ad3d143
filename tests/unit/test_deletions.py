"""Rows of files that say their incident is deleted."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from crime_pipelines import run
from crime_pipelines.cli.run import _counts
from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.versions import Tombstone, read_tombstone, read_version
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import InputError
from crime_pipelines.output.checks import check_output
from crime_pipelines.synthetic import HEADER


def test_a_run_says_how_many_incidents_were_deleted(tmp_path: Path) -> None:
    source = write(
        tmp_path / "in.csv",
        [row(1) + ",", row(2) + ",false", row(2) + ",true", row(3) + ",true"],
        header=f"{HEADER},Deleted",
    )
    record = run(source, tmp_path / "out", analyses=False).record
    assert (record.read, record.incidents, record.superseded, record.deleted) == (4, 1, 3, 2)
    assert "1 incidents, 3 superseded (2 incidents deleted), 0 rejected" in _counts(record)
    assert [each.problem for each in check_output(tmp_path / "out") if each.problem] == []
    page = (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert "superseded by a later version or repeated, with 2 deleted incidents" in page


def test_an_unreadable_deletion_is_a_warning(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(1) + ",perhaps"], header=f"{HEADER},Deleted")
    record = run(source, tmp_path / "out", analyses=False).record
    assert (record.incidents, record.deleted, record.warnings) == (1, 0, {"deleted": 1})


def test_a_source_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(1) + ",", row(1) + ",true"], header=f"{HEADER},Deleted")
    with pytest.raises(InputError, match=r"no row is an incident \(1 deleted\)"):
        run(source, tmp_path / "out")


def test_two_columns_of_deletions_are_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(1) + ",,"], header=f"{HEADER},Deleted,deleted")
    with pytest.raises(InputError, match="has 2 columns for deleted: Deleted, deleted"):
        run(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Tombstone),
        ({"occurred_at": "never", "arrest": ""}, Tombstone),
        ({"id": " "}, Reason.MISSING_ID),
        ({"id": "x", "updated_on": ""}, Reason.BAD_ID),
        ({"updated_on": "NULL"}, Reason.MISSING_DATE),
        ({"updated_on": "2018-02-10"}, Reason.BAD_DATE),
    ],
)
def test_a_tombstone_needs_an_id_and_a_time(changes: dict[str, str], expected: object) -> None:
    texts = {"id": "7", "updated_on": "2018-02-10T15:50:01", "deleted": "Yes", **changes}
    found = read_version(texts, 3)
    assert (type(found) if isinstance(found, Tombstone) else found) == expected


def test_a_tombstone_is_shifted_once() -> None:
    texts = ["7", *[""] * 16, "2018-02-10T15:50:01", "", "", "3"]
    assert read_tombstone(texts, 5) == Tombstone(7, datetime(2018, 2, 10, 15, 50, 1), 3)
    assert read_tombstone([*texts[:-1], ""], 5) == Tombstone(7, datetime(2023, 2, 10, 15, 50, 1), 5)
