"""The calendar years that arrest rates are given for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

#: The first and the last of them, of shifted dates.
FIRST_YEAR: Final = 2016
LAST_YEAR: Final = 2019
#: Both in words.
ARREST_YEARS: Final = f"{FIRST_YEAR}-{LAST_YEAR}"


def is_in_arrest_years(occurred_at: datetime) -> bool:
    """Tell whether an incident counts for the arrest rates.

    Args:
        occurred_at: its local civil time, shifted.

    Returns:
        True from the first moment of `FIRST_YEAR` to the last of `LAST_YEAR`.
    """
    return FIRST_YEAR <= occurred_at.year <= LAST_YEAR


def is_in_arrest_years_sql(occurred_at: str) -> str:
    """Express `is_in_arrest_years` in SQL.

    Args:
        occurred_at: a SQL expression of a DATETIME.

    Returns:
        A SQL condition, in BigQuery's dialect.
    """
    return (
        f"({occurred_at} >= DATETIME '{FIRST_YEAR:04d}-01-01 00:00:00' "
        f"AND {occurred_at} < DATETIME '{LAST_YEAR + 1:04d}-01-01 00:00:00')"
    )
