"""Mistakes that others made with this data, each held against numbers worked out by hand.

A date shift that loses the hours and makes every incident one of the night, a night that ends at 04:59, leap
days missed by years of 365 days, a "safest" area that is merely the rarest, one arrest of one that leads the
list, and answers that change with the day they are asked on.
"""

from __future__ import annotations

import ast
import re
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlglot
import time_machine
from sqlglot import exp

import crime_pipelines
from crime_pipelines.domain.dialect import DUCKDB
from crime_pipelines.domain.fields import FIELDS
from crime_pipelines.domain.night import is_late_night_sql, operational_night_sql
from crime_pipelines.domain.offences import is_theft_sql, offence_class_sql
from crime_pipelines.domain.reading import read_incidents_sql
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.engines.testing.suite import answers_of, incidents_of, loaded
from crime_pipelines.pipeline import run
from crime_pipelines.questions import DATA_QUALITY, QUESTIONS
from crime_pipelines.questions.render import render
from crime_pipelines.synthetic import generate


def occurred(out: Path) -> dict[int, datetime]:
    return {key: found[2] for key, found in incidents_of(out).items()}


def night_of(out: Path) -> dict[int, int]:
    """Late-night incidents by area."""
    return {int(area): int(late) for _, area, _, late, *_ in answers_of(out)["safest_areas"]}


def test_a_date_shift_keeps_the_hours(tmp_path: Path) -> None:
    """`date_add` on a timestamp gives a date: midnight, and so every incident was one of the night."""
    hours = [f"{hour % 12 or 12:02d}:{7 * hour % 60:02d}:{11 * hour % 60:02d} {half}"
             for hour, half in ((each, "AM" if each < 12 else "PM") for each in range(24))]  # fmt: skip
    rows = [row(1 + at, Date=f"06/15/2016 {text}", Community_Area="25") for at, text in enumerate(hours)]
    run(str(write(tmp_path / "in.csv", rows)), tmp_path / "out", max_rejected=1)
    found = occurred(tmp_path / "out")
    assert [found[1 + hour] for hour in range(24)] == [
        datetime(2019, 6, 15, hour, 7 * hour % 60, 11 * hour % 60) for hour in range(24)
    ]
    assert night_of(tmp_path / "out")[25] == 6  # 22, 23, 0, 1, 2 and 3 o'clock, and not 24
    quality = loaded(tmp_path / "out")["data_quality"]
    assert (quality["late_night"], quality["at_midnight"], quality["at_noon"]) == (6, 1, 0)


def test_the_night_ends_at_four(tmp_path: Path) -> None:
    """`hour BETWEEN 22 AND 4`, `hour <= 4`: empty, or an hour too long."""
    times = {"09:59:59 PM": False, "10:00:00 PM": True, "11:59:59 PM": True,
             "12:00:00 AM": True, "03:59:59 AM": True, "04:00:00 AM": False,
             "04:59:59 AM": False, "12:00:00 PM": False}  # fmt: skip
    rows = [
        row(1 + at, Date=f"06/15/2016 {text}", Community_Area=str(1 + at)) for at, text in enumerate(times)
    ]
    run(str(write(tmp_path / "in.csv", rows)), tmp_path / "out", max_rejected=1)
    late = night_of(tmp_path / "out")
    assert [bool(late[1 + at]) for at in range(len(times))] == list(times.values())
    assert sum(late.values()) == 4


@pytest.mark.parametrize(
    ("years", "wanted"),
    [
        (3, [date(2015, 2, 28), date(2019, 2, 28), date(2019, 2, 28), date(2019, 3, 1)]),
        (4, [date(2016, 2, 29), date(2020, 2, 29), date(2020, 2, 28), date(2020, 3, 1)]),
        (-116, [date(1896, 2, 29), date(1900, 2, 28), date(1900, 2, 28), date(1900, 3, 1)]),
    ],
)
def test_leap_days(years: int, wanted: list[date], tmp_path: Path) -> None:
    texts = ["02/29/2012 11:59:59 PM", "02/29/2016 11:59:59 PM", "02/28/2016 11:59:59 PM",
             "03/01/2016 11:59:59 PM"]  # fmt: skip
    rows = [row(1 + at, Date=text) for at, text in enumerate(texts)]
    run(str(write(tmp_path / "in.csv", rows)), tmp_path / "out", shift_years=years, max_rejected=1)
    found = occurred(tmp_path / "out")
    assert [found[1 + at] for at in range(len(texts))] == [
        datetime(each.year, each.month, each.day, 23, 59, 59) for each in wanted
    ]


