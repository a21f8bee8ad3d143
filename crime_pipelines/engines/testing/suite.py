"""The suite of whole runs that every engine must pass."""

from __future__ import annotations

import csv
import json
import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest

from crime_pipelines import run
from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.engines.base import ask
from crime_pipelines.engines.duckdb.engine import DuckDBEngine
from crime_pipelines.engines.testing.deletions import DELETIONS
from crime_pipelines.engines.testing.faults import FAULTS, SAID
from crime_pipelines.engines.testing.inputs import INPUTS, row, write
from crime_pipelines.engines.testing.lost_rows import LOST_ROWS
from crime_pipelines.engines.testing.oracle import Expected, comparable, expect
from crime_pipelines.engines.testing.quality import REFUSED, SAME, WARNED, base
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output.checks import check_output
from crime_pipelines.output.record import recorded
from crime_pipelines.questions import QUESTIONS
from crime_pipelines.synthetic import generate

_FLOAT_TOLERANCE = 1e-9
ALL_INPUTS = {**INPUTS, **DELETIONS, **LOST_ROWS}


class EngineConformance:
    """The suite; a subclass names its engine."""

    engine: ClassVar[str]
    options: ClassVar[dict[str, str]] = {}

    def run(self, source: object, out: Path, **options: Any) -> dict[str, Any]:
        """Run the engine over a SOURCE, without the analyses unless told so, and return `run.json`."""
        options = {"max_rejected": 1, "analyses": False, **options}
        run(str(source), out, engine=self.engine, engine_options=self.options, **options)
        return loaded(out)

    @pytest.mark.parametrize("make", ALL_INPUTS.values(), ids=ALL_INPUTS.keys())
    def test_gives_what_the_rules_say(self, make: Callable[[Path], None], tmp_path: Path) -> None:
        source, out = tmp_path / "in", tmp_path / "out"
        source.mkdir()
        make(source)
        record = self.run(source, out)
        files = sorted(
            path
            for path in source.rglob("*")
            if path.name.endswith((".csv", ".csv.gz")) and not path.name.startswith("_") and path.is_file()
        )
        expected = expect(files)
        assert_output(out, record, expected)
        assert {file["name"]: (file["rows_counted"], file["rows_read"]) for file in record["files"]} == {
            str(path): (rows, rows) for path, rows in expected.rows.items()
        }

    @pytest.mark.parametrize("case", SAME)
    def test_gives_the_same_answers(self, case: str, tmp_path: Path) -> None:
        expected = expect([base(tmp_path / "base.csv")])
        record = self.run(SAME[case](tmp_path / "in.csv"), tmp_path / "out", max_rejected=0)
        assert record["as_of"] == expected.period.last.isoformat(sep=" ")
        assert_answers(tmp_path / "out", expected)

    @pytest.mark.parametrize("case", REFUSED)
    def test_refuses_what_would_be_answered_wrongly(self, case: str, tmp_path: Path) -> None:
        make, exit_code, said = REFUSED[case]
        source = make(tmp_path / "in.csv")
        with pytest.raises(PipelineError) as caught:
            self.run(source, tmp_path / "out", max_rejected=0.05)
        assert caught.value.exit_code == exit_code
        assert [each for each in (str(source), *said) if each not in str(caught.value)] == []
        assert "\n" not in str(caught.value)
        assert sorted(tmp_path.iterdir()) == [source]

    @pytest.mark.parametrize("case", WARNED)
    def test_warns(self, case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        make, about, said = WARNED[case]
        record = self.run(make(tmp_path / "in.csv"), tmp_path / "out")
        texts = {each["about"]: each["text"] for each in record["input_warnings"]}
        assert about in texts
        assert [each for each in said if each not in texts[about]] == []
        assert texts[about] in [each.getMessage() for each in caplog.records]
        assert "\n" not in texts[about]

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
        self.run(tmp_path / "in.csv.gz", tmp_path / "out", analyses=True)
        assert [(each.check, each.problem) for each in check_output(tmp_path / "out") if each.problem] == []

    @pytest.mark.parametrize(
        "name",
        ["[o]ut*?/{x,y}", "year=1999/run_date=2024-05-01/id=7/reason=none/Year=x"],
        ids=["wildcards", "columns"],
    )
    def test_names_of_folders_mean_nothing(self, name: str, tmp_path: Path) -> None:
        source = tmp_path / "in.csv"
        generate(source, 1_000, seed=9, years=9, defects=0.3)
        # what they would match if they were patterns
        for decoy in ("o", "out", "[o]ut"):
            (tmp_path / decoy / "{x,y}" / "incidents" / "year=2016").mkdir(parents=True)
        record = self.run(source, tmp_path / name / "out")
        assert record["superseded"]
        assert [each.problem for each in check_output(tmp_path / name / "out") if each.problem] == []
        moved = (tmp_path / name / "out").rename(tmp_path / "moved")
        assert_output(moved, record, expect([source]))

    def test_running_again_changes_nothing(self, tmp_path: Path) -> None:
        generate(tmp_path / "in.csv", 1_000, seed=8, defects=0.2)
        self.run(tmp_path / "in.csv", tmp_path / "out")
        before = (incidents_of(tmp_path / "out"), answers_of(tmp_path / "out"), rejects_of(tmp_path / "out"))
        self.run(tmp_path / "in.csv", tmp_path / "out")
        after = (incidents_of(tmp_path / "out"), answers_of(tmp_path / "out"), rejects_of(tmp_path / "out"))
        assert before == after

    @pytest.mark.parametrize("fault", FAULTS)
    def test_refuses_in_one_line(self, fault: str, tmp_path: Path) -> None:
        source = FAULTS[fault](tmp_path)
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(InputError) as caught:
            self.run(source, tmp_path / "out")
        assert str(source) in str(caught.value)
        assert SAID.get(fault, "") in str(caught.value)
        assert "\n" not in str(caught.value)
        assert sorted(tmp_path.rglob("*")) == before

    def test_the_earliest_moment_that_has_60_months(self, tmp_path: Path) -> None:
        source = write(
            tmp_path / "in.csv", [row(1, Date="12/01/0002 12:00:00 AM"), row(2, Date="2/29/0004 1:00:00 AM")]
        )
        record = self.run(source, tmp_path / "out", as_of=date(5, 12, 1))
        assert_output(tmp_path / "out", record, expect([source]), datetime(5, 12, 1, 23, 59, 59))


def loaded(out: Path) -> dict[str, Any]:
    """Read the record of a run."""
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


def raw_rejects_of(out: Path) -> list[tuple[str, str, str]]:
    """The rejects that a run wrote, as they are."""
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT reason, source_file, raw_row FROM read_parquet(?)",
            [str(out / "rejects" / "*.parquet")],
        ).fetchall()


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
    assert record["deleted"] == len(expected.tombstones)
    assert record["read"] == expected.read
    assert record["read"] == record["incidents"] + record["superseded"] + sum(record["rejected"].values())
    period = expected.period
    assert record["covered_period"] == {
        "first": period.first.isoformat(sep=" "),
        "last": period.last.isoformat(sep=" "),
        "outlying": period.outlying,
    }
    assert record["data_quality"]["outlying_dates"] == period.outlying
    assert_answers(out, expected, as_of)


