"""Boundaries of rows in a piece of a file, found from the piece alone.

Files are read in pieces, and a line break inside quotes is no place to cut. Whether one is inside depends on
what stands before it, back to the file's beginning. But a row takes at most `GREATEST_RECORD` bytes, so one
of the first lines of a piece begins a row, and rows read from any of those lines soon fall into step: where
all of them agree, the file's own rows do, too.
"""

from __future__ import annotations

import re
from typing import Final

from crime_pipelines.domain.records.csv_splitter import GREATEST_RECORD, Splitter

#: Bytes before a place to cut, and after it, that are always enough to look at in files of usual rows.
CONTEXT: Final = 2 * GREATEST_RECORD

_BREAK: Final = re.compile(rb"\r\n|\r|\n")


def after_headings(start: bytes) -> int:
    """Find the offset at which the rows of a file begin.

    Args:
        start: the file's first bytes, with all its headings.

    Returns:
        The number of bytes that the headings take, with the line break that ends them.
    """
    found = _BREAK.search(start)
    return found.end() if found else len(start)


def row_start(piece: bytes, after: int, width: int, *, begins_a_row: bool, ends_the_file: bool) -> int | None:
    """Return the first place from a given one on where a row surely begins.

    Args:
        piece: a piece of a file, in bytes.
        after: the least place, in bytes from the piece's beginning.
        width: the number of headings.
        begins_a_row: whether a row begins where the piece does.
        ends_the_file: whether the file ends where the piece does.

    Returns:
        The place in bytes from the piece's beginning (an empty line may stand there), or None if the piece
        does not tell.
    """
    splitter = Splitter(piece, width, ends_the_file=ends_the_file)
    if begins_a_row:
        at: int | None = 0
        while at is not None and at < after:
            at = _following(splitter, at, len(piece))
        return at
    # The first line may be the rest of one, a row's or that of a malformed line of any length.
    starts = [found.end() for found in _BREAK.finditer(piece)]
    if starts and starts[-1] == len(piece) and not ends_the_file:
        starts.pop()  # the line break before it may go on
    nearest: dict[int, int | None] = {}
    for start in reversed(starts):
        if start >= after:
            nearest[start] = start
            continue
        following = _following(splitter, start, len(piece))
        # Beyond the last line's start the piece does not tell.
        nearest[start] = nearest.get(following) if following is not None else None
    possible = {
        nearest[start]
        for start in starts
        if start == starts[0] or start <= GREATEST_RECORD + 2  # a row, and the line break that ends it
    }
    return possible.pop() if len(possible) == 1 else None


def _following(splitter: Splitter, start: int, end: int) -> int | None:
    """Find where the row or empty line after a row's begins; None if the piece does not tell."""
    found = splitter.span(start) if start < end else None
    return found.next if found else None