def test_three_years_are_not_3_times_365_days(tmp_path: Path) -> None:
    """1,095 days lose a day over each leap day: New Year's thefts fell into the year before."""
    rows = [
        row(1, Date="01/01/2014 12:30:00 AM"),  # by days: 2016-12-31
        row(2, Date="12/31/2013 11:30:00 PM"),  # by days: 2016-12-30
        row(3, Date="01/01/2016 12:00:00 AM"),  # by days: 2018-12-31
        row(4, Date="12/31/2015 11:59:59 PM"),
        row(5, Date="01/01/2015 12:00:00 PM", Primary_Type="BATTERY"),
    ]
    run(str(write(tmp_path / "in.csv", rows)), tmp_path / "out", max_rejected=1)
    assert occurred(tmp_path / "out") == {
        1: datetime(2017, 1, 1, 0, 30),
        2: datetime(2016, 12, 31, 23, 30),
        3: datetime(2019, 1, 1),
        4: datetime(2018, 12, 31, 23, 59, 59),
        5: datetime(2018, 1, 1, 12),
    }
    answers = answers_of(tmp_path / "out")
    assert [(year, thefts) for year, _, _, thefts in answers["theft_locations"]] == [
        ("2017", "1"), ("2018", "1"), ("2019", "1")
    ]  # fmt: skip
    counted = {month: int(number) for month, number, _ in answers["monthly_trend"] if number != "0"}
    assert counted == {"2016-12-01": 1, "2017-01-01": 1, "2018-01-01": 1, "2018-12-01": 1, "2019-01-01": 1}


def test_safest_is_not_what_was_counted_once(tmp_path: Path) -> None:
    """`GROUP BY area ORDER BY COUNT(*) LIMIT 10` shows no area without incidents and is blind to size."""
    night = "06/15/2016 11:00:00 PM"
    rows = [
        row(1, Date=night, Community_Area="37"),  # Fuller Park, 2,567 residents
        *(row(10 + at, Date=night, Community_Area="25") for at in range(10)),  # Austin, 96,557
        row(99, Date=night, Community_Area=""),
        row(98, Date=night, Community_Area="0"),
    ]
    run(str(write(tmp_path / "in.csv", rows)), tmp_path / "out", max_rejected=1)
    ranked = answers_of(tmp_path / "out")["safest_areas"]
    assert len(ranked) == 77
    assert [int(area) for _, area, *_ in ranked] == [
        *(area for area in range(1, 78) if area not in (25, 37)), 25, 37
    ]  # fmt: skip
    (fuller_park,) = [found for found in ranked if found[1] == "37"]
    assert float(fuller_park[6]) == pytest.approx(1000 * 365.25 / 2567, rel=1e-12)  # one day of data


def test_one_arrest_of_one_does_not_lead(tmp_path: Path) -> None:
    rows = [row(1, Primary_Type="RITUALISM", Arrest="true")]
    rows += [row(100 + at, Primary_Type="NARCOTICS", Arrest=str(at < 90)) for at in range(100)]
    rows += [
        row(900, Primary_Type="NARCOTICS", Arrest="true", Date="12/31/2012 11:59:59 PM")
    ]  # 2015: outside
    rows += [
        row(901, Primary_Type="NARCOTICS", Arrest="true", Date="01/01/2017 12:00:00 AM")
    ]  # 2020: outside
    run(str(write(tmp_path / "in.csv", rows)), tmp_path / "out", max_rejected=1)
    first, second = answers_of(tmp_path / "out")["arrest_rates"]
    assert first[:4] == ["NARCOTICS", "100", "90", "0.9"]
    assert second[:4] == ["RITUALISM", "1", "1", "1.0"]
    # Wilson (1927) for 90 of 100, z = 1.96: 0.8256 to 0.9448
    assert (float(first[4]), float(first[5])) == pytest.approx((0.825633, 0.944773), abs=5e-6)


