"""Incidents and rejects, as the Parquet files of a run or of the lake hold them."""

from __future__ import annotations

from typing import Final

from crime_pipelines.domain.fields import COLUMNS, FIELD
from crime_pipelines.schema.columns import Column, Table, column_type


def incident_column(name: str) -> Column:
    """Declare a column of an incident.

    Args:
        name: one of `fields.COLUMNS`.

    Returns:
        The column.
    """
    if name == "year":
        return Column(name, "integer", "The year of occurred_at.")
    if name == "unreadable":
        return Column(name, "text", "Fields whose text could not be read, joined by commas.")
    return Column(name, column_type(FIELD[name].kind), FIELD[name].description)


REASON: Final = Column("reason", "text", "Why the row can't become an incident.")
SOURCE_FILE: Final = Column("source_file", "text", "The file that the row stands in.")
RAW_ROW: Final = Column("raw_row", "text", "The row as it stands in the file.")

INCIDENTS: Final = Table(
    "incidents", "A version of an incident.", tuple(incident_column(name) for name in COLUMNS)
)
#: The columns of the lake's Parquet files in order; `year` comes last, from the name of the folder.
LAKE_INCIDENTS: Final = Table(
    "incidents",
    "Versions of incidents of one attempt, in the lake.",
    (*(incident_column(name) for name in COLUMNS if name != "year"), SOURCE_FILE, incident_column("year")),
)
LAKE_REJECTS: Final = Table("rejects", "Rejects of one attempt, in the lake.", (REASON, SOURCE_FILE, RAW_ROW))
