"""An incident, or its deletion, as a message: JSON in the API layout.

A sender chooses everything in a message, so everything is bounded: its size, depth, number of headings, shift
and dates, and what a key or a text may be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crime_pipelines.domain.dates import shift
from crime_pipelines.domain.fields import DELETED, FIELDS, Reason
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.message_plan import plan_of
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.reading import Incident, read_trimmed
from crime_pipelines.domain.values import integer
from crime_pipelines.domain.versions import Tombstone, is_deleted, read_tombstone

#: Bytes of a message, as of a record of a file.
MOST_BYTES: Final = 262_144
#: Objects and arrays within one another; the API's own fields nest two.
MOST_DEPTH: Final = 8
MOST_HEADINGS: Final = 256
MOST_SHIFT_YEARS: Final = 1_000
#: An incident or its version is dated at most so long after its message was published: zones, and clocks.
LATEST_AFTER_PUBLICATION: Final = timedelta(days=1)
#: What the API layout calls a field that goes by another name here.
_API_NAMES: Final = {field.name: field.headings[0] for field in FIELDS if field.headings}
#: The attribute that names the department of a message; one without it is of its stream's department.
DEPARTMENT: Final = "department"
#: The reason of a dead letter that is a message of another department.
OTHER_DEPARTMENT: Final = "other_department"
#: The reason of a dead letter whose row the warehouse refuses.
REFUSED: Final = "refused_by_warehouse"
_NESTED: Final = frozenset((dict, list))


@dataclass(frozen=True, slots=True)
class BadMessage:
    """Why a message can't become an incident.

    Attributes:
        reason: the reason, as for a row.
        error: what is wrong, in words.
    """

    reason: Reason
    error: str


class _TwiceError(ValueError):
    """A key that an object has twice."""


def read_message(
    payload: bytes, shift_years: int, layout: Layout = CHICAGO, published_at: datetime | None = None
) -> Incident | Tombstone | BadMessage:
    """Read a message.

    Args:
        payload: a JSON object in UTF-8, fields by their headings in the API layout or the file layout; what
            is not a field is passed over, and a field that is absent counts as empty.
        shift_years: calendar years to move the dates by; see `read_incident`.
        layout: the department's layout, by whose headings its fields may go as well.
        published_at: when the message was published, with its zone; None if dates are not to be held
            against it.

    Returns:
        The incident, its deletion, or why there is neither.
    """
    if len(payload) > MOST_BYTES:
        return _malformed(f"{len(payload):,} bytes are more than {MOST_BYTES:,}")
    try:
        found = json.loads(payload.decode("utf-8-sig"), object_pairs_hook=_object)
        if b"\\u" in payload:
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _malformed("half a surrogate pair, which is no text")
    except _TwiceError as error:
        return _malformed(f"two values for {str(error)[:100]!r}")
    except RecursionError:
        return _malformed(f"nested deeper than {MOST_DEPTH}")
    except ValueError as error:
        return _malformed(f"not JSON: {error}")
    return read_decoded(found, shift_years, text_of, layout, published_at)


def text_of(value: float | bool | None) -> str:
    """Return the text that a value which is no text stands for.

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
    found: object,
    shift_years: int,
    text_of: Callable[[float | bool | None], str] = text_of,
    layout: Layout = CHICAGO,
    published_at: datetime | None = None,
) -> Incident | Tombstone | BadMessage:
    """Read a message that is decoded already, and holds no key twice and no half a surrogate pair.

    Args:
        found: what a decoder of JSON made of the payload.
        shift_years: as for `read_message`.
        text_of: `text_of`, or what refuses a value by an error of its own, which is passed on.
        layout: as for `read_message`.
        published_at: as for `read_message`.

    Returns:
        As for `read_message`.
    """
    if not isinstance(found, dict):
        return _malformed("not a JSON object")
    if len(found) > MOST_HEADINGS:
        return _malformed(f"{len(found):,} headings are more than {MOST_HEADINGS}")
    nested = not _NESTED.isdisjoint(map(type, found.values()))
    if nested and _is_deeper(found, MOST_DEPTH):
        return _malformed(f"nested deeper than {MOST_DEPTH}")
    plan = plan_of(tuple(found), layout)
    if plan.repeated:
        return _malformed(f"two values for {plan.repeated}")
    values = plan.pick((*found.values(), ""))
    try:
        texts = [*map(str.strip, values)]
    except TypeError:  # not all of them are texts
        if not _NESTED.isdisjoint(map(type, values)):
            fields = zip(found.items(), plan.names, strict=True)
            heading = next(each for (each, value), name in fields if name and type(value) in _NESTED)
            return _malformed(f"{heading} is no text")
        texts = [value.strip() if type(value) is str else text_of(value) for value in values]
    deleted = is_deleted(texts.pop())
    if deleted is None:
        return _malformed(f"deleted is {_shown(found, plan.names, DELETED)}")
    if plan.columns:
        texts = [column.text(texts).strip() for column in plan.columns]
    carried = integer(texts[_SHIFT]) or 0
    if not -MOST_SHIFT_YEARS <= carried <= MOST_SHIFT_YEARS:
        return _malformed(f"shift_years is {_shown(found, plan.names, 'shift_years')}")
    read = read_tombstone(texts, shift_years) if deleted else read_trimmed(texts, shift_years, layout)
    if isinstance(read, Reason):
        field = _FIELD_OF.get(read, "updated_on" if deleted else "occurred_at")
        told = f"{_API_NAMES.get(field, field)} is {_shown(found, plan.names, field)}"
        return BadMessage(read, f"{read}: {told}")
    misdated = _misdated(read, published_at)
    if misdated:
        field, why = misdated
        told = f"{_API_NAMES.get(field, field)} is {_shown(found, plan.names, field)}"
        return BadMessage(Reason.BAD_DATE, f"{Reason.BAD_DATE}: {told}, {why}")
    return read


