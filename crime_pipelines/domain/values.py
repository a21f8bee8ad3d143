"""How the text of one field becomes its value, by kind: a Python face and a SQL face of each.

Both faces take text as it stands in the file; white space at its ends never matters. None (NULL) means
that there is no value: whether because the text is empty or because it can't be read is for
`reading` to tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final

from crime_pipelines.domain.areas import AREAS, UNKNOWN_SPELLINGS, community_area, community_area_sql
from crime_pipelines.domain.dates import parse_datetime, parse_datetime_sql
from crime_pipelines.domain.dialect import ColumnType, Dialect
from crime_pipelines.domain.offences import normal_type, normal_type_sql
from crime_pipelines.domain.schema import Kind
from crime_pipelines.domain.text import clean, clean_sql, literal

type_of_value = int | float | bool | str | datetime

#: A yes and a no as the City writes them.
PLAIN_TRUE: Final = "true"
PLAIN_FALSE: Final = "false"
TRUE_WORDS: Final = (PLAIN_TRUE, "1", "yes")
FALSE_WORDS: Final = (PLAIN_FALSE, "0", "no")
IDENTIFIER: Final = "[0-9]{1,19}"
#: Whole numbers also come as `32.0`, as spreadsheets and data frames save them.
INTEGER: Final = "-?[0-9]{1,9}([.]0{1,6})?"
DECIMAL: Final = "[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?"
GREATEST_ID: Final = 2**63 - 1
GREATEST_INTEGER: Final = 999_999_999
#: Beyond any coordinate, and well within what a double holds exactly.
GREATEST_DECIMAL: Final = 1e15

_INTEGER: Final = re.compile(INTEGER, re.ASCII)
_ID_DIGITS: Final = len(str(GREATEST_ID))
_INTEGER_DIGITS: Final = len(str(GREATEST_INTEGER))
_FLAGS: Final = {**dict.fromkeys(TRUE_WORDS, True), **dict.fromkeys(FALSE_WORDS, False)}


def identifier(text: str) -> int | None:
    """An incident's key: digits only, 1 to 2**63 - 1."""
    if not (text.isdigit() and text.isascii() and len(text) <= _ID_DIGITS):  # as IDENTIFIER says
        return None
    number = int(text)
    return number if 1 <= number <= GREATEST_ID else None


def flag(text: str) -> bool | None:
    """A yes or no, in any of the usual words and any case."""
    return _FLAGS[text] if text in _FLAGS else _FLAGS.get(text.lower())


@lru_cache(maxsize=1 << 10)  # what a file numbers so, wards, are few
def integer(text: str) -> int | None:
    """A whole number of at most nine digits."""
    if text.isdigit() and text.isascii() and len(text) <= _INTEGER_DIGITS:
        return int(text)
    return int(text.partition(".")[0]) if _INTEGER.fullmatch(text) else None


def decimal(text: str) -> float | None:
    """A decimal number of a size that a measure can have."""
    # float reads what DECIMAL says, and underscores, other scripts' digits, infinities and NaN beside it.
    if "_" in text or not text.isascii():
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if -GREATEST_DECIMAL <= number <= GREATEST_DECIMAL else None


_READERS: Final[dict[Kind, Callable[[str], type_of_value | None]]] = {
    Kind.IDENTIFIER: identifier,
    Kind.DATETIME: parse_datetime,
    Kind.TEXT: clean,
    Kind.PRIMARY_TYPE: normal_type,
    Kind.FLAG: flag,
    Kind.INTEGER: integer,
    Kind.DECIMAL: decimal,
    Kind.AREA: community_area,
}


def value(kind: Kind, text: str | None, shift_years: int) -> type_of_value | None:
    """The value of a field's text.

    Args:
        kind: the field's kind.
        text: the text as it stands in the file, or None.
        shift_years: the shift that a date must survive to be one, in calendar years.

    Returns:
        The value, or None if the text is missing or can't be read.
    """
    cleaned = clean(text)
    if cleaned is None:
        return None
    found = _READERS[kind](cleaned)
    if isinstance(found, datetime) and not 1 <= found.year + shift_years <= 9999:
        return None
    return found


def is_unreadable(kind: Kind, text: str | None, found: type_of_value | None) -> bool:
    """Whether a field holds something that could not be read (not merely nothing).

    Args:
        kind: the field's kind.
        text: the text as it stands in the file, or None.
        found: what `value` made of it.

    Returns:
        True if it is worth a warning.
    """
    cleaned = clean(text)
    return found is None and cleaned is not None and not (kind is Kind.AREA and cleaned in UNKNOWN_SPELLINGS)


