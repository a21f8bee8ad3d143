"""The value of one field's text, by kind: a Python rule and a SQL rule for each.

Both rules take text as it stands in the file; white space at its ends never matters. None (NULL) means
that there is no value: whether because the text is empty or because it can't be read is for
`reading` to tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final

from crime_pipelines.domain.areas import (
    community_area,
    community_area_sql,
    is_area_sql,
    says_no_area,
    says_no_area_sql,
)
from crime_pipelines.domain.dates import parse_datetime, parse_datetime_sql
from crime_pipelines.domain.dialect import CastType, Dialect
from crime_pipelines.domain.fields import Kind
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.locations import normal_location, normal_location_sql
from crime_pipelines.domain.offences import normal_type, normal_type_sql
from crime_pipelines.domain.text import Untrimmed, clean, clean_sql, literal

type_of_value = int | float | bool | str | datetime

#: A yes and a no as the City writes them.
PLAIN_TRUE: Final = "true"
PLAIN_FALSE: Final = "false"
TRUE_WORDS: Final = (PLAIN_TRUE, "1", "yes", "y", "t", "1.0")
FALSE_WORDS: Final = (PLAIN_FALSE, "0", "no", "n", "f", "0.0")
#: Whole numbers also come as `32.0`, as spreadsheets and data frames save them.
ZEROS: Final = "([.]0+)?"
#: Numbers may carry commas between groups of three digits.
_GROUPS: Final = "[0-9]{1,3}(,[0-9]{3})"
IDENTIFIER: Final = f"([0-9]{{1,19}}|{_GROUPS}{{1,6}}){ZEROS}"
INTEGER: Final = f"-?([0-9]{{1,9}}|{_GROUPS}{{1,2}}){ZEROS}"
DECIMAL: Final = f"[-+]?(([0-9]+|{_GROUPS}+)([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?"
GREATEST_ID: Final = 2**63 - 1
GREATEST_INTEGER: Final = 999_999_999
#: Beyond any coordinate, and well within what a double holds exactly.
GREATEST_DECIMAL: Final = 1e15

_IDENTIFIER: Final = re.compile(IDENTIFIER, re.ASCII)
_INTEGER: Final = re.compile(INTEGER, re.ASCII)
_DECIMAL: Final = re.compile(DECIMAL, re.ASCII)
_ID_DIGITS: Final = len(str(GREATEST_ID))
_INTEGER_DIGITS: Final = len(str(GREATEST_INTEGER))
#: Longer texts are not kept in caches, which are so bounded in bytes; no date or number is longer.
LONGEST_CACHED: Final = 64
_FLAGS: Final = {**dict.fromkeys(TRUE_WORDS, True), **dict.fromkeys(FALSE_WORDS, False)}


def identifier(text: str) -> int | None:
    """Read an incident's key: a whole number, 1 to 2**63 - 1."""
    if text.isdigit() and text.isascii() and len(text) <= _ID_DIGITS:  # as nearly all are written
        number = int(text)
    elif _IDENTIFIER.fullmatch(text):
        number = _whole(text)
    else:
        return None
    return number if 1 <= number <= GREATEST_ID else None


def flag(text: str) -> bool | None:
    """Return a yes or no, in any of the usual words and any case."""
    return _FLAGS[text] if text in _FLAGS else _FLAGS.get(text.lower())


def integer(text: str) -> int | None:
    """Return a whole number of at most nine digits."""
    return (_integer if len(text) <= LONGEST_CACHED else _integer.__wrapped__)(text)


@lru_cache(maxsize=1 << 10)  # what a file numbers so, wards, are few
def _integer(text: str) -> int | None:
    if text.isdigit() and text.isascii() and len(text) <= _INTEGER_DIGITS:
        return int(text)
    return _whole(text) if _INTEGER.fullmatch(text) else None


def _whole(text: str) -> int:
    return int(text.partition(".")[0].replace(",", ""))


def decimal(text: str) -> float | None:
    """Return a decimal number of a size that a measure can have."""
    # float reads what DECIMAL says, and underscores, other scripts' digits, infinities and NaN beside it.
    if "_" in text or not text.isascii():
        return None
    try:
        number = float(text)
    except ValueError:
        if "," not in text or not _DECIMAL.fullmatch(text):
            return None
        number = float(text.replace(",", ""))
    return number if -GREATEST_DECIMAL <= number <= GREATEST_DECIMAL else None


_READERS: Final[dict[Kind, Callable[[str], type_of_value | None]]] = {
    Kind.IDENTIFIER: identifier,
    Kind.DATETIME: parse_datetime,
    Kind.TEXT: clean,
    Kind.FLAG: flag,
    Kind.INTEGER: integer,
    Kind.DECIMAL: decimal,
}


def value(kind: Kind, text: str | None, shift_years: int, layout: Layout = CHICAGO) -> type_of_value | None:
    """Return the value of a field's text.

    Args:
        kind: the field's kind.
        text: the text as it stands in the file, or None.
        shift_years: the shift that a date must survive to be one, in calendar years.
        layout: the file's layout.

    Returns:
        The value, or None if the text is missing or can't be read.
    """
    cleaned = clean(text)
    if cleaned is None:
        return None
    if kind is Kind.AREA:
        return community_area(cleaned, layout.areas)
    if kind is Kind.PRIMARY_TYPE:
        return normal_type(cleaned, layout.types)
    if kind is Kind.LOCATION:
        return normal_location(cleaned, layout.locations)
    found = _READERS[kind](cleaned)
    if isinstance(found, datetime) and not 1 <= found.year + shift_years <= 9999:
        return None
    return found


