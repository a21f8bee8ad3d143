"""The quick reading of plain rows, which nearly all rows of nearly all files are.

A row is plain if each of its texts is missing or in the form that the City writes it in. What is said here of
a plain row is what `reading` says of it; whatever else there may be in a row is left to `reading` to judge.
An engine that is slow with long expressions reads all rows this way first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from crime_pipelines.domain.areas import NO_AREA
from crime_pipelines.domain.dates import in_calendar_sql
from crime_pipelines.domain.dialect import Dialect, Quick
from crime_pipelines.domain.offences import KNOWN_TYPES, RENAMED, renamed_sql
from crime_pipelines.domain.reading import incident_sql
from crime_pipelines.domain.schema import COLUMNS, CRITICAL, FIELDS, Kind
from crime_pipelines.domain.text import literal
from crime_pipelines.domain.values import accepted_sql, candidate_sql

#: What the texts of a plain row are made of: ASCII characters.
PLAIN_CHARACTERS: Final = r"[\x00-\x7f]"
#: The column that says whether a row is plain.
PLAIN: Final = "plain"
_TYPES: Final = ", ".join(map(literal, [*KNOWN_TYPES, *RENAMED]))


def plain_values_sql(
    relation: str, raw: Mapping[str, str], dialect: Dialect, also: Sequence[str] = ()
) -> str:
    """Read each text of a table of raw rows by itself; `plain_sql` says what it is worth.

    Args:
        relation: a SQL table expression of raw rows: text of `PLAIN_CHARACTERS`, NULL where empty.
        raw: the column of `relation` that holds each field; fields that are absent count as empty.
        dialect: the engine's words, with a quick reading of every type.
        also: columns of `relation` to pass on.

    Returns:
        A SELECT of the value of each field in a column ``v_`` with its name, of the texts, and of `also`.

    Raises:
        ValueError: the engine lacks a quick reading.
    """
    values = [
        f"{_quick(field.kind, raw[field.name], '', dialect).candidate} AS v_{field.name}"
        for field in FIELDS
        if field.name in raw
    ]
    return f"SELECT {', '.join([*values, *dict.fromkeys([*raw.values(), *also])])} FROM {relation}"


def plain_sql(
    relation: str, raw: Mapping[str, str], dialect: Dialect, shift_years: int, also: Sequence[str] = ()
) -> str:
    """Tell plain rows from others.

    Args:
        relation: a SQL table expression of what `plain_values_sql` selects.
        raw: as for `plain_values_sql`.
        dialect: as for `plain_values_sql`.
        shift_years: as for `reading.read_incident`.
        also: columns of `relation` to pass on.

    Returns:
        A SELECT of the values, then `PLAIN` (TRUE or FALSE), then `also`.
    """
    conditions: list[str] = []
    values: list[str] = []
    for field in FIELDS:
        if field.name in raw:
            text, value = raw[field.name], f"v_{field.name}"
            accepted = _quick(field.kind, text, value, dialect).accepted
            if field.kind is Kind.DATETIME:
                accepted += f" AND {in_calendar_sql(value, shift_years)}"
            conditions.append(accepted if field.name in CRITICAL else f"({text} IS NULL OR {accepted})")
            values.append(value)
    plain = f"COALESCE({' AND '.join(conditions)}, FALSE) AS {PLAIN}"
    return f"SELECT {', '.join([*values, plain, *also])} FROM {relation}"


def plain_incidents_sql(
    relation: str, raw: Mapping[str, str], dialect: Dialect, shift_years: int, also: Sequence[str] = ()
) -> str:
    """The incidents that plain rows are.

    Args:
        relation: a SQL table expression of what `plain_sql` selects.
        raw: as for `plain_values_sql`.
        dialect: as for `plain_values_sql`.
        shift_years: as for `reading.read_incident`.
        also: columns of `relation` to pass on, such as `PLAIN`.

    Returns:
        A SELECT of `schema.COLUMNS`, then `also`. Of a row that is not plain the columns before mean nothing.
    """
    columns = {**incident_sql(raw, dialect, shift_years), "unreadable": "CAST(NULL AS STRING)"}
    read = [f"{columns[column]} AS {column}" for column in COLUMNS]
    return f"SELECT {', '.join([*read, *also])} FROM {relation}"


def _quick(kind: Kind, text: str, value: str, dialect: Dialect) -> Quick:
    """The value of a text, and the condition that it is right."""
    if kind is Kind.TEXT:
        # All white space of ASCII comes before '!'.
        return Quick(text, f"{text} >= '!' AND SUBSTR({text}, -1) >= '!'")
    if kind is Kind.PRIMARY_TYPE:
        return Quick(renamed_sql(text), f"{text} IN ({_TYPES})")
    if kind is Kind.FLAG:
        return Quick(f"{text} = 'true'", f"{text} IN ('true', 'false')")
    candidate = candidate_sql(kind, text, dialect)
    if candidate is None:
        raise ValueError(f"{dialect.name} has no quick reading of a field of kind {kind}")
    accepted = accepted_sql(kind, text, dialect, value)
    if kind is Kind.AREA:
        # The City's own way of saying that the area is not known.
        return Quick(f"NULLIF({candidate}, 0)", f"({text} = '{NO_AREA}' OR {accepted})")
    return Quick(candidate, accepted)
