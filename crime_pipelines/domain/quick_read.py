"""The quick reading of plain rows, which nearly all rows of nearly all files are.

A row is plain if each of its texts is missing or in the form that the City writes it in. What is said here of
a plain row is what `reading` says of it; whatever else there may be in a row is left to `reading` to judge.
An engine that is slow with long expressions reads all rows this way first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from crime_pipelines.domain.areas import NO_AREA
from crime_pipelines.domain.dates import in_calendar_sql
from crime_pipelines.domain.dialect import Dialect, Quick
from crime_pipelines.domain.fields import COLUMNS, CRITICAL, DELETED, FIELDS, Kind
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.reading import incident_sql
from crime_pipelines.domain.text import SURELY_PRESENT, literal
from crime_pipelines.domain.values import PLAIN_FALSE, PLAIN_TRUE, accepted_sql, candidate_sql

#: What the texts of a plain row are made of: ASCII characters.
PLAIN_CHARACTERS: Final = r"[\x00-\x7f]"
#: The kinds whose text alone says whether it is in the City's form; the condition is never NULL.
_JUDGED_BY_TEXT: Final = (Kind.TEXT, Kind.PRIMARY_TYPE, Kind.LOCATION, Kind.FLAG)
_TRUE: Final = literal(PLAIN_TRUE)
_FALSE: Final = literal(PLAIN_FALSE)


def plain_sql(
    raw: Mapping[str, str], dialect: Dialect, shift_years: int, layout: Layout = CHICAGO
) -> tuple[dict[str, str], str]:
    """Read each text of a raw row by itself, and tell a plain row from others.

    Args:
        raw: a SQL expression of the text of each field, and of `DELETED`: `PLAIN_CHARACTERS`, empty where
            there is none, never NULL; fields that are absent count as empty.
        dialect: the engine's words, with a quick reading of every type.
        shift_years: as for `reading.read_incident`.
        layout: as for `reading.read_incident`.

    Returns:
        A SQL expression of each field's value, and a condition, never NULL, that the row is plain. Of a row
        that is not the values mean nothing.

    Raises:
        ValueError: the engine lacks a quick reading.
    """
    values: dict[str, str] = {}
    conditions: list[str] = []
    for field in FIELDS:
        if field.name in raw:
            text = raw[field.name]
            value, accepted = _quick(field.kind, text, dialect, layout)
            if field.kind is Kind.DATETIME:
                accepted += f" AND {in_calendar_sql(value, shift_years, dialect)}"
            if field.kind not in _JUDGED_BY_TEXT:
                accepted = f"COALESCE({accepted}, FALSE)"
            conditions.append(accepted if field.name in CRITICAL else f"({text} = '' OR {accepted})")
            values[field.name] = value
    if DELETED in raw:
        conditions.append(f"{raw[DELETED]} IN ('', {_FALSE})")
    return values, f"({' AND '.join(conditions)})"


def plain_incidents_sql(
    relation: str, raw: Collection[str], dialect: Dialect, shift_years: int, also: Sequence[str] = ()
) -> str:
    """Return the incidents that plain rows are.

    Args:
        relation: a SQL table expression of the values that `plain_sql` reads, each in a column ``v_`` with
            its field's name.
        raw: the fields that are there.
        dialect: as for `plain_sql`.
        shift_years: as for `plain_sql`.
        also: columns of `relation` to pass on.

    Returns:
        A SELECT of `schema.COLUMNS`, then `also`. Of a row that is not plain the columns before mean nothing.
    """
    columns = {**incident_sql(raw, dialect, shift_years), "unreadable": "CAST(NULL AS STRING)"}
    read = [f"{columns[column]} AS {column}" for column in COLUMNS]
    return f"SELECT {', '.join([*read, *also])} FROM {relation}"


def _quick(kind: Kind, text: str, dialect: Dialect, layout: Layout) -> Quick:
    """Return the value of a text, and the condition that it is right, unless the text is empty."""
    if kind is Kind.TEXT:
        # All white space of ASCII comes before '!'.
        visible_end = dialect.visible_end.format(text=text)
        present = SURELY_PRESENT.format(text=text, length=dialect.byte_length)
        return Quick(f"NULLIF({text}, '')", f"({text} >= '!' AND {visible_end} AND {present})")
    if kind in (Kind.PRIMARY_TYPE, Kind.LOCATION):
        known = layout.types if kind is Kind.PRIMARY_TYPE else layout.locations
        names = ", ".join(map(literal, [*known.known, *known.renamings]))
        # Where a layout lists no names, no row is plain.
        is_known = f"{text} IN ({names})" if names else "FALSE"
        return Quick(f"NULLIF({dialect.renamed(text, known.renamings)}, '')", is_known)
    if kind is Kind.FLAG:
        return Quick(
            f"CASE {text} WHEN {_TRUE} THEN TRUE WHEN {_FALSE} THEN FALSE END",
            f"{text} IN ({_TRUE}, {_FALSE})",
        )
    candidate = candidate_sql(kind, text, dialect)
    if candidate is None:
        raise ValueError(f"{dialect.name} has no quick reading of a field of kind {kind}")
    accepted = accepted_sql(kind, text, dialect, candidate, layout)
    if kind is Kind.AREA:
        # The City's own way of saying that the area is not known.
        return Quick(f"NULLIF({candidate}, 0)", f"({text} = '{NO_AREA}' OR {accepted})")
    return Quick(candidate, accepted)
