"""Rows of text on their way through an engine, and rejected ones beside the incidents.

One pass types and rejects all rows. Rejected rows travel in the same stream as the incidents, because
a second pass for them would cost as much as the first: their year is null, and what is to be known of them
stands in text columns that mean nothing else in such a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crime_pipelines.domain.fields import COLUMNS

#: The columns that carry what is to be known of a rejected row, whose year is null.
CARRIERS: Final = {"reason": "case_number", "source_file": "block", "raw_row": "description"}


def raw_columns(width: int) -> list[str]:
    """Return the columns of raw rows.

    Args:
        width: the number of headings.

    Returns:
        A name for each heading.
    """
    return [f"c{at:03d}" for at in range(width)]


def carrying_sql(reason: str, known: Mapping[str, str]) -> list[str]:
    """Select rejected rows in the columns of incidents.

    Args:
        reason: the column of the reason why a row is rejected, NULL for an incident.
        known: for each of `CARRIERS`, a SQL expression of what is to be known of a rejected row.

    Returns:
        Portable SQL expressions of `schema.COLUMNS`, over rows that have them.
    """
    carried = {carrier: known[what] for what, carrier in CARRIERS.items()}
    selected: list[str] = []
    for column in COLUMNS:
        if column in carried:
            selected.append(
                f"CASE WHEN {reason} IS NULL THEN {column} ELSE {carried[column]} END AS {column}"
            )
        elif column == "year":
            selected.append(f"CASE WHEN {reason} IS NULL THEN year END AS year")
        else:
            selected.append(column)
    return selected