def is_unreadable(kind: Kind, text: str | None, found: type_of_value | None) -> bool:
    """Tell whether a field holds something that could not be read (not merely nothing).

    Args:
        kind: the field's kind.
        text: the text as it stands in the file, or None.
        found: what `value` made of it.

    Returns:
        True if it is worth a warning.
    """
    cleaned = clean(text)
    return found is None and cleaned is not None and not (kind is Kind.AREA and says_no_area(cleaned))


_TYPES: Final[dict[Kind, CastType]] = {
    Kind.IDENTIFIER: "integer",
    Kind.INTEGER: "integer",
    Kind.AREA: "integer",
    Kind.DECIMAL: "decimal",
    Kind.DATETIME: "datetime",
}
_RANGES: Final = {
    Kind.IDENTIFIER: (1, GREATEST_ID),
    Kind.INTEGER: (-GREATEST_INTEGER, GREATEST_INTEGER),
    Kind.DECIMAL: (-GREATEST_DECIMAL, GREATEST_DECIMAL),
}


def _within(kind: Kind, found: str, layout: Layout) -> str:
    if kind is Kind.AREA:
        return is_area_sql(found, layout.areas)
    least, greatest = _RANGES[kind]
    return f"{found} BETWEEN {least} AND {greatest}"


def _exact_sql(kind: Kind, text: str, dialect: Dialect, layout: Layout) -> str:
    """Return the value of a trimmed text, by the same patterns that the Python rule uses."""
    if kind is Kind.DATETIME:
        return parse_datetime_sql(text, dialect)
    if kind is Kind.FLAG:
        # Not `IN`, which DuckDB makes a join of every row.
        words = " ".join(f"WHEN {literal(word)} THEN {str(said).upper()}" for word, said in _FLAGS.items())
        return f"CASE LOWER({text}) {words} END"
    if kind is Kind.AREA:
        return community_area_sql(text, dialect, layout.areas)
    pattern = {Kind.IDENTIFIER: IDENTIFIER, Kind.INTEGER: INTEGER, Kind.DECIMAL: DECIMAL}[kind]
    bare = f"REPLACE({text}, ',', '')"
    if kind is not Kind.DECIMAL:
        bare = f"REGEXP_REPLACE({bare}, '[.]0+$', '')"
    cast = dialect.try_cast(bare, _TYPES[kind])
    return f"CASE WHEN {dialect.matches(text, pattern)} AND {_within(kind, cast, layout)} THEN {cast} END"


def candidate_sql(kind: Kind, column: str, dialect: Dialect) -> str | None:
    """Return the engine's faster reading of a column, to be handed to `value_sql` from a SELECT below it.

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


def value_sql(
    kind: Kind, column: str, dialect: Dialect, candidate: str | None = None, layout: Layout = CHICAGO
) -> str:
    """Return the SQL rule of `value`, but for the calendar's bounds, which `reading` applies with the shift.

    Args:
        kind: the field's kind.
        column: a SQL expression of the text as it stands in the file.
        dialect: the engine's words.
        candidate: the column that holds what `candidate_sql` said, if it said anything.
        layout: as for `value`.

    Returns:
        A SQL expression of the value.
    """
    if kind is Kind.TEXT:
        return clean_sql(column)
    if kind is Kind.PRIMARY_TYPE:
        return normal_type_sql(column, dialect, layout.types)
    if kind is Kind.LOCATION:
        return normal_location_sql(column, dialect, layout.locations)
    text = column.bare if isinstance(column, Untrimmed) else clean_sql(column)
    exact = _exact_sql(kind, f"({text})", dialect, layout)
    if kind is Kind.FLAG:
        true, false = literal(PLAIN_TRUE), literal(PLAIN_FALSE)
        return f"CASE {column} WHEN {true} THEN TRUE WHEN {false} THEN FALSE ELSE {exact} END"
    if candidate is None:
        return exact
    accepted = accepted_sql(kind, column, dialect, candidate, layout)
    return f"CASE WHEN {accepted} THEN {candidate} ELSE {exact} END"


def accepted_sql(kind: Kind, column: str, dialect: Dialect, candidate: str, layout: Layout = CHICAGO) -> str:
    """Tell whether a column says what `candidate_sql` took from it, but for the calendar's bounds.

    Args:
        kind: a kind for which `candidate_sql` has an expression.
        column: a SQL expression of the text as it stands in the file.
        dialect: the engine's words.
        candidate: the column that holds the candidate.
        layout: as for `value`.

    Returns:
        A SQL condition.
    """
    accepted = dialect.quick[_TYPES[kind]].accepted.format(value=candidate, text=column)
    is_bounded = kind in _RANGES or kind is Kind.AREA
    return f"{accepted} AND {_within(kind, candidate, layout)}" if is_bounded else accepted


def is_unreadable_sql(kind: Kind, column: str, found: str, dialect: Dialect) -> str:
    """Return the SQL rule of `is_unreadable`.

    Args:
        kind: the field's kind.
        column: a SQL expression of the text as it stands in the file.
        found: a SQL expression of what `value_sql` made of it.
        dialect: the engine's words.

    Returns:
        A SQL condition.
    """
    cleaned = f"({clean_sql(column)})"
    known = f" AND NOT {says_no_area_sql(cleaned, dialect)}"
    return f"({found} IS NULL AND {cleaned} IS NOT NULL{known if kind is Kind.AREA else ''})"


def missing_sql(kind: Kind, dialect: Dialect) -> str:
    """Return the SQL of no value.

    Args:
        kind: the field's kind.
        dialect: the engine's words.

    Returns:
        A SQL expression, NULL of the kind's type.
    """
    sql_type = "BOOLEAN" if kind is Kind.FLAG else dialect.types[_TYPES[kind]] if kind in _TYPES else "STRING"
    return f"CAST(NULL AS {sql_type})"
