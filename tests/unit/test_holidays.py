"""Holidays by rule."""

from __future__ import annotations

from datetime import date

from crime_pipelines.analysis.holidays import HOLIDAYS, holidays


def test_of_two_years() -> None:
    # as the Office of Personnel Management lists them, on the day itself
    assert list(holidays(2018)) == [
        date(2018, *day)
        for day in (
            *((1, 1), (1, 15), (2, 19), (5, 28), (6, 19), (7, 4)),
            *((9, 3), (10, 8), (11, 11), (11, 22), (12, 25)),
        )
    ]
    assert [day for day in holidays(2021) if day.month == 5] == [date(2021, 5, 31)]


def test_each_once_a_year() -> None:
    for year in (1, 1999, 2000, 2012, 9999):
        assert tuple(holidays(year).values()) == HOLIDAYS
        assert all(day.year == year for day in holidays(year))
