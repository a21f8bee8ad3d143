"""Incidents and deletions as rows with a Beam schema, which SQL and other languages understand."""

# No postponed annotations, and no `str | None`, here: Beam makes the schema of the types as they stand.

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple, Optional

import pyarrow as pa
from apache_beam import coders

from crime_pipelines.domain.fields import COLUMNS, FIELDS, Kind
from crime_pipelines.schema.incidents import INCIDENTS


class Incident(NamedTuple):
    """A version of an incident, or the current one; the columns are those of `domain.fields.COLUMNS`.

    Moments are text, ``YYYY-MM-DDTHH:MM:SS`` with a fraction where there is one: local civil time has no
    zone, and Beam's own timestamps are instants.

    Attributes:
        id: the incident's key.
        case_number: the department's records number; one per victim.
        occurred_at: when it occurred, local civil time, shifted; None for a tombstone, a version which says
            that the incident is deleted.
        block: the block's address, its last digits masked.
        iucr: Illinois Uniform Crime Reporting code.
        primary_type: the type of crime, in its normal form.
        description: the type's subdivision.
        location_description: what kind of place it happened at, in its normal form.
        arrest: whether an arrest was made.
        domestic: whether it was domestic-related.
        beat: the police beat.
        district: the police district.
        ward: the City Council's ward.
        community_area: the area's number; None where unknown.
        fbi_code: the FBI's code of the offence.
        x_coordinate: Illinois East state plane, NAD 1983, feet.
        y_coordinate: likewise.
        year: the year of occurred_at; of a tombstone that of updated_on.
        updated_on: when this version was published, shifted.
        latitude: degrees north.
        longitude: degrees east.
        shift_years: calendar years that the dates have been shifted by.
        unreadable: fields whose text could not be read, joined by commas.
    """

    id: int
    case_number: Optional[str]
    occurred_at: Optional[str]
    block: Optional[str]
    iucr: Optional[str]
    primary_type: Optional[str]
    description: Optional[str]
    location_description: Optional[str]
    arrest: Optional[bool]
    domestic: Optional[bool]
    beat: Optional[str]
    district: Optional[str]
    ward: Optional[int]
    community_area: Optional[int]
    fbi_code: Optional[str]
    x_coordinate: Optional[float]
    y_coordinate: Optional[float]
    year: int
    updated_on: Optional[str]
    latitude: Optional[float]
    longitude: Optional[float]
    shift_years: int
    unreadable: Optional[str]


class Deletion(NamedTuple):
    """An incident that the department has withdrawn.

    Attributes:
        id: the incident's key.
        updated_on: when it was withdrawn, shifted, as text like an incident's moments.
    """

    id: int
    updated_on: Optional[str]


_MOMENTS: Final = tuple(COLUMNS.index(field.name) for field in FIELDS if field.kind is Kind.DATETIME)
_SCHEMA: Final = INCIDENTS.arrow_schema()

for _row in (Incident, Deletion):
    coders.registry.register_coder(_row, coders.RowCoder)


def rows_of(table: pa.Table) -> Iterator[Incident]:
    """Take a table apart.

    Args:
        table: incidents, of schema `schema.incidents.INCIDENTS`.

    Yields:
        Its rows.
    """
    columns: list[list[Any]] = [table[name].to_pylist() for name in COLUMNS]
    for index in _MOMENTS:
        columns[index] = [moment and moment.isoformat() for moment in columns[index]]
    yield from map(Incident._make, zip(*columns, strict=True))


def table_of(incidents: Iterable[Incident]) -> pa.Table:
    """Put rows together.

    Args:
        incidents: the rows.

    Returns:
        A table of schema `schema.incidents.INCIDENTS`.

    Raises:
        ValueError: a moment is none.
        pyarrow.ArrowException: a value does not fit its column.
    """
    columns: list[list[Any]] = [list(column) for column in zip(*incidents, strict=True)]
    if not columns:
        return _SCHEMA.empty_table()
    for index in _MOMENTS:
        columns[index] = [text and datetime.fromisoformat(text) for text in columns[index]]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)
