"""Dates and times: how they are written in a file, and the shift by whole calendar years.

A time here is always local civil time without a time zone, as on the clock at the scene. A text with a
zone (`...Z`, `...-06:00`) is therefore not a date we can read: it names an instant, and which civil time
that was is for whoever wrote it to say.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final

from crime_pipelines.domain.dialect import Dialect

#: Years that the date shift adds unless asked otherwise.
DEFAULT_SHIFT_YEARS: Final = 3
#: A shift that leaves no date in years 1..9999 is a mistake.
GREATEST_SHIFT: Final = 1000

#: `MM/DD/YYYY hh:mm:ss AM`, the City's file layout. No backslashes: the patterns stand in SQL as well.
CITY_DATETIME: Final = "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2} [AaPp][Mm]"
#: ISO 8601, the API layout: date and time with or without seconds and fraction.
ISO_DATETIME: Final = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
)
CITY_DATE: Final = "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"
ISO_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

_CITY_DATETIME: Final = re.compile(CITY_DATETIME, re.ASCII)
_ISO_DATETIME: Final = re.compile(ISO_DATETIME, re.ASCII)
#: What stands around minutes and seconds as nearly all dates are written (two digits each, `AM` or `PM`;
#: ISO 8601 with no fraction but `.000`): of each, whether it is of the City's layout, and the hour it says.
_HOURS: Final = {
    **{f" {hour % 12 or 12:02d} {'AM' if hour < 12 else 'PM'}": (True, f"T{hour:02d}") for hour in range(24)},
    **{
        f"{mark}{hour:02d}{fraction}": (False, f"T{hour:02d}")
        for hour in range(24)
        for mark in "T "
        for fraction in ("", ".000")
    },
}
_MINUTES: Final = frozenset(f":{minute:02d}:{second:02d}" for minute in range(60) for second in range(60))
_CITY_DATE: Final = re.compile(CITY_DATE, re.ASCII)
_ISO_DATE: Final = re.compile(ISO_DATE, re.ASCII)
#: Microseconds are as fine as BigQuery, Spark and Parquet go: further digits are cut off.
_ISO_LENGTH: Final = len("2024-02-29T00:00:00.000000")


#: The second that stands for a whole day: answers as of a day take all of it in.
END_OF_DAY: Final = time(23, 59, 59)


def end_of_day(day: date) -> datetime:
    """The moment that answers as of a day are as of.

    Args:
        day: the day.

    Returns:
        Its last second, local civil time.
    """
    return datetime.combine(day, END_OF_DAY)


def parse_datetime(text: str) -> datetime | None:
    """A date with a time, in the City's file layout or in ISO 8601.

    Args:
        text: the trimmed text.

    Returns:
        Local civil time, or None if the text is not a date with a time that exists.
    """
    return parse_shifted(text, 0)


def parse_shifted(text: str, years: int) -> datetime | None:
    """`parse_datetime`, then `shift`, in one go.

    Args:
        text: the trimmed text.
        years: calendar years to add.

    Returns:
        Shifted local civil time, or None if the text is not a date with a time that exists or the target
        year is outside 1..9999.
    """
    try:
        usual = _HOURS.get(text[10:13] + text[19:])
        if usual and (minutes := text[13:19]) in _MINUTES:
            in_city_layout, hour = usual
            return datetime.fromisoformat(_shifted_day(text[:10], in_city_layout, years) + hour + minutes)
        if _CITY_DATETIME.fullmatch(text):
            day, clock, half = text.upper().split(" ")
            hour, minutes = clock[:-6], clock[-6:]
            month, day_of_month, year = day.split("/")
            day = f"{month:0>2}/{day_of_month:0>2}/{year}"
            _, hour = _HOURS[f" {hour:0>2} {half}"]
            return datetime.fromisoformat(_shifted_day(day, True, years) + hour + minutes)
        if _ISO_DATETIME.fullmatch(text):
            return datetime.fromisoformat(_shifted_day(text[:10], False, years) + text[10:_ISO_LENGTH])
    except (KeyError, ValueError):  # no such hour; no such day, minute or second, or beyond the calendar
        pass
    return None


@lru_cache(maxsize=1 << 14)  # any stream of incidents comes from some thousands of days
def _shifted_day(text: str, in_city_layout: bool, years: int) -> str:
    """A day shifted, in ISO 8601.

    Args:
        text: `MM/DD/YYYY`, or `YYYY-MM-DD`.
        in_city_layout: which of the two.
        years: calendar years to add.

    Raises:
        ValueError: there is no such day, or none once it is shifted.
    """
    if not (_CITY_DATE if in_city_layout else _ISO_DATE).fullmatch(text):
        raise ValueError(f"no day: {text!r}")
    day = f"{text[6:]}-{text[:2]}-{text[3:5]}" if in_city_layout else text
    return shift(datetime.fromisoformat(day), years).date().isoformat()


def is_date_alone(text: str) -> bool:
    """Whether a text is a date that exists but says no time.

    Args:
        text: the trimmed text.

    Returns:
        True for `MM/DD/YYYY` and `YYYY-MM-DD`.
    """
    try:
        if _CITY_DATE.fullmatch(text):
            month, day, year = map(int, text.split("/"))
            date(year, month, day)
            return True
        if _ISO_DATE.fullmatch(text):
            date.fromisoformat(text)
            return True
    except ValueError:
        pass
    return False


def shift(moment: datetime, years: int) -> datetime:
    """The same time of day on the same day of a later (or, with negative years, earlier) year.

    Args:
        moment: local civil time.
        years: calendar years to add.

    Returns:
        The shifted time; 29 February becomes 28 February where the target year has none.

    Raises:
        ValueError: the target year is outside 1..9999.
    """
    try:
        return moment.replace(moment.year + years)
    except ValueError:
        if (moment.month, moment.day) != (2, 29):
            raise
        return moment.replace(year=moment.year + years, day=28)


def shift_sql(moment: str, years: int) -> str:
    """The SQL face of `shift`.

    Args:
        moment: a SQL expression of a DATETIME (TIMESTAMP without time zone).
        years: calendar years to add.

    Returns:
        A SQL expression of the shifted time.
    """
    # Calendar intervals keep the time of day and end on the month's last day in all three dialects.
    return f"{moment} {'-' if years < 0 else '+'} INTERVAL {abs(years)} YEAR" if years else moment


def parse_datetime_sql(column: str, dialect: Dialect) -> str:
    """The SQL face of `parse_datetime`.

    Args:
        column: a SQL expression of the trimmed text.
        dialect: how the engine says what SQL has no common word for.

    Returns:
        A SQL expression of local civil time, NULL where the text is none.
    """
    return (
        f"CASE WHEN {dialect.matches(column, CITY_DATETIME)} THEN {dialect.parse_city_datetime(column)} "
        f"WHEN {dialect.matches(column, ISO_DATETIME)} "
        f"THEN {dialect.try_cast(f'SUBSTR({column}, 1, {_ISO_LENGTH})', 'datetime')} END"
    )


def is_date_alone_sql(column: str, dialect: Dialect) -> str:
    """The SQL face of `is_date_alone`.

    Args:
        column: a SQL expression of the trimmed text.
        dialect: as for `parse_datetime_sql`.

    Returns:
        A SQL condition.
    """
    # Asked of a date only after `parse_datetime` failed, so the midnight put in here claims nothing.
    with_time = parse_datetime_sql(
        f"CASE WHEN {dialect.matches(column, CITY_DATE)} THEN {column} || ' 12:00:00 AM' "
        f"WHEN {dialect.matches(column, ISO_DATE)} THEN {column} || 'T00:00:00' END",
        dialect,
    )
    # Engines know a year 0, in which Python knows no date.
    return f"COALESCE({in_calendar_sql(f'({with_time})', 0, dialect)}, FALSE)"


def in_calendar_sql(moment: str, years: int, dialect: Dialect) -> str:
    """Whether a time and its shifted self both lie in years 1..9999, the calendar of all engines.

    Args:
        moment: a SQL expression of a DATETIME (TIMESTAMP without time zone).
        years: the shift, in calendar years.
        dialect: how the engine says what SQL has no common word for.

    Returns:
        A SQL condition, NULL for a missing time.
    """
    # Engines compare two times faster than they find the year of one.
    first = datetime.combine(date(max(1, 1 - years), 1, 1), time.min)
    last = datetime.combine(date(min(9999, 9999 - years), 12, 31), time.max)
    return f"{moment} BETWEEN {dialect.constant(first)} AND {dialect.constant(last)}"
