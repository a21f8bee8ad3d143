"""A file's bytes split into records, by the rules of `csv_records`; in linear time, whatever they are."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from crime_pipelines.domain.records.csv_records import FIELD, OPEN_FIELD

#: A record of more bytes than this is malformed; so far a closing quote is looked for.
GREATEST_RECORD: Final = 1 << 18
#: A physical line of more bytes than this is refused: it would have to be kept whole as a reject.
GREATEST_LINE: Final = 1 << 24

_FIELD_BYTES: Final = re.compile(FIELD.pattern.encode())
_OPEN_BYTES: Final = re.compile(OPEN_FIELD.pattern.encode())
_LINE_BREAK: Final = re.compile(rb"\r\n|\r|\n")
_QUOTES: Final = re.compile(rb'"+')
_SPACES: Final = re.compile(rb" *+")
#: Fewer new bytes than this are not worth another look at those left over.
_LEAST_PIECE: Final = 1 << 20


class LineTooLongError(ValueError):
    """A physical line has more than `GREATEST_LINE` bytes."""


class Record(NamedTuple):
    """A row of a file.

    Attributes:
        data: the row's bytes as they stand in the file, without the line break that ends it.
        sound: whether it has a field for each heading (see `csv_records.fields_of`); if not, it is malformed.
        is_plain: whether it is sound, and each field is either without quotes or quoted as a whole without
            a quote or a line break inside.
    """

    data: bytes
    sound: bool
    is_plain: bool = False

    @property
    def text(self) -> str:
        """The row as text, in place of bytes that are not UTF-8 the replacement character."""
        return self.data.decode("utf-8", errors="replace")


class Span(NamedTuple):
    """The place of a record in a piece of a file, in bytes from the piece's beginning.

    Attributes:
        end: the byte after the record's last.
        next: where the next line begins.
        sound: as for `Record`.
        is_plain: as for `Record`.
    """

    end: int
    next: int
    sound: bool
    is_plain: bool


class _Rest(NamedTuple):
    """The remainder of a record after a closing quote: its end, and the number of fields until there.

    `fields` is 0 where quoting is broken, so that no number of headings fits.
    """

    end: int
    fields: int
    trailing_empty: int


class Splitter:
    """Records of a piece of a file, each found from its first byte.

    A line that leaves a quote open takes in the lines up to the one on which its record ends, if that
    record is sound. Many lines may leave quotes open that close at the same place; what follows that place is
    looked at once and remembered, so the time is linear in the piece.
    """

    def __init__(self, piece: bytes, width: int, *, ends_the_file: bool) -> None:
        """Take a piece.

        Args:
            piece: a piece of a file.
            width: the number of headings.
            ends_the_file: whether the file ends where the piece does.
        """
        self._piece = piece
        self._width = width
        self._ends_the_file = ends_the_file
        self._returns = b"\r" in piece
        # Most rows have no quotes but around whole fields: one match tells that they are sound.
        field = rb'(?:[^",\r\n]*+|"[^"\r\n]*+")'
        repeated = b"" if width == 1 else rb"(?:,%b){%d}" % (field, width - 1)
        self._plain = re.compile(rb"%b%b(?=[\r\n]|\Z)" % (field, repeated)).match
        self._closings: list[int] = []  # ends of runs of an odd number of quotes; their starts beside
        self._closing_starts: list[int] = []
        self._searched = 0  # up to where such runs have been looked for
        self._rests: dict[int, _Rest | None] = {}

    def span(self, start: int) -> Span | None:
        """Find the record that a line begins.

        Args:
            start: where the line begins; not at the end of the piece.

        Returns:
            The record; an empty one (`end` is `start`) for an empty line, which is no row. None if the piece
            ends too early to tell.

        Raises:
            LineTooLongError: the line has more than `GREATEST_LINE` bytes.
        """
        line = self._line(start)
        if line is None:
            return None
        end, following = line
        if end == start:
            return Span(end, following, sound=False, is_plain=False)
        if end - start > GREATEST_RECORD:
            return Span(end, following, sound=False, is_plain=False)
        found = self._plain(self._piece, start)
        if found and found.end() == end:
            return Span(end, following, sound=True, is_plain=True)
        fields, trailing_empty, is_open = self._fields(start, end)
        if not is_open:
            return Span(end, following, self._fits(fields, trailing_empty), is_plain=False)
        rest = self._rest(self._closing(end))
        if rest is None:
            if not self._ends_the_file and len(self._piece) - start <= GREATEST_RECORD + 2:
                return None
        # The open field holds a line break: it is not empty, and no field before it is a trailing one.
        elif rest.fields and rest.end - start <= GREATEST_RECORD:
            whole = self._line(rest.end)
            if whole is None:
                return None
            if self._fits(fields + rest.fields, rest.trailing_empty):
                return Span(rest.end, whole[1], sound=True, is_plain=False)
        return Span(end, following, sound=False, is_plain=False)

    def _fits(self, fields: int, trailing_empty: int) -> bool:
        return fields - trailing_empty <= self._width <= fields

    def _line(self, start: int) -> tuple[int, int] | None:
        """Find where the line's text ends and the next line begins; None if the piece does not tell."""
        if self._returns:
            found = _LINE_BREAK.search(self._piece, start)
            end, following = found.span() if found else (-1, -1)
            if following == len(self._piece) and self._piece.endswith(b"\r") and not self._ends_the_file:
                return None  # its line break may go on
        else:
            end = self._piece.find(b"\n", start)
            following = end + 1
        if end < 0:
            end = following = len(self._piece)
            if end - start <= GREATEST_LINE and not self._ends_the_file:
                return None
        if end - start > GREATEST_LINE:
            raise LineTooLongError(f"a line of more than {GREATEST_LINE:,} bytes")
        return end, following

    def _fields(self, start: int, end: int) -> tuple[int, int, bool]:
        """Count the fields from a place on to the end of its line.

        Returns:
            Their number (0 where quoting is broken), how many of the last of them are empty, and whether the
            line leaves a quote open; the field that it opens is not counted.
        """
        if self._piece.find(b'"', start, end) < 0:
            last = len(self._piece[start:end].rstrip(b","))
            return self._piece.count(b",", start, end) + 1, end - start - last + (not last), False
        fields = empty = 0
        position = start
        while True:
            match = _FIELD_BYTES.match(self._piece, position, end)
            if match is None:
                if _OPEN_BYTES.match(self._piece, position, end):
                    return fields, empty, True
                return 0, 0, False
            fields += 1
            empty = 0 if match.group(1) or match.group(2) else empty + 1
            position = match.end() + 1  # past the comma
            if position > end:
                return fields, empty, False

    def _closing(self, start: int) -> int | None:
        """Find the end of the first run of an odd number of quotes from a line's end on."""
        at = bisect_left(self._closing_starts, start)
        while at == len(self._closings):
            found = _QUOTES.search(self._piece, self._searched)
            if found is None:
                return None
            self._searched = found.end()
            if (found.end() - found.start()) % 2:
                self._closings.append(found.end())
                self._closing_starts.append(found.start())
                at = bisect_left(self._closing_starts, start)
        return self._closings[at]

    def _rest(self, closing: int | None) -> _Rest | None:
        """Find the record's end behind a closing quote; None if the piece ends before it does."""
        passed: list[tuple[int, int]] = []  # closing quotes on the way, and the fields up to the next one
        rest: _Rest | None = None
        while closing is not None:
            if closing in self._rests:
                rest = self._rests[closing]
                break
            found = self._after(closing)
            if isinstance(found, _Rest):
                rest = self._rests[closing] = found
                break
            if found is None:
                self._rests[closing] = None
                break
            end, fields = found
            passed.append((closing, fields))
            closing = self._closing(end)
        for before, fields in reversed(passed):
            if rest is not None and rest.fields:
                rest = _Rest(rest.end, fields + rest.fields, rest.trailing_empty)
            self._rests[before] = rest
        return rest

    def _after(self, closing: int) -> _Rest | tuple[int, int] | None:
        """Count the fields on the rest of a closing quote's line: up to the record's end, or the line's."""
        line = self._line(closing)
        if line is None:
            return None
        end = line[0]
        spaces = _SPACES.match(self._piece, closing, end)
        position = spaces.end() if spaces else closing
        if position == end:
            return _Rest(end, 1, 0)
        if self._piece[position] != ord(","):
            return _Rest(end, 0, 0)
        fields, empty, is_open = self._fields(position + 1, end)
        if is_open:
            return end, fields + 1
        return _Rest(end, fields + 1 if fields else 0, empty)


def records(chunks: Iterable[bytes], width: int) -> Iterator[Record]:
    """Split a file into its rows, malformed ones among them.

    Memory is bounded by the size of a chunk and of the longest line.

    Args:
        chunks: the file's bytes after the headings, in pieces of any size.
        width: the number of headings.

    Yields:
        Each row, in order. Joined, they are the file but for line breaks and empty lines.

    Raises:
        LineTooLongError: a line has more than `GREATEST_LINE` bytes.
    """
    source = iter(chunks)
    left, size = b"", 0
    gathered: list[bytes] = []
    ended = False
    while not ended:
        chunk = next(source, None)
        ended = chunk is None
        gathered.append(chunk or b"")
        size += len(gathered[-1])
        if not ended and size < max(_LEAST_PIECE, len(left)):
            continue
        piece = b"".join((left, *gathered))
        gathered, size = [], 0
        splitter = Splitter(piece, width, ends_the_file=ended)
        start = 0
        while start < len(piece) and (found := splitter.span(start)):
            if found.end > start:
                yield Record(piece[start : found.end], found.sound, found.is_plain)
            start = found.next
        left = piece[start:]