def assert_answers(out: Path, expected: Expected, as_of: datetime | None = None) -> None:
    """Hold a run's answers against what the rules say."""
    found = answers_of(out)
    wanted = expected.answers(as_of)
    assert set(found) == {question.name for question in QUESTIONS}
    assert set(wanted) <= set(found)
    wanted |= _answers_beside(out, set(wanted))
    for name, rows in wanted.items():
        assert len(found[name]) == len(rows), name
        for got, row_wanted in zip(found[name], rows, strict=True):
            assert all(map(same, got, row_wanted)), f"{name}: {got} is not {row_wanted}"


def _answers_beside(out: Path, recounted: set[str]) -> dict[str, list[Any]]:
    """The answers that are not recounted in Python: by the embedded engine, from the incidents written."""
    others = [question for question in QUESTIONS if question.name not in recounted]
    if not others:
        return {}
    record = recorded(out)
    with DuckDBEngine() as engine:
        engine.attach(out, record.known_areas)
        answers = ask(engine, others, record.as_of, record.shift_years, record.covered_period)
    return {name: answer.rows for name, answer in answers.items()}


def same(text: str, value: object) -> bool:
    """Tell whether a text of an answer says a value; floats to 1e-9 relative."""
    if isinstance(value, float):
        return text != "" and math.isclose(float(text), value, rel_tol=_FLOAT_TOLERANCE, abs_tol=1e-300)
    if isinstance(value, bool):
        return text == str(value).lower()
    return text == ("" if value is None else str(value))
