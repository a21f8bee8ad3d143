"""An incident as a message: JSON in the API layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from crime_pipelines.domain.reading import Incident, read_incident
from crime_pipelines.domain.schema import FIELDS, Reason, normal_heading

#: What the API layout calls a field that goes by another name here.
_API_NAMES: Final = {field.name: field.headings[0] for field in FIELDS if field.headings}
_FIELD_OF: Final = {heading: field.name for field in FIELDS for heading in (field.name, *field.headings)}


@dataclass(frozen=True, slots=True)
class BadMessage:
    """Why a message can't become an incident.

    Attributes:
        reason: the reason, as for a row.
        error: what is wrong, in words.
    """

    reason: Reason
    error: str


def read_message(payload: bytes, shift_years: int) -> Incident | BadMessage:
    """Read a message.

    Args:
        payload: a JSON object in UTF-8, fields by their headings in the API layout or the file layout; what
            is not a field is passed over, and a field that is absent counts as empty.
        shift_years: calendar years to move the dates by; see `read_incident`.

    Returns:
        The incident, or why there is none.
    """
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return BadMessage(Reason.MALFORMED_ROW, f"not JSON: {error}")
    if not isinstance(found, dict):
        return BadMessage(Reason.MALFORMED_ROW, "not a JSON object")
    names = _names(tuple(found))
    if isinstance(names, BadMessage):
        return names
    row: dict[str, str | None] = {}
    for (heading, value), name in zip(found.items(), names, strict=True):
        if name is None:
            continue
        if value is None or isinstance(value, str):
            row[name] = value
        elif isinstance(value, dict | list):
            return BadMessage(Reason.MALFORMED_ROW, f"{heading} is no text")
        else:
            row[name] = _text(value)
    read = read_incident(row, shift_years)
    if isinstance(read, Reason):
        return BadMessage(read, f"{read}: {_shown(row, read)}")
    return read


def write_message(row: Mapping[str, str | None]) -> bytes:
    """A message in the API layout.

    Args:
        row: the texts of a row by field name; empty ones are left out, as the API does.

    Returns:
        JSON in UTF-8, from which `read_message` reads what `read_incident` reads from the row.
    """
    fields = {_API_NAMES.get(name, name): text for name, text in row.items() if text}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=256)
def _names(headings: tuple[str, ...]) -> tuple[str | None, ...] | BadMessage:
    """The field of each heading. A sender's messages mostly have one of a few sets of headings."""
    names = tuple(_FIELD_OF.get(heading) or _FIELD_OF.get(normal_heading(heading)) for heading in headings)
    for name in names:
        if name is not None and names.count(name) > 1:
            return BadMessage(Reason.MALFORMED_ROW, f"two values for {name}")
    return names


def _text(value: float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _shown(row: Mapping[str, str | None], reason: Reason) -> str:
    field = {
        Reason.MISSING_ID: "id",
        Reason.BAD_ID: "id",
        Reason.BAD_ARREST: "arrest",
    }.get(reason, "occurred_at")
    return f"{_API_NAMES.get(field, field)} is {row.get(field)!r}"
