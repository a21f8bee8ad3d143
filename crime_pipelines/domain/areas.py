"""Areas: which numbers are areas."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas

#: The community areas of Chicago.
AREAS: Final = CHICAGO.areas.all
#: What the City writes for "no area known".
NO_AREA: Final = "0"
#: How departments write that no area is known: read, and no cause for a warning.
UNKNOWN_AREA: Final = "0+([.]0+)?"

_UNKNOWN_AREA: Final = re.compile(UNKNOWN_AREA, re.ASCII)


def area_pattern(digits: int) -> str:
    """Give the pattern by which an area's number is written.

    Args:
        digits: the most digits that a number has.

    Returns:
        A regular expression: any number of leading zeros, and perhaps a fraction of zeros, as spreadsheets
        and data frames save it.
    """
    return f"0*[1-9][0-9]{{0,{digits - 1}}}([.]0+)?"


@lru_cache(maxsize=16)
def _compiled(digits: int) -> re.Pattern[str]:
    return re.compile(area_pattern(digits), re.ASCII)


def community_area(text: str | None, areas: Areas = CHICAGO.areas) -> int | None:
    """Read the number of an area.

    Args:
        text: the trimmed number as written, or None.
        areas: the areas there are.

    Returns:
        The number, or None (the unknown area) for anything else. For example, 8 for ``8``, ``008`` and
        ``8.00``.
    """
    if not text:
        return None
    plain = areas.by_text.get(text)
    if plain is None and _compiled(areas.digits).fullmatch(text):
        return areas.by_text.get(text.partition(".")[0].lstrip("0"))
    return plain


def says_no_area(text: str) -> bool:
    """Tell whether a text says that no area is known.

    Args:
        text: the trimmed text.

    Returns:
        True for ``0`` however it is written.
    """
    return _UNKNOWN_AREA.fullmatch(text) is not None


def community_area_sql(column: str, dialect: Dialect, areas: Areas = CHICAGO.areas) -> str:
    """Express `community_area` in SQL.

    Args:
        column: a SQL expression of the trimmed text.
        dialect: the engine's words.
        areas: as for `community_area`.

    Returns:
        A SQL expression of an integer, NULL for the unknown area.
    """
    digits = f"REGEXP_REPLACE(REGEXP_REPLACE({column}, '^0+', ''), '[.]0+$', '')"
    number = dialect.try_cast(digits, "integer")
    is_written = dialect.matches(column, area_pattern(areas.digits))
    return f"CASE WHEN {is_written} AND {is_area_sql(number, areas)} THEN {number} END"


def is_area_sql(number: str, areas: Areas) -> str:
    """Tell whether a number is that of an area.

    Args:
        number: a SQL expression of an integer.
        areas: as for `community_area`.

    Returns:
        A SQL condition.
    """
    within = [f"{number} BETWEEN {first} AND {last}" for first, last in areas.ranges]
    return within[0] if len(within) == 1 else f"({' OR '.join(within) or 'FALSE'})"


def says_no_area_sql(column: str, dialect: Dialect) -> str:
    """Express `says_no_area` in SQL.

    Args:
        column: a SQL expression of the trimmed text.
        dialect: the engine's words.

    Returns:
        A SQL condition.
    """
    return dialect.matches(column, UNKNOWN_AREA)
