"""Where a row begins in a piece of a file, told from the piece alone.

Files are read in pieces, and a line break inside quotes is no place to cut. Whether one is inside depends on
what stands before it, back to the file's beginning. But a row takes at most `GREATEST_RECORD` bytes, so one
of the first lines of a piece begins a row, and rows read from any of those lines soon fall into step: where
all of them agree, the file's own rows do, too.
"""

from __future__ import annotations

import re
from typing import Final

from crime_pipelines.domain.records import GREATEST_RECORD, records

#: Bytes before a place to cut, and after it, that are always enough to look at in files of usual rows.
CONTEXT: Final = 2 * GREATEST_RECORD

_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_BREAK: Final = re.compile(rb"\r\n|\r|\n")
_TEXT_BREAK: Final = re.compile("\r\n|\r|\n")


def after_headings(start: bytes) -> int:
    """Where the rows of a file begin.

    Args:
        start: the file's first bytes, with all its headings.

    Returns:
        The number of bytes that the headings take, with the line break that ends them.
    """
    found = _BREAK.search(start)
    return found.end() if found else len(start)


def row_start(piece: bytes, after: int, width: int, *, begins_a_row: bool, ends_the_file: bool) -> int | None:
    """The first place from a given one on where a row surely begins.

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
    rows = _Rows(piece, width, ends_the_file)
    if begins_a_row:
        at: int | None = 0 if rows.starts else None
        while at is not None and rows.starts[at] < after:
            at = rows.following(at)
        return None if at is None else rows.starts[at]
    # The first line may be the rest of one, a row's or that of a malformed line of any length.
    first = 1
    nearest: dict[int, int | None] = {}
    for line in range(len(rows.starts) - 1, first - 1, -1):
        if rows.starts[line] >= after:
            nearest[line] = line
            continue
        following = rows.following(line)
        nearest[line] = None if following is None else nearest[following]
    possible = {
        nearest[line]
        for line in range(first, len(rows.starts))
        if line == first or rows.starts[line] <= GREATEST_RECORD + 2  # a row, and the line break that ends it
    }
    if len(possible) != 1:
        return None
    (found,) = possible
    return None if found is None else rows.starts[found]


class _Rows:
    """The lines of a piece, and which of them begin rows if one of them does."""

    def __init__(self, piece: bytes, width: int, ends_the_file: bool) -> None:
        lines = list(_LINE.finditer(piece))
        if not ends_the_file and lines and piece.endswith(b"\r"):
            lines.pop()  # its line break may go on
        self._piece = piece
        self.starts = [line.start() for line in lines]
        self._lines = [line.group().decode("utf-8", errors="replace") for line in lines]
        self._width = width
        self._ends_the_file = ends_the_file

    def following(self, line: int) -> int | None:
        """The line that begins the row after the one that a line begins; None if that can't be told."""
        # A quote left open is looked for in so many bytes: with fewer at hand, it might close further on.
        if not self._ends_the_file and len(self._piece) - self.starts[line] <= GREATEST_RECORD:
            return None
        taken = 1
        if self._lines[line].rstrip("\r\n"):  # an empty line is no row
            row = next(records((self._lines[at] for at in range(line, len(self._lines))), self._width))
            taken += len(_TEXT_BREAK.findall(row.text))
        return line + taken if line + taken < len(self.starts) else None
