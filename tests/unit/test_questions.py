"""The catalogue of questions, and each of them rendered for each engine."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.questions import (
    ANALYSES,
    COVERED_PERIOD,
    DATA_QUALITY,
    EARLIEST_AS_OF,
    QUESTIONS,
    REPORT_QUESTIONS,
    Answer,
    Column,
    Question,
    period_of,
    question,
)
from crime_pipelines.questions.condensed import Condensing
from crime_pipelines.questions.registry import load
from crime_pipelines.questions.render import expression, order_of, render

ALL = [*QUESTIONS, *ANALYSES, DATA_QUALITY, COVERED_PERIOD]
AS_OF = datetime(2021, 11, 11, 23, 30)
WHOLE = CoveredPeriod(datetime(2016, 1, 1), datetime(2021, 2, 28, 12), 0)
each_question = pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.name)
each_dialect = pytest.mark.parametrize("dialect", ["bigquery", "duckdb", "spark"])


class TestCatalogue:
    def test_the_five_in_order(self) -> None:
        assert [each.name for each in QUESTIONS] == [
            "monthly_trend", "theft_locations", "crime_trend", "safest_areas", "arrest_rates",
        ]  # fmt: skip
        assert all(question(each.name) is each for each in QUESTIONS)

    def test_no_such_question(self) -> None:
        with pytest.raises(KeyError):
            question("data_quality")  # asked of every run, but none of the five

    def test_a_folder_and_its_question_have_one_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "named_otherwise").mkdir()
        (tmp_path / "named_otherwise" / "__init__.py").touch()
        (tmp_path / "named_otherwise" / "question.py").write_text(
            "from crime_pipelines.questions.monthly_trend.question import QUESTION\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(ValueError, match="must be the folder's, 'named_otherwise'"):
            load("named_otherwise")

    def test_what_is_counted_block_by_block_says_how(self) -> None:
        with pytest.raises(ValueError, match=r"questions/hexagons/question.py: there are no groups"):
            Condensing.of(next(each for each in REPORT_QUESTIONS if each.name == "hexagons"))

    @each_question
    def test_words_for_all_of_it(self, asked: Question) -> None:
        assert asked.wording.endswith("?")
        assert asked.title
        assert all(column.description.endswith(".") for column in asked.columns)
        assert all(caveat.endswith(".") for caveat in asked.caveats)

    def test_an_answer_as_csv(self, tmp_path: Path) -> None:
        columns = [
            ("day", "date"),
            ("at", "datetime"),
            ("n", "integer"),
            ("x", "decimal"),
            ("t", "text"),
            ("b", "boolean"),
        ]
        described = tuple(Column(name, type_, ".") for name, type_ in columns)  # type: ignore[arg-type]
        asked = Question("q", "Q", "Q?", described, "SELECT 1")
        rows = [
            (date(2020, 2, 29), datetime(2020, 2, 29, 4), 7, 0.1 + 0.2, 'A, "B"\nC', True),
            (None, None, None, None, None, None),
            (date(1, 1, 1), datetime(1, 1, 1), -7, 1e-300, "=1+1 \u00e9", False),
        ]
        answer = Answer(asked, rows)
        answer.write_csv(tmp_path / "q.csv")
        text = (tmp_path / "q.csv").read_bytes().decode()
        assert "\r" not in text
        with (tmp_path / "q.csv").open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == [
                ["day", "at", "n", "x", "t", "b"],
                ["2020-02-29", "2020-02-29 04:00:00", "7", "0.30000000000000004", 'A, "B"\nC', "true"],
                [""] * 6,
                ["0001-01-01", "0001-01-01 00:00:00", "-7", "1e-300", "=1+1 \u00e9", "false"],
            ]
        assert answer.records()[0] == dict(zip(["day", "at", "n", "x", "t", "b"], rows[0], strict=True))

    def test_a_row_of_another_width_is_no_answer(self) -> None:
        with pytest.raises(ValueError, match="zip"):
            Answer(QUESTIONS[0], [(date(2020, 1, 1), 7)]).records()


class TestRendering:
    @each_question
    @each_dialect
    def test_a_select_with_nothing_left_to_fill_in(self, asked: Question, dialect: str) -> None:
        statement = render(asked, dialect, AS_OF, 3)
        tree = sqlglot.parse_one(statement, dialect=dialect)
        assert isinstance(tree, exp.Select)
        assert not list(tree.find_all(exp.Parameter, exp.Placeholder))
        assert not re.search(r"@|is_late_night|is_theft", statement, re.IGNORECASE)
        # what it reads are the two tables and its own expressions
        own = {each.alias for each in tree.find_all(exp.CTE)}
        read = {each.name for each in tree.find_all(exp.Table)} - own
        assert "incidents" in read
        assert read <= {"incidents", "areas", ""}

    @pytest.mark.parametrize("dialect", ["bigquery", "duckdb"])  # for Spark, sqlglot takes it apart
    def test_the_trend_is_of_the_monthly_trend(self, dialect: str) -> None:
        trend = sqlglot.parse_one(
            render(question("crime_trend"), dialect, AS_OF, covered=WHOLE), dialect=dialect
        )
        (carried,) = (each.this for each in trend.find_all(exp.CTE) if each.alias == "monthly_trend")
        whole = sqlglot.parse_one(
            render(question("monthly_trend"), dialect, AS_OF, covered=WHOLE), dialect=dialect
        )
        assert carried.sql(dialect, comments=False) == whole.sql(dialect, comments=False)

    @each_question
    def test_spark_takes_local_civil_time_for_what_it_is(self, asked: Question) -> None:
        statement = render(asked, "spark", AS_OF, 3)
        assert not re.search(r"TIMESTAMP(?!_NTZ)\b", statement)  # an instant
        assert "DATETIME" not in statement  # no word of Spark's

    @each_question
    def test_bigquery_takes_numbers_of_days_and_months(self, asked: Question) -> None:
        statement = render(asked, "bigquery", AS_OF)
        assert not re.search(r"INTERVAL\s+'", statement)
        assert not re.search(r"DATE_SUB\([^,]*,\s*'", statement)

    @each_question
    def test_the_sql_gives_the_columns(self, asked: Question) -> None:
        if asked.is_sql_alone:
            named = sqlglot.parse_one(asked.sql, dialect="bigquery").named_selects
            assert named == [column.name for column in asked.columns]

    def test_rows_are_read_back_in_their_order(self) -> None:
        assert order_of(question("arrest_rates"), "bigquery") == "`rate_low` DESC, `primary_type`"
        assert order_of(question("crime_trend"), "bigquery") == ""
        finished = replace(question("crime_trend"), ordered_by=("months", "direction"))
        assert order_of(finished, "bigquery") == "`months`, `direction`"

    @each_question
    @each_dialect
    def test_tables_by_the_engines_names(self, asked: Question, dialect: str) -> None:
        names = {"incidents": "lake.crime.incidents", "areas": "lake.crime.areas"}
        tree = sqlglot.parse_one(render(asked, dialect, AS_OF, tables=names), dialect=dialect)
        renamed = [each for each in tree.find_all(exp.Table) if each.name in names]
        assert renamed
        assert all(
            (each.catalog, each.db) == ("lake", "crime") and each.alias == each.name for each in renamed
        )

    def test_what_is_no_select_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"monthly_trend/query.sql is not a SELECT"):
            render(replace(QUESTIONS[0], sql="DELETE FROM incidents"), "duckdb", AS_OF)

    def test_days_of_the_week_count_from_sunday_as_1(self, database: duckdb.DuckDBPyConnection) -> None:
        day = "EXTRACT(DAYOFWEEK FROM occurred_at)"
        sql = f"SELECT DISTINCT {day} AS day FROM incidents WHERE arrest ORDER BY 1"
        asked = replace(QUESTIONS[0], sql=sql)
        assert expression(day, "duckdb") == f"({day} + 1)"
        # 1 January 2016 was a Friday, 1 January 2020 a Wednesday
        assert database.execute(render(asked, "duckdb", AS_OF)).fetchall() == [(4,), (6,)]

    def test_no_row_counts_as_0(self, database: duckdb.DuckDBPyConnection) -> None:
        asked = replace(QUESTIONS[0], sql="SELECT COUNTIF(arrest) AS arrests FROM incidents WHERE FALSE")
        assert database.execute(render(asked, "duckdb", AS_OF)).fetchall() == [(0,)]

    def test_a_question_builds_on_others_to_any_depth(self, database: duckdb.DuckDBPyConnection) -> None:
        asked = replace(QUESTIONS[0], sql="SELECT COUNT(*) AS months FROM crime_trend")
        rows = database.execute(render(asked, "duckdb", datetime(2021, 2, 28, 12))).fetchall()
        assert rows == [(12,)]  # of 2019, which the covered period holds whole


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A few incidents, chosen so that each question has something to tell apart."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE incidents (occurred_at TIMESTAMP, primary_type VARCHAR, fbi_code VARCHAR, "
            "location_description VARCHAR, arrest BOOLEAN, community_area BIGINT, shift_years BIGINT)"
        )
        connection.execute("ALTER TABLE incidents ADD COLUMN updated_on TIMESTAMP")
        rows = [
            (datetime(2016, 1, 1), "NARCOTICS", "18", "STREET", True, 1, 3),
            (datetime(2019, 12, 31, 23, 59, 59), "NARCOTICS", "18", "STREET", False, 1, 3),
            (datetime(2020, 1, 1), "NARCOTICS", "18", None, True, None, 3),
            (datetime(2018, 12, 31, 23, 59, 59), "THEFT", "06", "ALLEY", False, 2, 3),
            (datetime(2019, 1, 1), "THEFT", "06", "ALLEY", False, 2, 3),
            (datetime(2019, 1, 1, 4), None, "06", "alley", False, 2, 3),
            (datetime(2021, 2, 28, 12), "MOTOR VEHICLE THEFT", "07", "STREET", False, 77, 0),
            (datetime(2021, 2, 28, 12), None, None, "STREET", False, 77, 3),
        ]
        connection.executemany("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", rows)
        connection.execute("CREATE TABLE areas (area BIGINT, name VARCHAR, residents BIGINT)")
        connection.executemany("INSERT INTO areas VALUES (?, ?, ?)", [tuple(area) for area in AREAS])
        yield connection


@pytest.mark.parametrize("asked", REPORT_QUESTIONS, ids=lambda asked: asked.name)
def test_duckdb_keeps_no_table_of_all_incidents(asked: Question) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE incidents (occurred_at TIMESTAMP, primary_type VARCHAR, arrest BOOLEAN, "
            "community_area BIGINT, district VARCHAR, beat VARCHAR, longitude DOUBLE, latitude DOUBLE)"
        )
        connection.execute("INSERT INTO incidents VALUES (NULL, NULL, NULL, NULL, NULL, NULL, 1, 1)")
        ((_, plan),) = connection.execute(
            f"EXPLAIN (FORMAT json) {render(asked, 'duckdb', AS_OF, 3, covered=WHOLE)}"
        ).fetchall()
    nodes = list(_nodes(json.loads(plan)))
    assert any("incidents" in str(node["extra_info"].get("Table")) for node in nodes)
    for node in nodes:
        if node["name"] == "CTE":
            # what is kept is its first child: at most a row that is aggregated from all incidents
            kept = node["children"][0]
            while kept["name"] == "PROJECTION":
                (kept,) = kept["children"]
            assert kept["name"] == "UNGROUPED_AGGREGATE"


def _nodes(plan: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in plan:
        yield node
        yield from _nodes(node["children"])


class TestAnswers:
    def ask(
        self, database: duckdb.DuckDBPyConnection, name: str, as_of: datetime
    ) -> list[tuple[object, ...]]:
        asked = question(name)
        return asked.finish(database.execute(render(asked, "duckdb", as_of, 3, covered=WHOLE)).fetchall())

    def test_months(self, database: duckdb.DuckDBPyConnection) -> None:
        rows = self.ask(database, "monthly_trend", datetime(2021, 2, 28, 12))
        assert len(rows) == 60
        assert (rows[0][0], rows[-1]) == (date(2016, 3, 1), (date(2021, 2, 1), 2, True))
        assert {month: number for month, number, _ in rows if number} == {
            date(2018, 12, 1): 1, date(2019, 1, 1): 2, date(2019, 12, 1): 1, date(2020, 1, 1): 1, date(2021,
            2, 1): 2,
        }  # fmt: skip
        assert all(complete for *_, complete in rows)
        assert [each[2] for each in self.ask(database, "monthly_trend", datetime(2021, 2, 27, 23, 59))][
            -2:
        ] == [True, False]
        # the last day of February 2020 is the 29th
        assert self.ask(database, "monthly_trend", datetime(2020, 2, 28, 23))[-1] == (
            date(2020, 2, 1),
            0,
            False,
        )
        assert self.ask(database, "monthly_trend", datetime(2020, 2, 29))[-1] == (date(2020, 2, 1), 0, True)

    def test_months_from_the_first_there_is(self, database: duckdb.DuckDBPyConnection) -> None:
        rows = self.ask(database, "monthly_trend", EARLIEST_AS_OF)
        assert len(rows) == 60
        assert rows[0][0] == date(1, 1, 1)

    def test_thefts(self, database: duckdb.DuckDBPyConnection) -> None:
        assert self.ask(database, "theft_locations", datetime(2020, 6, 1)) == [
            (2018, 1, "ALLEY", 1),
            (2019, 1, "ALLEY", 1),  # a tie goes by code point: upper case first
            (2019, 2, "alley", 1),  # no type, but the code of a theft
        ]
        assert self.ask(database, "theft_locations", datetime(2021, 6, 1))[0][0] == 2019

    def test_the_series_of_the_trend(self, database: duckdb.DuckDBPyConnection) -> None:
        ((_, *numbers, first, last, months, recent, _, _),) = self.ask(
            database, "crime_trend", datetime(2021, 2, 28, 12)
        )
        assert (first, last, months) == (date(2016, 3, 1), date(2021, 2, 1), 60)
        assert None not in (*numbers, recent)
        # asked as of later, months that the data do not reach are no zeros
        assert self.ask(database, "crime_trend", datetime(2022, 6, 30))[0][6] == date(2021, 2, 1)

    def test_areas(self, database: duckdb.DuckDBPyConnection) -> None:
        rows = self.ask(database, "safest_areas", AS_OF)
        assert [row[0] for row in rows] == list(range(1, 78))
        late = {row[1]: row[3] for row in rows if row[3]}
        assert late == {1: 2, 2: 2}  # 04:00 is not late, midnight and 23:59:59 are
        assert {row[1]: row[4] for row in rows if row[4]} == {1: 2, 2: 3, 77: 2}
        assert [row[1] for row in rows[-2:]] == [2, 1]  # as many, but of fewer residents
        days = (date(2021, 2, 28) - date(2016, 1, 1)).days + 1
        assert rows[-1][6] == pytest.approx(2 * 1000 / 55_628 / (days / 365.25), rel=1e-12)

    def test_areas_without_residents_go_by_the_count(self, database: duckdb.DuckDBPyConnection) -> None:
        places = {"areas": "districts"}
        database.execute(
            "CREATE OR REPLACE TABLE districts AS SELECT * FROM (VALUES (1::BIGINT, 'One', 10::BIGINT), "
            "(2, 'Two', NULL), (77, 'Three', 5), (5, 'Four', NULL)) AS d (area, name, residents)"
        )
        asked = question("safest_areas")
        rows = asked.finish(
            database.execute(render(asked, "duckdb", AS_OF, 3, places, covered=WHOLE)).fetchall()
        )
        assert [(row[0], row[1], row[3]) for row in rows] == [(1, 5, 0), (2, 77, 0), (3, 1, 2), (4, 2, 2)]
        assert [row[6] is None for row in rows] == [True, False, False, True]

    def test_arrests(self, database: duckdb.DuckDBPyConnection) -> None:
        rows = self.ask(database, "arrest_rates", AS_OF)
        # 2016-2019 and no later; where the intervals begin alike, by type, the missing one first
        assert [row[:4] for row in rows] == [
            ("NARCOTICS", 2, 1, 0.5),
            (None, 1, 0, 0.0),
            ("THEFT", 2, 0, 0.0),
        ]
        assert rows[0][4:] == pytest.approx((0.0945, 0.9055), abs=5e-5)
        assert rows[1][4] == 0.0

    def test_quality(self, database: duckdb.DuckDBPyConnection) -> None:
        (row,) = database.execute(
            render(DATA_QUALITY, "duckdb", datetime(2020, 12, 31), 3, covered=WHOLE)
        ).fetchall()
        found = dict(zip([column.name for column in DATA_QUALITY.columns], row, strict=True))
        assert found == {
            "incidents": 8, "first_occurred_at": datetime(2016, 1, 1), "last_occurred_at": datetime(2021, 2,
            28, 12), "outlying_dates": 0, "after_as_of": 2, "at_midnight": 3, "at_noon": 2, "late_night": 5,
            "without_area": 1, "without_location": 1, "without_type": 2, "shifted_otherwise": 1,
        }  # fmt: skip

    @each_question
    def test_a_statement_finds_the_period_that_it_is_not_given(
        self, asked: Question, database: duckdb.DuckDBPyConnection
    ) -> None:
        for column in ("longitude", "latitude"):
            database.execute(f"ALTER TABLE incidents ADD COLUMN IF NOT EXISTS {column} DOUBLE DEFAULT 41.5")
        found = period_of(database.execute(render(COVERED_PERIOD, "duckdb", None)).fetchall())
        assert found is not None
        period, _ = found
        assert period == CoveredPeriod(datetime(2018, 12, 31, 23, 59, 59), datetime(2020, 1, 1), 3)
        given = database.execute(render(asked, "duckdb", period.last, 3, covered=period)).fetchall()
        assert database.execute(render(asked, "duckdb", None, 3)).fetchall() == given

    def test_data_of_which_none_is_outlying_are_not_asked_for_it(self) -> None:
        outlying = replace(WHOLE, outlying=1)
        for asked in QUESTIONS[:2]:
            assert "updated_on" not in render(asked, "duckdb", AS_OF, covered=WHOLE)
            assert "updated_on" in render(asked, "duckdb", AS_OF, covered=outlying)
