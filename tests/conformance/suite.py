"""What every engine must do. An engine passes by naming itself:

class TestDuckDB(EngineConformance):
    engine = "duckdb"
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest

from crime_pipelines.checking import check_output
from crime_pipelines.domain.schema import COLUMNS
from crime_pipelines.errors import InputError
from crime_pipelines.generate import HEADER, generate
from crime_pipelines.run import run
from tests.conformance.inputs import INPUTS, row, write
from tests.conformance.oracle import Expected, comparable, expect
from tests.real import REAL, needs_real_data

_FLOAT_TOLERANCE = 1e-9


class EngineConformance:
    """The suite; a subclass names its engine."""

    engine: ClassVar[str]
    options: ClassVar[dict[str, str]] = {}

    def run(self, source: object, out: Path, **options: Any) -> dict[str, Any]:
        """Run the engine over a SOURCE and return `run.json`."""
        run(str(source), out, engine=self.engine, engine_options=self.options, **options)
        return loaded(out)

    @pytest.mark.parametrize("make", INPUTS.values(), ids=INPUTS.keys())
    def test_gives_what_the_rules_say(self, make: Callable[[Path], None], tmp_path: Path) -> None:
        source, out = tmp_path / "in", tmp_path / "out"
        source.mkdir()
        make(source)
        record = self.run(source, out)
        files = sorted(
            path
            for path in source.rglob("*")
            if path.name.endswith((".csv", ".csv.gz")) and not path.name.startswith("_")
        )
        assert_output(out, record, expect(files))

    @pytest.mark.parametrize("shift_years", [0, -3, 1])
    def test_shifts_as_asked(self, shift_years: int, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        INPUTS["moments"](tmp_path / "in")
        record = self.run(tmp_path / "in", tmp_path / "out", shift_years=shift_years)
        assert record["shift_years"] == shift_years
        assert_output(tmp_path / "out", record, expect(sorted((tmp_path / "in").iterdir()), shift_years))

    @pytest.mark.parametrize("as_of", [date(2020, 2, 28), date(2020, 2, 29), date(2031, 1, 1)])
    def test_answers_as_of_a_day(self, as_of: date, tmp_path: Path) -> None:
        source = tmp_path / "in.csv"
        generate(source, 3_000, seed=5, years=9)
        record = self.run(source, tmp_path / "out", as_of=as_of)
        moment = datetime(as_of.year, as_of.month, as_of.day, 23, 59, 59)
        assert_output(tmp_path / "out", record, expect([source]), moment)

    def test_row_order_splits_and_repeats_change_no_answer(self, tmp_path: Path) -> None:
        whole = tmp_path / "whole.csv"
        generate(whole, 1_500, seed=6, years=8, defects=0.1)
        # cut where rows end, not where lines do
        made = expect([whole])
        rows = [row_of(incident) for incident in made.incidents.values()]
        self.run(write(tmp_path / "plain.csv", rows), tmp_path / "first")
        shuffled = rows + rows[::3]
        random.Random(1).shuffle(shuffled)
        folder = tmp_path / "parts"
        for part in range(4):
            write(folder / f"{part}.csv{'.gz' if part % 2 else ''}", shuffled[part::4])
        record = self.run(folder, tmp_path / "second")
        assert record["superseded"] == len(rows[::3])
        assert answers_of(tmp_path / "first") == answers_of(tmp_path / "second")
        assert incidents_of(tmp_path / "first") == incidents_of(tmp_path / "second")

    def test_the_output_is_sound(self, tmp_path: Path) -> None:
        generate(tmp_path / "in.csv.gz", 2_000, seed=7, defects=0.2)
        self.run(tmp_path / "in.csv.gz", tmp_path / "out")
        assert [(each.check, each.problem) for each in check_output(tmp_path / "out") if each.problem] == []

    def test_running_again_changes_nothing(self, tmp_path: Path) -> None:
        generate(tmp_path / "in.csv", 1_000, seed=8, defects=0.2)
        self.run(tmp_path / "in.csv", tmp_path / "out")
        before = (incidents_of(tmp_path / "out"), answers_of(tmp_path / "out"), rejects_of(tmp_path / "out"))
        self.run(tmp_path / "in.csv", tmp_path / "out")
        after = (incidents_of(tmp_path / "out"), answers_of(tmp_path / "out"), rejects_of(tmp_path / "out"))
        assert before == after

    @pytest.mark.parametrize(
        "fault",
        [
            "missing",
            "empty",
            "no headings",
            "random bytes",
            "truncated gzip",
            "headings alone",
            "all rejected",
            "of year 1",
        ],
    )
    def test_refuses_in_one_line(self, fault: str, tmp_path: Path) -> None:
        path = tmp_path / "in.csv"
        if fault == "empty":
            path.write_bytes(b"")
        elif fault == "no headings":
            path.write_text(row(1) + "\n")
        elif fault == "random bytes":
            path.write_bytes(random.Random(2).randbytes(100_000))
        elif fault == "truncated gzip":
            whole = gzip.compress("\n".join([HEADER, *(row(each) for each in range(1, 5000))]).encode())
            path = tmp_path / "in.csv.gz"
            path.write_bytes(whole[: len(whole) // 2])
        elif fault == "headings alone":
            path.write_text(HEADER + "\n")
        elif fault == "all rejected":
            path.write_text("\n".join([HEADER, row("x"), row(2, Date="")]) + "\n")
        elif fault == "of year 1":  # 60 months before it there is no calendar
            path.write_text("\n".join([HEADER, row(1, Date="11/30/0002 11:59:59 PM")]) + "\n")
        with pytest.raises(InputError) as caught:
            self.run(path, tmp_path / "out")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert [each.name for each in tmp_path.iterdir()] == ([] if fault == "missing" else [path.name])

    def test_the_earliest_moment_that_has_60_months(self, tmp_path: Path) -> None:
        source = write(
            tmp_path / "in.csv", [row(1, Date="12/01/0002 12:00:00 AM"), row(2, Date="2/29/0004 1:00:00 AM")]
        )
        record = self.run(source, tmp_path / "out", as_of=date(5, 12, 1))
        assert_output(tmp_path / "out", record, expect([source]), datetime(5, 12, 1, 23, 59, 59))

    @needs_real_data
    @pytest.mark.parametrize(
        "name",
        ["crimes_2012_2018_fifth.csv.gz", "crimes_api_layout_2024.csv", "crimes_spreadsheet_damaged.csv"],
    )
    def test_real_files(self, name: str, tmp_path: Path) -> None:
        record = self.run(REAL / "chicago" / name, tmp_path / "out")
        assert_output(tmp_path / "out", record, _expect_once(REAL / "chicago" / name))


@cache
def _expect_once(path: Path) -> Expected:
    """What a large file must give, computed once for all engines: row by row takes most of a minute."""
    return expect([path])


def loaded(out: Path) -> dict[str, Any]:
    """What a run says of itself."""
    record: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return record


def row_of(incident: Any) -> str:
    """A row that reads as this incident, unshifted."""
    date_text = incident.occurred_at.replace(
        year=incident.occurred_at.year - 3, day=min(incident.occurred_at.day, 28)
    )
    return row(
        incident.id,
        Date=f"{date_text:%m/%d/%Y %I:%M:%S %p}",
        Primary_Type=incident.primary_type or "",
        Location_Description=incident.location_description or "",
        Arrest=str(incident.arrest),
        Community_Area=str(incident.community_area or ""),
    )


def incidents_of(out: Path) -> dict[int, tuple[Any, ...]]:
    """The incidents that a run wrote, by id."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?, hive_partitioning = true, "
            f"hive_types = {{'year': 'BIGINT'}})",
            [str(out / "incidents" / "*" / "*.parquet")],
        ).fetchall()
    by_id = {each[0]: each for each in found}
    assert len(by_id) == len(found), "an incident stands more than once"
    return by_id


