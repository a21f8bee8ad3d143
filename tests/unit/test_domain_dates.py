from __future__ import annotations

from datetime import date, datetime

import duckdb
import pytest
import sqlglot

from crime_pipelines.domain.dates import (
    DEFAULT_SHIFT_YEARS,
    in_calendar_sql,
    is_date_alone,
    parse_datetime,
    shift,
    shift_sql,
)
from crime_pipelines.domain.dialect import DUCKDB
from crime_pipelines.domain.periods.as_of import LATEST, end_of_day, last_whole_day_sql, read_as_of


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("03/15/2016 02:30:00 PM", datetime(2016, 3, 15, 14, 30)),
        ("3/5/2016 2:30:00 pm", datetime(2016, 3, 5, 14, 30)),
        ("03/15/2016 12:00:00 AM", datetime(2016, 3, 15)),
        ("03/15/2016 12:59:59 AM", datetime(2016, 3, 15, 0, 59, 59)),
        ("03/15/2016 12:00:00 PM", datetime(2016, 3, 15, 12)),
        ("03/15/2016 11:59:59 PM", datetime(2016, 3, 15, 23, 59, 59)),
        ("02/29/2016 01:00:00 AM", datetime(2016, 2, 29, 1)),
        ("2016-03-15T14:30:00.000", datetime(2016, 3, 15, 14, 30)),
        ("2016-03-15 14:30", datetime(2016, 3, 15, 14, 30)),
        ("2016-03-15T14:30:00.5", datetime(2016, 3, 15, 14, 30, 0, 500_000)),
        ("2016-03-15T14:30:00.123456789", datetime(2016, 3, 15, 14, 30, 0, 123_456)),  # cut, not rounded
        ("2016-03-15T23:59:59.999999999", datetime(2016, 3, 15, 23, 59, 59, 999_999)),
        ("0001-01-01T00:00:00", datetime(1, 1, 1)),
        ("3/5/2016 1:05 pm", datetime(2016, 3, 5, 13, 5)),
        ("3/5/2016 1:05", datetime(2016, 3, 5, 1, 5)),
        ("03/15/2016 13:05:09", datetime(2016, 3, 15, 13, 5, 9)),
        ("2016 MAR 15 01:05:09 pm", datetime(2016, 3, 15, 13, 5, 9)),
        ("03/15/2016\u00a001:05:09\u202fPM", datetime(2016, 3, 15, 13, 5, 9)),
    ],
)
def test_times_that_can_be_read(text: str, moment: datetime) -> None:
    assert parse_datetime(text) == moment
    assert not is_date_alone(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "03/15/2016 00:30:00 AM", "03/15/2016 13:30:00 PM", "02/30/2016 01:00:00 AM",
        "02/29/2015 01:00:00 AM", "03/15/2016 01:00:60 AM", "15/03/2016 01:00:00 AM", "03/15/16 01:00:00 AM",
        "03/15/2016 13:00 PM", "03/15/2016T01:00:00", "03/15/2016 24:00",
        "2016 Mai 15 01:00:00 AM", "2016-03-15T24:00:00", "2016-03-15T10:00:00Z",
        "2016-03-15T10:00:00-06:00", "2016-3-15T10:00:00", "20160315T100000", "2016-03-15T10",
        "0000-01-01T00:00:00", "01/01/0000 01:00:00 AM", "2016-W11-2T10:00:00", "\u0663/15/2016 01:00:00 AM",
        "01-09-2016 00:01", "42430.5",
    ],
)  # fmt: skip
def test_times_that_are_none(text: str) -> None:
    assert parse_datetime(text) is None
    assert not is_date_alone(text)


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("03/15/2016", True), ("3/5/2016", True), ("2016-03-15", True), ("02/29/2016", True),
        ("02/29/2015", False), ("2015-02-29", False), ("13/01/2016", False), ("01/01/0000", False),
        ("0000-01-01", False), ("2016-3-5", False), ("16-03-05", False), ("20160315", False),
        ("2016-W11-2", False),
    ],
)  # fmt: skip
def test_dates_without_a_time(text: str, alone: bool) -> None:
    assert is_date_alone(text) is alone
    assert parse_datetime(text) is None


