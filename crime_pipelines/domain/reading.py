"""From a raw row to an incident, or to the reason why it can't be one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from crime_pipelines.domain.areas import community_area
from crime_pipelines.domain.dates import (
    in_calendar_sql,
    is_date_alone,
    is_date_alone_sql,
    parse_datetime,
    parse_shifted,
    shift_sql,
)
from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.fields import COLUMNS, CRITICAL, FIELDS, Kind, Reason
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.locations import normal_location
from crime_pipelines.domain.offences import normal_type
from crime_pipelines.domain.text import WHITESPACE, Trimmed, Untrimmed, clean_sql, literal, without_missing
from crime_pipelines.domain.values import (
    LONGEST_CACHED,
    candidate_sql,
    decimal,
    flag,
    identifier,
    integer,
    is_unreadable,
    is_unreadable_sql,
    missing_sql,
    type_of_value,
    value_sql,
)

_NAMES: Final = tuple(field.name for field in FIELDS)
#: The fields that are null, and told of, where they can't be read; without the critical ones is no incident.
_CHECKED: Final = tuple(
    field
    for field in FIELDS
    if field.name not in CRITICAL and field.kind not in (Kind.TEXT, Kind.PRIMARY_TYPE, Kind.LOCATION)
)
#: Departments publish by the batch: thousands of incidents were updated at the same second.
_updated: Final = lru_cache(maxsize=1 << 12)(parse_shifted)
_texts_checked: Final = itemgetter(*(_NAMES.index(field.name) for field in _CHECKED))


class Incident(NamedTuple):
    """A version of an incident, dates shifted; the fields are those of `fields.COLUMNS`, in order.

    `unreadable` names the fields whose text could not be read, joined by commas; None if there are none.
    """

    id: int
    case_number: str | None
    occurred_at: datetime
    block: str | None
    iucr: str | None
    primary_type: str | None
    description: str | None
    location_description: str | None
    arrest: bool | None
    domestic: bool | None
    beat: str | None
    district: str | None
    ward: int | None
    community_area: int | None
    fbi_code: str | None
    x_coordinate: float | None
    y_coordinate: float | None
    year: int
    updated_on: datetime | None
    latitude: float | None
    longitude: float | None
    shift_years: int
    unreadable: str | None


if Incident._fields != COLUMNS:
    raise AssertionError("an incident's fields are not the columns of the schema")


def read_incident(
    row: Mapping[str, str | None], shift_years: int, layout: Layout = CHICAGO
) -> Incident | Reason:
    """Read one row.

    Args:
        row: the texts of the row by field name (`schema.FIELDS`), as they stand in the file; a field
            that is absent counts as empty.
        shift_years: calendar years to move the dates by; a row that says in `shift_years` that its
            dates have been shifted already keeps them.
        layout: whose areas, spellings and needed fields count; the texts are mapped already.

    Returns:
        The incident, or the first reason why the row can't be one.
    """
    get = row.get
    return read_trimmed([(get(name) or "").strip() for name in _NAMES], shift_years, layout)


def read_trimmed(texts: Sequence[str], shift_years: int, layout: Layout = CHICAGO) -> Incident | Reason:
    """`read_incident` for whoever has the texts in order and trimmed.

    Args:
        texts: the trimmed texts of the row in the order of `schema.FIELDS`, empty where there is none.
        shift_years: as for `read_incident`.
        layout: as for `read_incident`.

    Returns:
        As for `read_incident`.
    """
    texts = without_missing(texts)
    # What `values.value` and `values.is_unreadable` say of each field, spelled out for speed.
    (
        id_text, case_number, occurred, block, iucr, type_text, description, location, arrest_text,
        domestic_text, beat, district, ward_text, area_text, fbi_code, x_text, y_text, updated, latitude_text,
        longitude_text, shift_text,
    ) = texts  # fmt: skip
    number = identifier(id_text)
    occurred_at = parse_shifted(occurred, shift_years)
    arrest = flag(arrest_text) if layout.has_arrests else None
    if number is None or occurred_at is None or (arrest is None and layout.has_arrests):
        return _reason(id_text, number, occurred, occurred_at)
    domestic = flag(domestic_text)
    ward = integer(ward_text)
    area = community_area(area_text, layout.areas)
    x = decimal(x_text)
    y = decimal(y_text)
    updated_on = (_updated if len(updated) <= LONGEST_CACHED else parse_shifted)(updated, shift_years)
    latitude = decimal(latitude_text)
    longitude = decimal(longitude_text)
    carried = unreadable = None
    if (
        domestic is None or ward is None or area is None or x is None or y is None or updated_on is None
        or latitude is None or longitude is None or shift_text
    ):  # fmt: skip
        carried = integer(shift_text)
        found = (domestic, ward, area, x, y, updated_on, latitude, longitude, carried)
        unreadable = _unreadable(texts, found)
        if carried:  # the dates are shifted as they stand
            occurred_at = parse_datetime(occurred) or occurred_at
            updated_on = updated_on and parse_datetime(updated)
    values = (
        number, case_number or None, occurred_at, block or None, iucr or None,
        normal_type(type_text, layout.types), description or None,
        normal_location(location, layout.locations), arrest, domestic, beat or None, district or None,
        ward, area, fbi_code or None, x, y, occurred_at.year, updated_on, latitude, longitude,
        carried or shift_years, unreadable,
    )  # fmt: skip
    return tuple.__new__(Incident, values)


def _unreadable(texts: Sequence[str], found: Sequence[type_of_value | None]) -> str | None:
    """Return the names of the fields that can't be read, of those that may be."""
    named = zip(_CHECKED, _texts_checked(texts), found, strict=True)
    return ",".join(each.name for each, text, value in named if is_unreadable(each.kind, text, value)) or None