def rejects_of(out: Path) -> Counter[tuple[str, str, tuple[str, ...] | str]]:
    """The rejects that a run wrote."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT reason, source_file, raw_row FROM read_parquet(?)",
            [str(out / "rejects" / "*.parquet")],
        ).fetchall()
    return Counter((reason, source, comparable(reason, raw)) for reason, source, raw in found)


def answers_of(out: Path) -> dict[str, list[list[str]]]:
    """The answers that a run wrote, as text."""
    found: dict[str, list[list[str]]] = {}
    for path in sorted((out / "answers").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.reader(file))[1:]
    return found


def assert_output(
    out: Path, record: dict[str, Any], expected: Expected, as_of: datetime | None = None
) -> None:
    """Hold a run's output against what the rules say."""
    assert rejects_of(out) == expected.rejects
    assert incidents_of(out) == expected.incidents
    assert record["rejected"] == expected.rejected
    assert record["warnings"] == dict(expected.warnings)
    assert record["superseded"] == expected.superseded
    assert record["read"] == expected.read
    assert record["read"] == record["incidents"] + record["superseded"] + sum(record["rejected"].values())
    found = answers_of(out)
    wanted = expected.answers(as_of)
    assert set(found) == set(wanted)
    for name, rows in wanted.items():
        assert len(found[name]) == len(rows), name
        for got, row_wanted in zip(found[name], rows, strict=True):
            assert all(map(same, got, row_wanted)), f"{name}: {got} is not {row_wanted}"


def same(text: str, value: object) -> bool:
    """Whether a text of an answer says a value; floats to 1e-9 relative."""
    if isinstance(value, float):
        return text != "" and math.isclose(float(text), value, rel_tol=_FLOAT_TOLERANCE, abs_tol=1e-300)
    if isinstance(value, bool):
        return text == str(value).lower()
    return text == ("" if value is None else str(value))
