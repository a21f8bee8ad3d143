"""A message's bytes to an incident: `domain.messages.read_message` with a faster decoder of JSON."""

from __future__ import annotations

from typing import Final

import orjson

from crime_pipelines.domain.messages import BadMessage, read_decoded, read_message, text_of
from crime_pipelines.domain.reading import Incident

#: The standard library gives up on depths that depend on the stack, and on thousands of digits; these are
#: well below.
_MOST_BRACKETS: Final = 64
_MOST_BYTES: Final = 4096
#: orjson makes floats of whole numbers beyond 64 bits.
_LEAST_UNSURE: Final = 2.0**62


class _UnsureError(Exception):
    """A value that the two decoders may read differently."""


def read_payload(payload: bytes, shift_years: int) -> Incident | BadMessage:
    """Read a message.

    Args:
        payload: as for `read_message`.
        shift_years: as for `read_message`.

    Returns:
        What `read_message` returns.
    """
    if len(payload) <= _MOST_BYTES and payload.count(b"[") + payload.count(b"{") <= _MOST_BRACKETS:
        try:
            return read_decoded(orjson.loads(payload), shift_years, _text_of)
        except (orjson.JSONDecodeError, _UnsureError):
            # Not JSON, or what the standard library alone takes: NaN, UTF-16, half a surrogate pair.
            pass
    return read_message(payload, shift_years)


def _text_of(value: float | bool | None) -> str:
    if isinstance(value, float) and not -_LEAST_UNSURE < value < _LEAST_UNSURE:
        raise _UnsureError
    return text_of(value)