@pytest.mark.parametrize(
    ("moment", "years", "shifted"),
    [
        (datetime(2012, 2, 29, 23, 59, 59, 999_999), 3, datetime(2015, 2, 28, 23, 59, 59, 999_999)),
        (datetime(2012, 2, 29, 4), 4, datetime(2016, 2, 29, 4)),
        (datetime(2013, 2, 28), 3, datetime(2016, 2, 28)),
        (datetime(2013, 3, 1), 3, datetime(2016, 3, 1)),
        (datetime(2013, 12, 31, 23), 3, datetime(2016, 12, 31, 23)),
        (datetime(2014, 1, 1), 3, datetime(2017, 1, 1)),
        (datetime(2016, 2, 29), -1, datetime(2015, 2, 28)),
        (datetime(1896, 2, 29), 4, datetime(1900, 2, 28)),
        (datetime(1996, 2, 29), 4, datetime(2000, 2, 29)),
        (datetime(2016, 5, 5, 5), 0, datetime(2016, 5, 5, 5)),
        (datetime(9996, 1, 1), 3, datetime(9999, 1, 1)),
    ],
)
def test_shift(moment: datetime, years: int, shifted: datetime) -> None:
    assert shift(moment, years) == shifted
    assert duckdb.sql(f"SELECT {shift_sql(f'''TIMESTAMP '{moment}' ''', years)}").fetchall() == [(shifted,)]


@pytest.mark.parametrize(("moment", "years"), [(datetime(9997, 1, 1), 3), (datetime(3, 1, 1), -3),
                                               (datetime(9996, 2, 29), 4)])  # fmt: skip
def test_a_shift_out_of_the_calendar_is_an_error(moment: datetime, years: int) -> None:
    with pytest.raises(ValueError, match="year"):
        shift(moment, years)
    kept = in_calendar_sql(DUCKDB.constant(moment), years, DUCKDB)
    assert duckdb.sql(f"SELECT {kept}").fetchall() == [(False,)]


def test_no_shift_is_no_sum() -> None:
    assert shift_sql("occurred_at", 0) == "occurred_at"
    assert shift_sql("occurred_at", 3) == "occurred_at + INTERVAL 3 YEAR"
    assert shift_sql("occurred_at", -3) == "occurred_at - INTERVAL 3 YEAR"
    assert DEFAULT_SHIFT_YEARS == 3


def test_the_end_of_a_day() -> None:
    assert end_of_day(date(2020, 2, 29)) == datetime(2020, 2, 29, 23, 59, 59)


def test_the_day_of_the_answers_is_a_day_or_left_open() -> None:
    assert read_as_of("2024-02-29") == date(2024, 2, 29)
    assert read_as_of(LATEST) is None
    assert read_as_of("") is None


@pytest.mark.parametrize(
    ("as_of", "last", "day"),
    [
        ("2021-11-11 23:30:00", "2021-11-11 23:30:00", date(2021, 11, 11)),
        ("2021-11-11 22:59:59", "2021-11-11 22:59:59", date(2021, 11, 10)),
        ("2021-11-11 23:00:00", "2021-11-11 23:00:00", date(2021, 11, 11)),
        ("2022-01-01 10:00:00", "2022-01-01 10:00:00", date(2021, 12, 31)),
        ("2016-02-29 23:59:59", "2021-11-11 09:00:00", date(2016, 2, 29)),
        ("2021-12-31 23:59:59", "2021-11-11 23:15:00", date(2021, 11, 11)),
    ],
)
def test_the_last_whole_day(as_of: str, last: str, day: date) -> None:
    rule = last_whole_day_sql(f"DATETIME '{as_of}'", f"DATETIME '{last}'")
    (query,) = sqlglot.transpile(f"SELECT {rule}", read="bigquery", write="duckdb")
    assert duckdb.sql(query).fetchall() == [(day,)]


@pytest.mark.parametrize(
    "text", ["2023-02-29", "20240229", "2024-W09-4", "0000-01-01", "LATEST", " ", "x" * 99]
)
def test_any_other_day_of_the_answers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a day; give YYYY-MM-DD, or latest$") as error:
        read_as_of(text)
    assert len(str(error.value)) < 80
