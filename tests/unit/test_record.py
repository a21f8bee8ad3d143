from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from crime_pipelines.errors import InputError
from crime_pipelines.output.record import FILE, RunRecord, recorded
from crime_pipelines.schema.row_counts import FileRows


def record(**changes: Any) -> RunRecord:
    values: dict[str, Any] = {
        "engine": "duckdb",
        "source": "caf\u00e9.csv",
        "files": [FileRows("caf\u00e9.csv", 2_000, "2026-01-02T03:04:05+00:00", 10, 10)],
        "read": 10,
        "incidents": 6,
        "superseded": 1,
        "rejected": {"bad_date": 2, "bad_id": 1},
        "warnings": {"ward": 4},
        "shift_years": 3,
        "as_of": datetime(2021, 11, 11, 23, 30),
        "data_quality": {"first_occurred_at": datetime(2015, 1, 1), "at_noon": 0},
        "seconds": {"read": 0.25},
        "versions": {"duckdb": "2.0.0"},
    }
    return RunRecord(**{**values, **changes})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    made = record()
    made.write(tmp_path)
    found = RunRecord.load(tmp_path)
    assert asdict(found) == {
        **asdict(made),
        "data_quality": {"first_occurred_at": "2015-01-01 00:00:00", "at_noon": 0},
    }
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    assert json.loads(text)["as_of"] == "2021-11-11 23:30:00"
    assert "caf\u00e9.csv" in text


def test_the_balance() -> None:
    assert record().rejects == 3
    assert record().imbalance() == 0
    assert record(read=11).imbalance() == 1
    assert record(superseded=3).imbalance() == -2


def test_what_has_no_json_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no JSON for set"):
        record(data_quality={"kinds": {1, 2}}).write(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"x"', "{}", '{"as_of": "2021-11-11"}', '{"as_of": "soon"}', '{"as_of": 5}'],
)
def test_a_file_that_is_none_of_ours(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"."):
        RunRecord.load(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [{"read": "10"}, {"incidents": None}, {"superseded": 1.5}, {"rejected": []},
    {"rejected": {"bad_id": "1"}},
     {"shift_years": True}, {"warnings": {"ward": None}}, {"unheard_of": 1}],
    ids=str,
)  # fmt: skip
def test_a_record_with_another_kind_of_value(damage: dict[str, Any], tmp_path: Path) -> None:
    record().write(tmp_path)
    found = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(json.dumps({**found, **damage}), encoding="utf-8")
    with pytest.raises(ValueError, match="not a record of a run"):
        RunRecord.load(tmp_path)


def test_no_record(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RunRecord.load(tmp_path)


def test_the_record_of_a_demo_is_told_apart(tmp_path: Path) -> None:
    record().write(tmp_path)
    path = tmp_path / FILE
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), "architecture": "1", "steps": []})
    )
    with pytest.raises(InputError, match="is a demo's output, whose incidents are in the demo's warehouse"):
        recorded(tmp_path)
