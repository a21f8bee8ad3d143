"""A message's bytes to an incident: `domain.messages.read_message` with a faster decoder of JSON."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import orjson

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.messages import BadMessage, read_decoded, read_message, text_of
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.versions import Tombstone

#: The standard library gives up on depths that depend on the stack, and on thousands of digits; these are
#: well below.
_MOST_BRACKETS: Final = 64
_MOST_BYTES: Final = 4096
#: orjson makes floats of whole numbers beyond 64 bits.
_LEAST_UNSURE: Final = 2.0**62
#: Ends a key where no space stands before the colon; in a text it does no harm.
_KEY_END: Final = b'":'
_SPACED_KEY_END: Final = re.compile(rb'"\s+:')


class _UnsureError(Exception):
    """A value that the two decoders may read differently."""


def read_payload(
    payload: bytes, shift_years: int, layout: Layout = CHICAGO, published_at: datetime | None = None
) -> Incident | Tombstone | BadMessage:
    """Read a message.

    Args:
        payload: as for `read_message`.
        shift_years: as for `read_message`.
        layout: as for `read_message`.
        published_at: as for `read_message`.

    Returns:
        What `read_message` returns.
    """
    if len(payload) <= _MOST_BYTES and payload.count(b"[") + payload.count(b"{") <= _MOST_BRACKETS:
        try:
            found = orjson.loads(payload)
            # orjson keeps the last of two equal keys: where every end of a key has its key, none is lost
            if not _SPACED_KEY_END.search(payload) and payload.count(_KEY_END) == _keys(found):
                return read_decoded(found, shift_years, _text_of, layout, published_at)
        except (orjson.JSONDecodeError, _UnsureError):
            # Not JSON, or what the standard library alone takes: NaN, half a surrogate pair.
            pass
    return read_message(payload, shift_years, layout, published_at)


def _keys(value: object) -> int:
    if type(value) is dict:
        own = len(value)
        return own + sum(_keys(each) for each in value.values() if type(each) in (dict, list))
    return sum(map(_keys, value)) if type(value) is list else 0


def _text_of(value: float | bool | None) -> str:
    if isinstance(value, float) and not -_LEAST_UNSURE < value < _LEAST_UNSURE:
        raise _UnsureError
    return text_of(value)
