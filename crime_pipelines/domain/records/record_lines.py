"""Lines of records: rows are counted by this, apart from the code that reads them.

The rules are those that `records` states. None of its code is used: a row that the reader loses must not be
missing from the count for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

#: A record of more bytes is malformed, line by line; a test holds this to `csv_splitter.GREATEST_RECORD`.
GREATEST_RECORD: Final = 1 << 18

_INSIDE_QUOTES: Final = re.compile(rb'(?:[^"]++|"")*+')
_UP_TO_COMMA: Final = re.compile(rb"[^,]*+")
_SPACES: Final = re.compile(rb" *+")
_LINES: Final = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
_COMMA: Final = ord(",")
#: Fewer new bytes than this are not worth another look at those left over.
_LEAST_PIECE: Final = 1 << 20


class _Scan(NamedTuple):
    """The state of a line, from its beginning on.

    Attributes:
        fields: the fields that end on it.
        trailing_empty: how many of the last of them are empty.
        is_open: whether it ends inside quotes.
        is_broken: whether text follows a closing quote.
    """

    fields: int
    trailing_empty: int
    is_open: bool = False
    is_broken: bool = False


def _scan(line: bytes, *, inside: bool) -> _Scan:
    """Go through a line that begins a record, or that begins inside the quotes of one."""
    position = fields = empty = 0
    while True:
        quoted = inside
        if not inside:
            quote = 1 if line[position : position + 1] == b" " else 0
            quoted = line[position + quote : position + quote + 1] == b'"'
            if quoted:
                position += quote + 1
        if quoted:
            content = _INSIDE_QUOTES.match(line, position)
            end = content.end() if content else position
            if end == len(line):
                return _Scan(fields, empty, is_open=True)
            # A field that began on an earlier line holds its line break.
            is_empty = end == position and not inside
            spaces = _SPACES.match(line, end + 1)
            end = spaces.end() if spaces else end + 1
            if end < len(line) and line[end] != _COMMA:
                return _Scan(fields, empty, is_broken=True)
        else:
            content = _UP_TO_COMMA.match(line, position)
            end = content.end() if content else position
            is_empty = end == position
        fields += 1
        empty = empty + 1 if is_empty else 0
        inside = False
        if end >= len(line):
            return _Scan(fields, empty)
        position = end + 1


class RecordLines:
    """The number of lines that records of a piece of a file take.

    Many lines may leave a quote open that closes on the same line. The lines in between are gone through
    once: the fields that end on them are kept as a running total. So the time is linear in the piece.
    """

    def __init__(
        self,
        width: int,
        line: Callable[[int], bytes],
        start: Callable[[int], int],
        lines: int,
        *,
        ends_the_file: bool,
    ) -> None:
        """Take a piece.

        Args:
            width: the number of headings.
            line: gives a line by its number, from 0 on, without its line break.
            start: gives the byte that a line begins with.
            lines: how many lines there are.
            ends_the_file: whether the file ends with the last of them.
        """
        self._width = width
        self._line = line
        self._start = start
        self._lines = lines
        self._ends_the_file = ends_the_file
        self._first = 0  # the first of the lines gone through: each of them begins and ends inside quotes
        self._totals = [0]  # fields that end before each of them, and before the line that follows
        self._last: _Scan | None = None  # of the line that follows, where quotes end

    def taken(self, first: int) -> int | None:
        """Count the lines of the record that a line begins.

        Args:
            first: the line's number; the line is not empty.

        Returns:
            Their number, 1 for a malformed line. None if more of the file is needed to tell.
        """
        line = self._line(first)
        if len(line) > GREATEST_RECORD:
            return 1
        begun = _scan(line, inside=False)
        if not begun.is_open:
            return 1
        if not self._first <= first + 1 < self._first + len(self._totals):
            self._first, self._totals, self._last = first + 1, [0], None
        while self._last is None:
            following = self._first + len(self._totals) - 1
            if following == self._lines:
                return 1 if self._ends_the_file else None
            if self._start(following) - self._start(first) > GREATEST_RECORD:
                return 1
            found = _scan(self._line(following), inside=True)
            if found.is_open:
                self._totals.append(self._totals[-1] + found.fields)
            else:
                self._last = found
        following = self._first + len(self._totals) - 1
        size = self._start(following) + len(self._line(following)) - self._start(first)
        if self._last.is_broken or size > GREATEST_RECORD:
            return 1
        between = self._totals[-1] - self._totals[first + 1 - self._first]
        fields = begun.fields + between + self._last.fields
        if fields - self._last.trailing_empty <= self._width <= fields:
            return following - first + 1
        return 1


def count_records(chunks: Iterable[bytes], width: int) -> int:
    """Count the rows of a file, malformed ones among them.

    Args:
        chunks: the file's bytes after its headings, in pieces of any size.
        width: the number of headings.

    Returns:
        The number of rows.
    """
    rows = 0
    for lines, ends_the_file, keep in _groups(chunks):
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        bodies = [line.rstrip(b"\r\n") for line in lines]
        records = RecordLines(
            width, bodies.__getitem__, starts.__getitem__, len(lines), ends_the_file=ends_the_file
        )
        number = 0
        while number < len(lines):
            taken: int | None = 1
            if b'"' in bodies[number]:
                taken = records.taken(number)
            if taken is None:
                break
            rows += bool(bodies[number])
            number += taken
        keep(b"".join(lines[number:]))
    return rows


def _groups(chunks: Iterable[bytes]) -> Iterator[tuple[list[bytes], bool, Callable[[bytes], None]]]:
    """Whole lines, a mebibyte or more at a time; what is kept of them comes again with the next."""
    left: list[bytes] = []
    size = kept = 0

    def keep(data: bytes) -> None:
        nonlocal size, kept
        left.insert(0, data)
        kept = len(data)

    for chunk in chunks:
        left.append(chunk)
        size += len(chunk)
        if size < max(_LEAST_PIECE, kept):
            continue
        data = b"".join(left)
        lines = _LINES.findall(data)
        # The last line may go on, and so may a line break.
        rest = lines.pop() if lines and (data.endswith(b"\r") or not data.endswith(b"\n")) else b""
        left.clear()
        left.append(rest)
        size = 0
        yield lines, False, keep
    yield _LINES.findall(b"".join(left)), True, keep