def write_message(row: Mapping[str, str | None]) -> bytes:
    """Return a message in the API layout.

    Args:
        row: the texts of a row by field name; empty ones are left out, as the API does.

    Returns:
        JSON in UTF-8, from which `read_message` reads what `read_incident` reads from the row.
    """
    fields = {_API_NAMES.get(name, name): text for name, text in row.items() if text}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


_NAMES: Final = tuple(field.name for field in FIELDS)
_SHIFT: Final = _NAMES.index("shift_years")
_FIELD_OF: Final = {Reason.MISSING_ID: "id", Reason.BAD_ID: "id", Reason.BAD_ARREST: "arrest"}


def _malformed(error: str) -> BadMessage:
    return BadMessage(Reason.MALFORMED_ROW, error)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return found


def _is_deeper(value: dict[str, Any], depth: int) -> bool:
    level: list[dict[str, Any] | list[Any]] = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _misdated(version: Incident | Tombstone, published_at: datetime | None) -> tuple[str, str] | None:
    """Return a field whose date can't be, its shift undone, and why."""
    latest = published_at and published_at.astimezone(UTC).replace(tzinfo=None) + LATEST_AFTER_PUBLICATION
    for field in ("occurred_at", "updated_on"):
        moment: datetime | None = getattr(version, field, None)
        if moment is None:
            continue
        try:
            unshifted = shift(moment, -version.shift_years)
        except ValueError:
            return field, "outside of the years 1 to 9999 without its shift"
        if latest is not None and unshifted > latest:
            return field, "later than its message"
    return None


def _shown(found: Mapping[str, Any], names: tuple[str | None, ...], field: str) -> str:
    value = next((value for value, name in zip(found.values(), names, strict=True) if name == field), None)
    shown = value if value is None or isinstance(value, str) else text_of(value)
    return repr(shown if shown is None else shown[:100])
