"""Malformed rows of other formats, on their way through comma-separated text.

Such a row is written as one field on one line, which no number of headings fits, and so is a reject.
"""

from __future__ import annotations

from typing import Final

_ESCAPE: Final = b"\x10"
_ESCAPES: Final = {_ESCAPE: b"0", b"\n": b"n", b"\r": b"r", b",": b"c", b'"': b"q"}


def escaped_row(text: bytes) -> bytes:
    """Write a malformed row as one field.

    Args:
        text: the row as it stands in its file.

    Returns:
        The field, without comma, quote and line break.
    """
    for sign, code in _ESCAPES.items():
        text = text.replace(sign, _ESCAPE + code)
    return text


def original_row(field: str) -> str:
    """Undo `escaped_row`.

    Args:
        field: what it wrote, as text.

    Returns:
        The row.
    """
    # The escaping character itself comes back last, as it was written first.
    for sign, code in reversed(_ESCAPES.items()):
        field = field.replace((_ESCAPE + code).decode(), sign.decode())
    return field
