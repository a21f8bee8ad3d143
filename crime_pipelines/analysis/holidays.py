"""The holidays of the United States, by rule: eleven days a year, on the day itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

#: Names, in the order of the year.
HOLIDAYS: Final = (
    *("New Year's Day", "Martin Luther King Jr. Day", "Presidents' Day", "Memorial Day", "Juneteenth"),
    *("Independence Day", "Labor Day", "Columbus Day", "Veterans Day", "Thanksgiving", "Christmas Day"),
)


def holidays(year: int) -> dict[date, str]:
    """Return a year's holidays.

    >>> holidays(2018)[date(2018, 11, 22)]
    'Thanksgiving'

    Args:
        year: the calendar year.

    Returns:
        Names by day. Days off in lieu of a weekend are not among them: what people do changes on the day.
    """
    days = (
        date(year, 1, 1),
        _weekday(year, 1, 0, 3),
        _weekday(year, 2, 0, 3),
        date(year, 5, 31) - timedelta(days=date(year, 5, 31).weekday()),  # the last Monday of May
        date(year, 6, 19),
        date(year, 7, 4),
        _weekday(year, 9, 0, 1),
        _weekday(year, 10, 0, 2),
        date(year, 11, 11),
        _weekday(year, 11, 3, 4),
        date(year, 12, 25),
    )
    return dict(zip(days, HOLIDAYS, strict=True))


def _weekday(year: int, month: int, weekday: int, number: int) -> date:
    """Return the first, second, ... of a weekday (Monday is 0) in a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