def _reason(id_text: str, number: int | None, date_text: str, occurred_at: datetime | None) -> Reason:
    if number is None:
        return Reason.BAD_ID if id_text else Reason.MISSING_ID
    if occurred_at is None:
        if not date_text:
            return Reason.MISSING_DATE
        return Reason.DATE_WITHOUT_TIME if is_date_alone(date_text) else Reason.BAD_DATE
    return Reason.BAD_ARREST


def read_incidents_sql(
    relation: str,
    raw: Mapping[str, str],
    dialect: Dialect,
    shift_years: int,
    also: Sequence[str] = (),
    layout: Layout = CHICAGO,
) -> str:
    """Return the SQL rule of `read_incident`, over a table of raw rows.

    Args:
        relation: a SQL table expression of raw rows, every column text.
        raw: the column of `relation` that holds each field; fields that are absent count as empty.
        dialect: the engine's words for reading text.
        shift_years: as for `read_incident`.
        also: columns of `relation` to pass on.
        layout: as for `read_incident`.

    Returns:
        A SELECT of `schema.COLUMNS`, then `reject_reason` (NULL for an incident), then `also`. Of a row
        with a reason the other columns mean nothing.
    """
    relation, raw = _trimmed(relation, raw, dialect, also)
    present = [field for field in FIELDS if field.name in raw]
    texts = list(dict.fromkeys([*raw.values(), *also]))
    quick = {field.name: candidate_sql(field.kind, raw[field.name], dialect) for field in present}
    candidates = [f"{sql} AS q_{name}" for name, sql in quick.items() if sql]
    query = f"SELECT {', '.join([*candidates, *texts])} FROM {relation}"

    values = [
        f"{value_sql(field.kind, raw[field.name], dialect, candidate, layout)} AS v_{field.name}"
        for field in present
        for candidate in [f"q_{field.name}" if quick[field.name] else None]
    ]
    query = f"SELECT {', '.join([*values, *texts])} FROM ({query}) AS candidates"

    checked = [
        f"CASE WHEN {in_calendar_sql(name, shift_years, dialect)} THEN {name} END AS {name}" if date else name
        for name, date in ((f"v_{field.name}", field.kind is Kind.DATETIME) for field in present)
    ]
    query = f"SELECT {', '.join([*checked, *texts])} FROM ({query}) AS unchecked"

    columns = incident_sql(raw, dialect, shift_years)
    columns["unreadable"] = _unreadable_sql(raw, dialect)
    outer = [f"{columns[column]} AS {column}" for column in COLUMNS]
    outer += [f"{_reason_sql(raw, dialect, layout)} AS reject_reason", *also]
    return f"SELECT {', '.join(outer)} FROM ({query}) AS read_values"


