"""From a raw row to an incident, or to the reason why it can't be one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from crime_pipelines.domain.dates import in_calendar_sql, is_date_alone, is_date_alone_sql, shift, shift_sql
from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.schema import COLUMNS, CRITICAL, FIELDS, Kind, Reason
from crime_pipelines.domain.text import WHITESPACE, Trimmed, Untrimmed, clean, clean_sql, literal
from crime_pipelines.domain.values import candidate_sql, is_unreadable, is_unreadable_sql, reader, value_sql

_NAMES: Final = tuple(field.name for field in FIELDS)
_OCCURRED: Final = _NAMES.index("occurred_at")
_DATES: Final = (_OCCURRED, _NAMES.index("updated_on"))
_SHIFTED: Final = _NAMES.index("shift_years")
#: Where the year goes, which is no field of a row.
_YEAR: Final = COLUMNS.index("year")
#: Of each field: its name, its kind, what reads its trimmed text (None: it is the text), if it is critical.
_PLAN: Final = tuple(
    (each.name, each.kind, None if each.kind is Kind.TEXT else reader(each.kind), each.name in CRITICAL)
    for each in FIELDS
)
if (*_NAMES[:_YEAR], "year", *_NAMES[_YEAR:], "unreadable") != COLUMNS:
    raise AssertionError("the columns are not the fields with year and unreadable")


@dataclass(frozen=True, slots=True)
class Incident:
    """One version of an incident, dates shifted; the fields are those of `schema.COLUMNS`, in order.

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
    arrest: bool
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


def read_incident(row: Mapping[str, str | None], shift_years: int) -> Incident | Reason:
    """Read one row.

    Args:
        row: the texts of the row by field name (`schema.FIELDS`), as they stand in the file; a field
            that is absent counts as empty.
        shift_years: calendar years to move the dates by; a row that says in `shift_years` that its
            dates have been shifted already keeps them.

    Returns:
        The incident, or the first reason why the row can't be one.
    """
    # Field by field as `values.value` and `values.is_unreadable` say; in one go, as this is the path of every
    # message.
    values: list[Any] = []
    unreadable: list[str] = []
    lacking = False
    get = row.get
    for name, kind, read, critical in _PLAN:
        text = get(name)
        if text is None or not (text := text.strip()):
            values.append(None)
            lacking = lacking or critical
            continue
        found = text if read is None else read(text)
        if isinstance(found, datetime) and not 1 <= found.year + shift_years <= 9999:
            found = None
        if found is None:
            if critical:
                lacking = True
            elif is_unreadable(kind, text, None):
                unreadable.append(name)
        values.append(found)
    if lacking:
        return _reason(row, dict(zip(_NAMES, values, strict=True)))
    carried = values[_SHIFTED] or 0
    if not carried:
        values[_SHIFTED] = shift_years
        for at in _DATES:
            if values[at] is not None:
                values[at] = shift(values[at], shift_years)
    values.insert(_YEAR, values[_OCCURRED].year)
    values.append(",".join(unreadable) or None)
    return Incident(*values)


def _reason(row: Mapping[str, str | None], values: Mapping[str, object]) -> Reason:
    if values["id"] is None:
        return Reason.MISSING_ID if clean(row.get("id")) is None else Reason.BAD_ID
    if values["occurred_at"] is None:
        text = clean(row.get("occurred_at"))
        if text is None:
            return Reason.MISSING_DATE
        return Reason.DATE_WITHOUT_TIME if is_date_alone(text) else Reason.BAD_DATE
    return Reason.BAD_ARREST


