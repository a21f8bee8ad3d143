"""The current version of an incident, among several.

The order is total on everything a version says, so versions merge in any order and a repeat changes
nothing: the latest `updated_on` wins, of equal ones a tombstone, ties go by the fields that the answers read,
then by the rest.

As a row beside incidents, a tombstone has no `occurred_at`, which every incident has; its year is that of
`updated_on`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from crime_pipelines.domain.dates import parse_datetime, parse_shifted
from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.fields import COLUMNS, DELETED, FIELDS, Kind, Reason
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.reading import Incident, read_incidents_sql, read_trimmed
from crime_pipelines.domain.text import WHITESPACE, Trimmed, clean_sql, literal, without_missing
from crime_pipelines.domain.values import flag, identifier, integer, is_unreadable_sql, value_sql

_FIRST: Final = (
    "updated_on",
    "occurred_at",
    "arrest",
    "primary_type",
    "location_description",
    "community_area",
    "fbi_code",
)
#: The fields by which versions are compared, weightiest first. Null is least, text goes by code point,
#: false comes before true.
PRECEDENCE: Final = _FIRST + tuple(name for name in COLUMNS if name not in (*_FIRST, "id"))
_by_precedence: Final = itemgetter(*map(COLUMNS.index, PRECEDENCE))


class Tombstone(NamedTuple):
    """A version that says the incident is deleted.

    Attributes:
        id: the incident's key.
        updated_on: when it was published, shifted; null is earliest.
        shift_years: calendar years that the date has been shifted by.
    """

    id: int
    updated_on: datetime | None
    shift_years: int


V = TypeVar("V", bound=Incident | Tombstone)


def version_key(version: Incident | Tombstone) -> tuple[tuple[bool, Any], ...]:
    """Return the key by which versions of one incident are ordered; the greatest counts.

    Args:
        version: a version of the incident.

    Returns:
        A tuple that compares with those of other versions.
    """
    deleted = type(version) is Tombstone
    values = (version.updated_on,) if deleted else _by_precedence(version)
    key = [(False, "") if value is None else (True, value) for value in values]
    key.insert(1, (True, deleted))
    return tuple(key)


def latest(one: V, other: V) -> V:
    """Return the version that counts; associative, commutative and idempotent.

    Args:
        one: a version.
        other: a version of the same incident.

    Returns:
        The one of the two that supersedes the other.

    Raises:
        ValueError: the two are versions of different incidents.
    """
    if one.id != other.id:
        raise ValueError(f"versions of different incidents: {one.id} and {other.id}")
    return max(one, other, key=version_key)


#: The SQL rule of `version_key`: what to ORDER BY within one id so that the version that counts is first.
LATEST_FIRST: Final = ", ".join(f"{name} DESC NULLS LAST" for name in PRECEDENCE).replace(
    ",", ", (occurred_at IS NULL) DESC,", 1
)

_NAMES: Final = tuple(field.name for field in FIELDS)
_of_tombstone: Final = itemgetter(*map(_NAMES.index, ("id", "updated_on", "shift_years")))
#: The columns that mean something in a tombstone's row.
_SAID: Final = ("id", "updated_on", "shift_years")


def is_deleted(text: str) -> bool | None:
    """Read what a row says of its incident's deletion.

    Args:
        text: the trimmed text; empty where nothing says so.

    Returns:
        Whether the row is a tombstone; None if the text can't be read.
    """
    (known,) = without_missing([text])
    return flag(known) if known else False


def read_tombstone(texts: Sequence[str], shift_years: int) -> Tombstone | Reason:
    """Read a row that says the incident is deleted.

    Args:
        texts: as for `reading.read_trimmed`; all but three of them are passed over.
        shift_years: as for `reading.read_incident`.

    Returns:
        The tombstone, or the first reason why the row can't be one.
    """
    id_text, updated, shift_text = without_missing(_of_tombstone(texts))
    number = identifier(id_text)
    if number is None:
        return Reason.BAD_ID if id_text else Reason.MISSING_ID
    updated_on = parse_shifted(updated, shift_years)
    carried = integer(shift_text)
    if updated_on is not None and carried:  # the date is shifted as it stands
        updated_on = parse_datetime(updated)
    if updated_on is None:
        return Reason.BAD_DATE if updated else Reason.MISSING_DATE
    return Tombstone(number, updated_on, carried or shift_years)


def read_version(
    row: Mapping[str, str | None], shift_years: int, layout: Layout = CHICAGO
) -> Incident | Tombstone | Reason:
    """Read one row that may say the incident is deleted.

    Args:
        row: as for `reading.read_incident`, and `DELETED`.
        shift_years: as for `reading.read_incident`.
        layout: as for `reading.read_incident`.

    Returns:
        The incident or its tombstone, or the first reason why the row can't be either.
    """
    texts = [(row.get(name) or "").strip() for name in _NAMES]
    deleted = is_deleted((row.get(DELETED) or "").strip())
    if deleted:
        return read_tombstone(texts, shift_years)
    found = read_trimmed(texts, shift_years, layout)
    if deleted is None and isinstance(found, Incident):
        return found._replace(unreadable=",".join(filter(None, (found.unreadable, DELETED))))
    return found


def read_versions_sql(
    relation: str,
    raw: Mapping[str, str],
    dialect: Dialect,
    shift_years: int,
    also: Sequence[str] = (),
    layout: Layout = CHICAGO,
) -> str:
    """Return the SQL rule of `read_version`, over a table of raw rows.

    Args:
        relation: as for `reading.read_incidents_sql`.
        raw: as for `reading.read_incidents_sql`, and the column of `DELETED` where there is one.
        dialect: as for `reading.read_incidents_sql`.
        shift_years: as for `reading.read_incidents_sql`.
        also: columns of `relation` to pass on.
        layout: as for `reading.read_incidents_sql`.

    Returns:
        A SELECT as of `reading.read_incidents_sql`, tombstones among the incidents.
    """
    if DELETED not in raw:
        return read_incidents_sql(relation, raw, dialect, shift_years, also, layout)
    fields = {name: column for name, column in raw.items() if name != DELETED}
    texts = [raw[name] for name in (DELETED, "updated_on") if name in raw]
    passed_on = list(dict.fromkeys([*also, *texts]))
    read = read_incidents_sql(relation, fields, dialect, shift_years, passed_on, layout)
    text = _trimmed(raw[DELETED], dialect)
    flagged = f"SELECT *, {value_sql(Kind.FLAG, text, dialect)} AS v_deleted FROM ({read}) AS incidents_read"
    unreadable = is_unreadable_sql(Kind.FLAG, text, "v_deleted", dialect)
    columns = {name: f"CASE WHEN v_deleted THEN NULL ELSE {name} END" for name in COLUMNS}
    columns |= {name: name for name in _SAID}
    columns["year"] = "CASE WHEN v_deleted THEN EXTRACT(YEAR FROM updated_on) ELSE year END"
    columns["unreadable"] = (
        f"CASE WHEN v_deleted THEN NULL WHEN {unreadable} "
        f"THEN CASE WHEN unreadable IS NULL THEN {literal(DELETED)} "
        f"ELSE CONCAT(unreadable, {literal(',' + DELETED)}) END ELSE unreadable END"
    )
    updated = clean_sql(_trimmed(raw["updated_on"], dialect)) if "updated_on" in raw else "NULL"
    missing, bad = literal(Reason.MISSING_ID), literal(Reason.BAD_ID)
    reason = (
        f"CASE WHEN COALESCE(v_deleted, FALSE) = FALSE OR reject_reason = {missing} OR reject_reason = {bad} "
        f"THEN reject_reason WHEN updated_on IS NOT NULL THEN NULL "
        f"WHEN {updated} IS NULL THEN {literal(Reason.MISSING_DATE)} ELSE {literal(Reason.BAD_DATE)} END"
    )
    selected = [f"{sql} AS {name}" for name, sql in columns.items()]
    selected += [f"{reason} AS reject_reason", *also]
    return f"SELECT {', '.join(selected)} FROM ({flagged}) AS flagged"


def _trimmed(column: str, dialect: Dialect) -> str:
    if not dialect.trim:
        return column
    return Trimmed(dialect.trim.format(text=column, whitespace=literal(WHITESPACE)))