class TestToday:
    """An answer is as of the data's moment, whatever today is."""

    def test_the_answers_are_the_same_on_any_day(self, tmp_path: Path) -> None:
        generate(tmp_path / "in.csv", 600, seed=9, years=9, defects=0.1)
        found = []
        for number, today in enumerate((datetime(1999, 12, 31, 23), datetime(2077, 7, 1))):
            out = tmp_path / f"out{number}"
            with time_machine.travel(today, tick=True):
                assert datetime.now().year == today.year  # noqa: DTZ005  # the clock is indeed another
                run(str(tmp_path / "in.csv"), out, max_rejected=1)
            record = loaded(out)
            found.append((answers_of(out), incidents_of(out), record["as_of"], record["data_quality"]))
        assert found[0] == found[1]

    @pytest.mark.parametrize("dialect", ["bigquery", "duckdb", "spark"])
    @pytest.mark.parametrize("asked", [*QUESTIONS, DATA_QUALITY], ids=lambda asked: asked.name)
    def test_no_question_asks_the_clock(
        self, asked: crime_pipelines.questions.Question, dialect: str
    ) -> None:
        assert_timeless(render(asked, dialect, datetime(2021, 11, 11, 23, 30), 3), dialect)
        assert_timeless(render(asked, dialect, None, 3), dialect)

    def test_no_rule_asks_the_clock(self) -> None:
        raw = {field.name: field.name for field in FIELDS}
        assert_timeless(read_incidents_sql("raw", raw, DUCKDB, 3), "duckdb")
        rules = [is_late_night_sql("t"), operational_night_sql("t"), is_theft_sql("a", "b"),
                 offence_class_sql("a", "b")]  # fmt: skip
        assert_timeless(f"SELECT {', '.join(rules)} FROM x", "bigquery")

    def test_a_clock_in_sql_would_be_seen(self) -> None:
        for clock in ("NOW()", "CURRENT_DATE", "current_timestamp()", "CURRENT_DATETIME()", "TODAY()",
                      "transaction_timestamp()", "get_current_timestamp()", "UNIX_TIMESTAMP()"):  # fmt: skip
            for dialect in ("bigquery", "duckdb", "spark"):
                with pytest.raises(AssertionError, match="asks the clock"):
                    assert_timeless(f"SELECT DATE_TRUNC('month', {clock}) AS m FROM incidents", dialect)

    @pytest.mark.parametrize("package", ["domain", "questions", "engines/duckdb"])
    def test_no_code_behind_the_answers_asks_the_clock(self, package: str) -> None:
        sources = [*Path(crime_pipelines.__file__).parent.joinpath(package).rglob("*.py")]
        assert sources
        for source in sources:
            text = source.read_text(encoding="utf-8")
            called = {
                node.func.attr
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            assert not called & {"now", "utcnow", "today", "localtime", "gmtime"}, source.name
            assert not re.search(_CLOCKS, text, re.IGNORECASE), source.name


_CLOCKS = r"\b(?:current_\w+|now\(|today\(|get_current_timestamp|transaction_timestamp|unix_timestamp)"


def assert_timeless(statement: str, dialect: str) -> None:
    """A statement has no function that says what time it is."""
    tree = sqlglot.parse_one(statement, dialect=dialect)
    clocks = [
        type(node).__name__
        for node in tree.walk()
        if type(node).__name__.startswith(("Current", "Localtime"))
    ]
    clocks += [node.name for node in tree.find_all(exp.Anonymous) if "CURRENT" in node.name.upper()]
    clocks += re.findall(_CLOCKS, statement, re.IGNORECASE)
    assert not clocks, f"asks the clock: {statement}"
