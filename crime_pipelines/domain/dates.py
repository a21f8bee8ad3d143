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

_HALF: Final = "[AaPp][Mm]"
_US_DAY: Final = "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"
#: `MM/DD/YYYY hh:mm[:ss] AM`, the City's file layout. No backslashes: the patterns stand in SQL as well.
CITY_DATETIME: Final = f"{_US_DAY} [0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}} {_HALF}"
CITY_DATETIME_NO_SECONDS: Final = f"{_US_DAY} [0-9]{{1,2}}:[0-9]{{2}} {_HALF}"
#: `MM/DD/YYYY HH:MM[:SS]`, as spreadsheets write it.
US_DATETIME: Final = f"{_US_DAY} ([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
#: ISO 8601, the API layout: date and time with or without seconds and fraction.
ISO_DATETIME: Final = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
)
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES: Final = "|".join("".join(f"[{letter.upper()}{letter}]" for letter in month) for month in MONTHS)
#: `YYYY Mon DD hh:mm:ss AM`, as Socrata shows a date.
SOCRATA_DATE: Final = f"[0-9]{{4}} ({_MONTH_NAMES}) [0-9]{{2}}"
SOCRATA_DATETIME: Final = f"{SOCRATA_DATE} [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} {_HALF}"
CITY_DATE: Final = _US_DAY
ISO_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FORMS: Final = f"({CITY_DATETIME}|{CITY_DATETIME_NO_SECONDS}|{US_DATETIME}|{SOCRATA_DATETIME})"
_DATES: Final = f"({CITY_DATE}|{ISO_DATE}|{SOCRATA_DATE})"
#: No-break and narrow spaces count as spaces inside a date.
SPACES: Final = "\u00a0\u2007\u2009\u202f"

_CITY_DATETIME: Final = re.compile(CITY_DATETIME, re.ASCII)
_CITY_NO_SECONDS: Final = re.compile(CITY_DATETIME_NO_SECONDS, re.ASCII)
_US_DATETIME: Final = re.compile(US_DATETIME, re.ASCII)
_SOCRATA_DATETIME: Final = re.compile(SOCRATA_DATETIME, re.ASCII)
_ISO_DATETIME: Final = re.compile(ISO_DATETIME, re.ASCII)
_TO_SPACE: Final = str.maketrans(dict.fromkeys(SPACES, " "))
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
_SOCRATA_DATE: Final = re.compile(SOCRATA_DATE, re.ASCII)
#: Microseconds are as fine as BigQuery, Spark and Parquet go: further digits are cut off.
_US_LENGTH: Final = len("02/29/2024 00:00:00")
_ISO_LENGTH: Final = len("2024-02-29T00:00:00.000000")


def parse_datetime(text: str) -> datetime | None:
    """Return a date with a time, in the City's file layout or in ISO 8601.

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
            if text[2] == "/" and text[10:11] == " " and len(text) == _US_LENGTH:
                return datetime.fromisoformat(_shifted_day(text[:10], True, years) + hour + minutes)
            return datetime.fromisoformat(_shifted_day(text[:10], in_city_layout, years) + hour + minutes)
        text = _in_city_layout(text.translate(_TO_SPACE))
        if _CITY_DATETIME.fullmatch(text):
            day, clock, half = text.upper().split(" ")
            hour, minutes = clock[:-6], clock[-6:]
            _, hour = _HOURS[f" {hour:0>2} {half}"]
            return datetime.fromisoformat(_shifted_day(_two_digits(day), True, years) + hour + minutes)
        if _US_DATETIME.fullmatch(text):
            day, clock = text.split(" ")
            hour, _, minutes = clock.partition(":")
            day = _shifted_day(_two_digits(day), True, years)
            return datetime.fromisoformat(f"{day}T{hour:0>2}:{minutes}")
        if _ISO_DATETIME.fullmatch(text):
            return datetime.fromisoformat(_shifted_day(text[:10], False, years) + text[10:_ISO_LENGTH])
    except (KeyError, ValueError):  # no such hour; no such day, minute or second, or beyond the calendar
        pass
    return None


def _in_city_layout(text: str) -> str:
    """Rewrite the forms that differ from the City's file layout in the order of their parts alone."""
    if _CITY_NO_SECONDS.fullmatch(text):
        return f"{text[:-3]}:00{text[-3:]}"
    if _SOCRATA_DATETIME.fullmatch(text):
        return f"{MONTHS.index(text[5:8].lower()) + 1:02d}/{text[9:11]}/{text[:4]}{text[11:]}"
    return text


def _two_digits(day: str) -> str:
    month, day_of_month, year = day.split("/")
    return f"{month:0>2}/{day_of_month:0>2}/{year}"