def _trimmed(
    relation: str, raw: Mapping[str, str], dialect: Dialect, also: Sequence[str]
) -> tuple[str, Mapping[str, str]]:
    """Return the texts, trimmed ahead or as far as the dialect says, and their columns."""
    if not dialect.trim:
        return relation, raw
    whitespace = literal(WHITESPACE)
    selected: list[str] = []
    columns: dict[str, str] = {}
    for field in [field for field in FIELDS if field.name in raw]:
        column = raw[field.name]
        trimmed = dialect.trim.format(text=column, whitespace=whitespace)
        if dialect.trims_ahead or field.kind is Kind.TEXT:
            columns[field.name] = Trimmed(f"t_{column}")
            selected.append(f"{trimmed} AS t_{column}")
        else:
            bare = dialect.bare.format(text=column) if dialect.bare else None
            columns[field.name] = Untrimmed(column, trimmed, bare)
            selected.append(column)
    return f"(SELECT {', '.join(dict.fromkeys([*selected, *also]))} FROM {relation}) AS trimmed", columns


def incident_sql(raw: Collection[str], dialect: Dialect, shift_years: int) -> dict[str, str]:
    """Values that follow from others of a row: the shift, the year, and what stands for absent fields.

    Args:
        raw: the fields that are there, as keys; the value of each is in the column ``v_`` with its name.
        dialect: the engine's words.
        shift_years: as for `read_incident`.

    Returns:
        A SQL expression of each of `schema.COLUMNS` but `unreadable`.
    """
    columns = {
        field.name: f"v_{field.name}" if field.name in raw else missing_sql(field.kind, dialect)
        for field in FIELDS
    }
    carried = f"COALESCE({columns['shift_years']}, 0)"
    for name in ("occurred_at", "updated_on"):
        shifted = shift_sql(columns[name], shift_years)
        if "shift_years" in raw:
            shifted = f"CASE WHEN {carried} = 0 THEN {shifted} ELSE {columns[name]} END"
        columns[name] = shifted
    columns["shift_years"] = (
        f"COALESCE(NULLIF({carried}, 0), {shift_years})" if "shift_years" in raw else f"{shift_years}"
    )
    columns["year"] = f"EXTRACT(YEAR FROM {columns['occurred_at']})"
    return columns


def _unreadable_sql(raw: Mapping[str, str], dialect: Dialect) -> str:
    fields = [field for field in _CHECKED if field.name in raw]
    if not fields:
        return "CAST(NULL AS STRING)"
    all_read = " AND ".join(f"v_{field.name} IS NOT NULL" for field in fields)
    names = ", ".join(
        f"CASE WHEN {is_unreadable_sql(field.kind, raw[field.name], f'v_{field.name}', dialect)} "
        f"THEN {literal(',' + field.name)} ELSE '' END"
        for field in fields
    )
    return f"CASE WHEN {all_read} THEN NULL ELSE NULLIF(SUBSTR(CONCAT({names}), 2), '') END"


def _reason_sql(raw: Mapping[str, str], dialect: Dialect, layout: Layout) -> str:
    number, date = (f"({clean_sql(raw[name])})" for name in ("id", "occurred_at"))
    has_arrest = " AND v_arrest IS NOT NULL" * layout.has_arrests
    date_alone = is_date_alone_sql(date, dialect)
    return (
        f"CASE WHEN v_id IS NOT NULL AND v_occurred_at IS NOT NULL{has_arrest} THEN NULL "
        f"WHEN v_id IS NULL AND {number} IS NULL THEN {literal(Reason.MISSING_ID)} "
        f"WHEN v_id IS NULL THEN {literal(Reason.BAD_ID)} "
        f"WHEN v_occurred_at IS NULL AND {date} IS NULL THEN {literal(Reason.MISSING_DATE)} "
        f"WHEN v_occurred_at IS NULL AND {date_alone} THEN {literal(Reason.DATE_WITHOUT_TIME)} "
        f"WHEN v_occurred_at IS NULL THEN {literal(Reason.BAD_DATE)} "
        f"ELSE {literal(Reason.BAD_ARREST)} END"
    )