_TYPES: Final[dict[Kind, ColumnType]] = {
    Kind.IDENTIFIER: "integer",
    Kind.INTEGER: "integer",
    Kind.AREA: "integer",
    Kind.DECIMAL: "decimal",
    Kind.DATETIME: "datetime",
}
_RANGES: Final = {
    Kind.IDENTIFIER: (1, GREATEST_ID),
    Kind.INTEGER: (-GREATEST_INTEGER, GREATEST_INTEGER),
    Kind.AREA: (1, len(AREAS)),
    Kind.DECIMAL: (-GREATEST_DECIMAL, GREATEST_DECIMAL),
}


def _within(kind: Kind, found: str) -> str:
    least, greatest = _RANGES[kind]
    return f"{found} BETWEEN {least} AND {greatest}"


def _exact_sql(kind: Kind, text: str, dialect: Dialect) -> str:
    """The value of a trimmed text, by the same patterns that the Python face uses."""
    if kind is Kind.DATETIME:
        return parse_datetime_sql(text, dialect)
    if kind is Kind.FLAG:
        true, false = (", ".join(map(literal, words)) for words in (TRUE_WORDS, FALSE_WORDS))
        return f"CASE WHEN LOWER({text}) IN ({true}) THEN TRUE WHEN LOWER({text}) IN ({false}) THEN FALSE END"
    if kind is Kind.AREA:
        return community_area_sql(text)
    pattern = {Kind.IDENTIFIER: IDENTIFIER, Kind.INTEGER: INTEGER, Kind.DECIMAL: DECIMAL}[kind]
    cast = dialect.try_cast(text, _TYPES[kind])
    return f"CASE WHEN {dialect.matches(text, pattern)} AND {_within(kind, cast)} THEN {cast} END"


def candidate_sql(kind: Kind, column: str, dialect: Dialect) -> str | None:
    """The engine's faster reading of a column, to be handed to `value_sql` from a SELECT below it.

    It needs a SELECT of its own because engines compute an expression anew in each branch of a CASE.

    Args:
        kind: the field's kind.
        column: a SQL expression of the text as it stands in the file.
        dialect: the engine's words.

    Returns:
        A SQL expression, or None where there is no faster reading.
    """
    quick = dialect.quick.get(_TYPES[kind]) if kind in _TYPES else None
    return quick.candidate.format(text=column) if quick else None


def value_sql(kind: Kind, column: str, dialect: Dialect, candidate: str | None = None) -> str:
    """The SQL face of `value`, but for the calendar's bounds, which `reading` applies with the shift.

    Args:
        kind: the field's kind.
        column: a SQL expression of the text as it stands in the file.
        dialect: the engine's words.
        candidate: the column that holds what `candidate_sql` said, if it said anything.

    Returns:
        A SQL expression of the value.
    """
    if kind is Kind.TEXT:
        return clean_sql(column)
    if kind is Kind.PRIMARY_TYPE:
        return normal_type_sql(column)
    exact = _exact_sql(kind, f"({clean_sql(column)})", dialect)
    if kind is Kind.FLAG:
        true, false = literal(PLAIN_TRUE), literal(PLAIN_FALSE)
        return f"CASE {column} WHEN {true} THEN TRUE WHEN {false} THEN FALSE ELSE {exact} END"
    if candidate is None:
        return exact
    return f"CASE WHEN {accepted_sql(kind, column, dialect, candidate)} THEN {candidate} ELSE {exact} END"


def accepted_sql(kind: Kind, column: str, dialect: Dialect, candidate: str) -> str:
    """Whether a column says what `candidate_sql` took from it, but for the calendar's bounds.

    Args:
        kind: a kind for which `candidate_sql` has an expression.
        column: a SQL expression of the text as it stands in the file.
        dialect: the engine's words.
        candidate: the column that holds the candidate.

    Returns:
        A SQL condition.
    """
    accepted = dialect.quick[_TYPES[kind]].accepted.format(value=candidate, text=column)
    return f"{accepted} AND {_within(kind, candidate)}" if kind in _RANGES else accepted


def is_unreadable_sql(kind: Kind, column: str, found: str) -> str:
    """The SQL face of `is_unreadable`.

    Args:
        kind: the field's kind.
        column: a SQL expression of the text as it stands in the file.
        found: a SQL expression of what `value_sql` made of it.

    Returns:
        A SQL condition.
    """
    cleaned = f"({clean_sql(column)})"
    known = f" AND {cleaned} NOT IN ({', '.join(map(literal, UNKNOWN_SPELLINGS))})"
    return f"({found} IS NULL AND {cleaned} IS NOT NULL{known if kind is Kind.AREA else ''})"
