"""An incident as a message: JSON in the API layout."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from crime_pipelines.domain.reading import Incident, read_trimmed
from crime_pipelines.domain.schema import FIELDS, Reason, normal_heading

#: What the API layout calls a field that goes by another name here.
_API_NAMES: Final = {field.name: field.headings[0] for field in FIELDS if field.headings}
_NESTED: Final = frozenset((dict, list))
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
    return read_decoded(found, shift_years)


def text_of(value: float | bool | None) -> str:
    """The text that a value which is no text stands for.

    Args:
        value: a value as JSON has it, neither an object nor an array.

    Returns:
        The text; empty for null.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def read_decoded(
    found: object, shift_years: int, text_of: Callable[[float | bool | None], str] = text_of
) -> Incident | BadMessage:
    """Read a message that is decoded already.

    Args:
        found: what a decoder of JSON made of the payload.
        shift_years: as for `read_message`.
        text_of: `text_of`, or what refuses a value by an error of its own, which is passed on.

    Returns:
        As for `read_message`.
    """
    if not isinstance(found, dict):
        return BadMessage(Reason.MALFORMED_ROW, "not a JSON object")
    plan = _plan(tuple(found))
    if isinstance(plan, BadMessage):
        return plan
    values = plan.pick((*found.values(), ""))
    try:
        texts = [*map(str.strip, values)]
    except TypeError:  # not all of them are texts
        if not _NESTED.isdisjoint(map(type, values)):
            fields = zip(found.items(), plan.names, strict=True)
            heading = next(each for (each, value), name in fields if name and type(value) in _NESTED)
            return BadMessage(Reason.MALFORMED_ROW, f"{heading} is no text")
        texts = [value.strip() if type(value) is str else text_of(value) for value in values]
    read = read_trimmed(texts, shift_years)
    if isinstance(read, Reason):
        return BadMessage(read, f"{read}: {_shown(found, plan.names, read)}")
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


class _Plan(NamedTuple):
    """How the values of a message are read.

    Attributes:
        names: the field of each of its headings.
        pick: takes from its values and one more, which stands for what is absent, those of `schema.FIELDS`.
    """

    names: tuple[str | None, ...]
    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]]


@lru_cache(maxsize=256)
def _plan(headings: tuple[str, ...]) -> _Plan | BadMessage:
    """The plan for these headings. A sender's messages mostly have one of a few sets of headings."""
    names = tuple(_FIELD_OF.get(heading) or _FIELD_OF.get(normal_heading(heading)) for heading in headings)
    for name in names:
        if name is not None and names.count(name) > 1:
            return BadMessage(Reason.MALFORMED_ROW, f"two values for {name}")
    return _Plan(names, itemgetter(*((*names, field.name).index(field.name) for field in FIELDS)))


def _shown(found: Mapping[str, Any], names: tuple[str | None, ...], reason: Reason) -> str:
    field = {
        Reason.MISSING_ID: "id",
        Reason.BAD_ID: "id",
        Reason.BAD_ARREST: "arrest",
    }.get(reason, "occurred_at")
    value = next((value for value, name in zip(found.values(), names, strict=True) if name == field), None)
    shown = value if value is None or isinstance(value, str) else text_of(value)
    return f"{_API_NAMES.get(field, field)} is {shown!r}"