def read_incidents_sql(
    relation: str,
    raw: Mapping[str, str],
    dialect: Dialect,
    shift_years: int,
    also: Sequence[str] = (),
) -> str:
    """The SQL face of `read_incident`, over a table of raw rows.

    Args:
        relation: a SQL table expression of raw rows, every column text.
        raw: the column of `relation` that holds each field; fields that are absent count as empty.
        dialect: the engine's words for reading text.
        shift_years: as for `read_incident`.
        also: columns of `relation` to pass on.

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
        f"{value_sql(field.kind, raw[field.name], dialect, f'q_{field.name}' if quick[field.name] else None)}"
        f" AS v_{field.name}"
        for field in present
    ]
    query = f"SELECT {', '.join([*values, *texts])} FROM ({query}) AS candidates"

    checked = [
        f"CASE WHEN {in_calendar_sql(name, shift_years)} THEN {name} END AS {name}" if date else name
        for name, date in ((f"v_{field.name}", field.kind is Kind.DATETIME) for field in present)
    ]
    query = f"SELECT {', '.join([*checked, *texts])} FROM ({query}) AS unchecked"

    columns = incident_sql(raw, dialect, shift_years)
    columns["unreadable"] = _unreadable_sql(raw)
    outer = [f"{columns[column]} AS {column}" for column in COLUMNS]
    outer += [f"{_reason_sql(raw, dialect)} AS reject_reason", *also]
    return f"SELECT {', '.join(outer)} FROM ({query}) AS read_values"


def _trimmed(
    relation: str, raw: Mapping[str, str], dialect: Dialect, also: Sequence[str]
) -> tuple[str, Mapping[str, str]]:
    """The texts, trimmed ahead or as far as the dialect says, and their columns."""
    if not dialect.trim:
        return relation, raw
    whitespace = literal(WHITESPACE)
    selected: list[str] = []
    columns: dict[str, str] = {}
    for field in FIELDS:
        if field.name not in raw:
            continue
        column = raw[field.name]
        trimmed = dialect.trim.format(text=column, whitespace=whitespace)
        if dialect.trims_ahead or field.kind is Kind.TEXT:
            columns[field.name] = Trimmed(f"t_{column}")
            selected.append(f"{trimmed} AS t_{column}")
        else:
            columns[field.name] = Untrimmed(column, trimmed)
            selected.append(column)
    return f"(SELECT {', '.join(dict.fromkeys([*selected, *also]))} FROM {relation}) AS trimmed", columns


def incident_sql(raw: Collection[str], dialect: Dialect, shift_years: int) -> dict[str, str]:
    """What becomes of the values of a row: the shift, the year, and what stands for absent fields.

    Args:
        raw: the fields that are there, as keys; the value of each is in the column ``v_`` with its name.
        dialect: the engine's words.
        shift_years: as for `read_incident`.

    Returns:
        A SQL expression of each of `schema.COLUMNS` but `unreadable`.
    """
    columns = {
        field.name: f"v_{field.name}" if field.name in raw else _missing(field.kind, dialect)
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


def _missing(kind: Kind, dialect: Dialect) -> str:
    sql_type = {
        Kind.DATETIME: dialect.types["datetime"],
        Kind.FLAG: "BOOLEAN",
        Kind.INTEGER: dialect.types["integer"],
        Kind.AREA: dialect.types["integer"],
        Kind.DECIMAL: dialect.types["decimal"],
    }.get(kind, "STRING")
    return f"CAST(NULL AS {sql_type})"


def _unreadable_sql(raw: Mapping[str, str]) -> str:
    fields = [
        field
        for field in FIELDS
        if field.name in raw
        and field.name not in CRITICAL
        and field.kind not in (Kind.TEXT, Kind.PRIMARY_TYPE)  # text can always be read
    ]
    if not fields:
        return "CAST(NULL AS STRING)"
    all_read = " AND ".join(f"v_{field.name} IS NOT NULL" for field in fields)
    names = ", ".join(
        f"CASE WHEN {is_unreadable_sql(field.kind, raw[field.name], f'v_{field.name}')} "
        f"THEN {literal(',' + field.name)} ELSE '' END"
        for field in fields
    )
    return f"CASE WHEN {all_read} THEN NULL ELSE NULLIF(SUBSTR(CONCAT({names}), 2), '') END"


def _reason_sql(raw: Mapping[str, str], dialect: Dialect) -> str:
    cleaned = {name: f"({clean_sql(raw[name])})" for name in CRITICAL}
    date = cleaned["occurred_at"]
    date_alone = is_date_alone_sql(date, dialect)
    return (
        f"CASE WHEN v_id IS NOT NULL AND v_occurred_at IS NOT NULL AND v_arrest IS NOT NULL THEN NULL "
        f"WHEN v_id IS NULL AND {cleaned['id']} IS NULL THEN {literal(Reason.MISSING_ID)} "
        f"WHEN v_id IS NULL THEN {literal(Reason.BAD_ID)} "
        f"WHEN v_occurred_at IS NULL AND {date} IS NULL THEN {literal(Reason.MISSING_DATE)} "
        f"WHEN v_occurred_at IS NULL AND {date_alone} THEN {literal(Reason.DATE_WITHOUT_TIME)} "
        f"WHEN v_occurred_at IS NULL THEN {literal(Reason.BAD_DATE)} "
        f"ELSE {literal(Reason.BAD_ARREST)} END"
    )