@lru_cache(maxsize=1 << 14)  # any stream of incidents comes from some thousands of days
def _shifted_day(text: str, in_city_layout: bool, years: int) -> str:
    """Return a day shifted, in ISO 8601.

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
    """Tell whether a text is a date that exists but says no time.

    Args:
        text: the trimmed text.

    Returns:
        True for `MM/DD/YYYY`, `YYYY-MM-DD` and `YYYY Mon DD`.
    """
    text = text.translate(_TO_SPACE)
    try:
        if _SOCRATA_DATE.fullmatch(text):
            date(int(text[:4]), MONTHS.index(text[5:8].lower()) + 1, int(text[9:]))
            return True
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
    """Return the same time of day on the same day of a later (or, with negative years, earlier) year.

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
    """Return the SQL rule of `shift`.

    Args:
        moment: a SQL expression of a DATETIME (TIMESTAMP without time zone).
        years: calendar years to add.

    Returns:
        A SQL expression of the shifted time.
    """
    # Calendar intervals keep the time of day and end on the month's last day in all three dialects.
    return f"{moment} {'-' if years < 0 else '+'} INTERVAL {abs(years)} YEAR" if years else moment


def parse_datetime_sql(column: str, dialect: Dialect) -> str:
    """Return the SQL rule of `parse_datetime`.

    Args:
        column: a SQL expression of the trimmed text.
        dialect: how the engine says what SQL has no common word for.

    Returns:
        A SQL expression of local civil time, NULL where the text is none.
    """
    text = f"TRANSLATE({column}, '{SPACES}', '{' ' * len(SPACES)}')"
    if dialect.any_form:
        return (
            f"CASE WHEN {dialect.matches(text, _FORMS)} THEN {dialect.any_form.format(text=text)} "
            f"WHEN {dialect.matches(text, ISO_DATETIME)} "
            f"THEN {dialect.try_cast(f'SUBSTR({text}, 1, {_ISO_LENGTH})', 'datetime')} END"
        )
    end = f"SUBSTR({text}, LENGTH({text}) - 2)"
    with_seconds = f"CONCAT(SUBSTR({text}, 1, LENGTH({text}) - 3), ':00', {end})"
    seconds = f"CASE WHEN LENGTH(SPLIT_PART({text}, ' ', 2)) < 6 THEN ':00' ELSE '' END"
    return (
        f"CASE WHEN {dialect.matches(text, CITY_DATETIME)} THEN {dialect.parse_city_datetime(text)} "
        f"WHEN {dialect.matches(text, ISO_DATETIME)} "
        f"THEN {dialect.try_cast(f'SUBSTR({text}, 1, {_ISO_LENGTH})', 'datetime')} "
        f"WHEN {dialect.matches(text, CITY_DATETIME_NO_SECONDS)} "
        f"THEN {dialect.parse_city_datetime(with_seconds)} "
        f"WHEN {dialect.matches(text, US_DATETIME)} "
        f"THEN {dialect.parse_us_datetime(f'CONCAT({text}, {seconds})')} "
        f"WHEN {dialect.matches(text, SOCRATA_DATETIME)} "
        f"THEN {dialect.parse_city_datetime(_from_socrata_sql(text))} END"
    )


def _from_socrata_sql(text: str) -> str:
    """Rewrite `YYYY Mon DD` and what follows in the City's order."""
    names = "".join(MONTHS)
    number = f"CAST((INSTR('{names}', LOWER(SUBSTR({text}, 6, 3))) + 2) / {len(MONTHS[0])} AS INT)"
    month = f"LPAD(CAST({number} AS STRING), 2, '0')"
    return f"CONCAT({month}, '/', SUBSTR({text}, 10, 2), '/', SUBSTR({text}, 1, 4), SUBSTR({text}, 12))"


def is_date_alone_sql(column: str, dialect: Dialect) -> str:
    """Return the SQL rule of `is_date_alone`.

    Args:
        column: a SQL expression of the trimmed text.
        dialect: as for `parse_datetime_sql`.

    Returns:
        A SQL condition.
    """
    # Asked of a date only after `parse_datetime` failed, so the midnight put in here claims nothing.
    text = f"TRANSLATE({column}, '{SPACES}', '{' ' * len(SPACES)}')"
    if dialect.any_date:
        read = dialect.any_date.format(text=text)
        alone = f"CASE WHEN {dialect.matches(text, _DATES)} THEN {read} END"
        return f"COALESCE({in_calendar_sql(f'({alone})', 0, dialect)}, FALSE)"
    city = f"CASE WHEN {dialect.matches(text, SOCRATA_DATE)} THEN {_from_socrata_sql(text)} ELSE {text} END"
    city, iso = f"CONCAT({city}, ' 12:00:00 AM')", f"CONCAT({text}, 'T00:00:00')"
    with_time = (
        f"CASE WHEN {dialect.matches(text, ISO_DATE)} "
        f"THEN {dialect.try_cast(iso, 'datetime')} "
        f"WHEN {dialect.matches(text, CITY_DATE)} OR {dialect.matches(text, SOCRATA_DATE)} "
        f"THEN {dialect.parse_city_datetime(city)} END"
    )
    # Engines know a year 0, in which Python knows no date.
    return f"COALESCE({in_calendar_sql(f'({with_time})', 0, dialect)}, FALSE)"


def in_calendar_sql(moment: str, years: int, dialect: Dialect) -> str:
    """Tell whether a time and its shifted self both lie in years 1..9999, the calendar of all engines.

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
