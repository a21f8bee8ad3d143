"""The rows of a CSV file, counted from its bytes by other code than the reader that parses them.

A file is gone through once, half a mebibyte at a time, with NumPy: lines, and the quotes on them. Only a line
that may not be a record by itself (an odd number of quotes, a quote inside a plain field) is looked at one by
one, by `domain.records.record_lines`. The same pass tells whether a fast reader can be trusted with the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from crime_pipelines.domain.records.csv_splitter import GREATEST_LINE
from crime_pipelines.domain.records.record_lines import GREATEST_RECORD, RecordLines

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bytes looked at at a time: what NumPy makes of them stays in the processor's cache.
PIECE_BYTES: Final = 1 << 19
_LINE_FEED: Final = 10
_RETURN: Final = 13
_QUOTE: Final = 34
_LINE: Final = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n)")
#: A record in the one form that every reader of CSV understands alike.
_STRICT_FIELD: Final = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^",\r\n]*+)'
_STRICT: Final = re.compile(_STRICT_FIELD + rb"(?:," + _STRICT_FIELD + rb")*+")


def _table(*signs: int) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[list(signs)] = True
    return table


#: What stands before a quote that opens a field, or doubles the one before it.
_BEFORE_OPENING: Final = _table(ord(","), _LINE_FEED, _QUOTE)
#: What stands after a quote that closes a field, or is doubled by the next.
_AFTER_CLOSING: Final = _table(ord(","), _LINE_FEED, _RETURN, _QUOTE)


class ReadsInto(Protocol):
    """A binary stream, as far as it is read here."""

    def readinto(self, buffer: Any, /) -> int | None:
        """Fill a buffer, at least in part; 0 at the end."""
        ...


class LongLineError(ValueError):
    """A line of more than `GREATEST_LINE` bytes; `line` is its number, from 1 on."""

    def __init__(self, line: int) -> None:
        """Remember the line.

        Args:
            line: its number.
        """
        super().__init__(f"line {line:,} has more than {GREATEST_LINE:,} bytes")
        self.line = line


@dataclass(slots=True)
class RowCount:
    """The findings in a file.

    Attributes:
        rows: its rows, malformed ones among them.
        lines: its physical lines, empty ones among them.
        is_regular: whether every reader of CSV splits it alike: strict quoting, one kind of line break, valid
            UTF-8 without zero bytes, no record of more than `GREATEST_RECORD` bytes.
    """

    rows: int = 0
    lines: int = 0
    is_regular: bool = True


def count_rows(
    stream: ReadsInto,
    width: int,
    found: RowCount | None = None,
    *,
    skip_headings: bool = False,
    copy: Callable[[memoryview], object] | None = None,
) -> RowCount:
    """Count the rows of a file.

    Args:
        stream: the file's bytes, unpacked.
        width: the number of headings.
        found: what to count in, where a caller asks how far it came before an error.
        skip_headings: whether the first line holds the headings, and is no row.
        copy: called with all the bytes, in order, piece by piece.

    Returns:
        The count. Memory is bounded by the longest line.

    Raises:
        LongLineError: a line has more than `GREATEST_LINE` bytes.
    """
    return _Counter(width, skip_headings, found or RowCount()).count(stream, copy)


class _Counter:
    def __init__(self, width: int, skip_headings: bool, found: RowCount) -> None:
        self._width = width
        self._skip = skip_headings
        self._found = found
        self._breaks: set[bytes] = set()

    def count(self, stream: ReadsInto, copy: Callable[[memoryview], object] | None) -> RowCount:
        buffer = bytearray(2 * PIECE_BYTES)
        held = 0  # bytes at the buffer's beginning that have not been counted
        looked = 0  # those among them in which no line ends
        while True:
            if len(buffer) - held < PIECE_BYTES:
                buffer += bytes(len(buffer))
            read = self._fill(stream, buffer, held)
            if copy is not None and read:
                with memoryview(buffer)[held : held + read] as view:
                    copy(view)
            ends = read < PIECE_BYTES
            held += read
            if ends and held and buffer[held - 1] not in (_LINE_FEED, _RETURN):
                if held == len(buffer):
                    buffer += b"\n"
                buffer[held] = _LINE_FEED  # a last line without a break is a line
                held += 1
            # A line break of two bytes must not be cut.
            end = (
                held
                if ends
                else max(buffer.rfind(b"\n", looked, held), buffer.rfind(b"\r", looked, held - 1)) + 1
            )
            if end:
                used = self._piece(buffer, end, ends_the_file=ends)
                buffer[: held - used] = buffer[used:held]
                held -= used
                # What is left begins with a record that goes on beyond the last line looked at.
                looked = 0
            else:
                looked = max(0, held - 1)
            if held > GREATEST_LINE and buffer.find(b"\n", 0, held) < 0 and buffer.find(b"\r", 0, held) < 0:
                raise LongLineError(self._found.lines + 1)
            if ends:
                return self._found

    def _fill(self, stream: ReadsInto, buffer: bytearray, held: int) -> int:
        """Read a piece, or less at the stream's end; what was read before an error is counted as well."""
        # A packed file's damage is found at its end: what came before it must not be lost in one call.
        read_into = getattr(stream, "readinto1", stream.readinto)
        filled = 0
        try:
            with memoryview(buffer)[held : held + PIECE_BYTES] as view:
                while filled < PIECE_BYTES and (read := read_into(view[filled:])):
                    filled += read
        except Exception:
            self._piece(buffer, buffer.rfind(b"\n", 0, held + filled) + 1, ends_the_file=True)
            raise
        return filled

    def _piece(self, buffer: bytearray, size: int, *, ends_the_file: bool) -> int:
        """Count the rows of whole lines; the number of bytes that were enough to tell."""
        if not size:
            return 0
        data = np.frombuffer(buffer, dtype=np.uint8, count=size)
        try:
            return self._lines(buffer, data, ends_the_file)
        finally:
            del data  # while an array looks at it, the buffer can't grow

    def _lines(self, buffer: bytearray, data: NDArray[np.uint8], ends_the_file: bool) -> int:
        size = len(data)
        self._look_at_bytes(buffer, data)
        returns = buffer.count(b"\r", 0, size) if buffer.find(b"\r", 0, size) >= 0 else 0
        if returns and returns != buffer.count(b"\r\n", 0, size):
            return self._odd_breaks(buffer, size, ends_the_file)
        # 34 and 10 are the same but for two bits; the other two bytes like them are sorted out below.
        marks = np.flatnonzero((data & 0xD7) == 2)
        signs = data[marks]
        is_quote = signs == _QUOTE
        is_break = signs == _LINE_FEED
        breaks = marks[is_break]
        quotes = marks[is_quote]
        starts = np.empty(len(breaks) + 1, dtype=np.int64)
        starts[0] = 0
        np.add(breaks, 1, out=starts[1:])
        ends = breaks
        if returns:
            after_return = data[np.maximum(breaks - 1, 0)] == _RETURN
            ends = breaks - after_return
            self._breaks.update({b"\r\n"} if after_return.all() else {b"\r\n", b"\n"})
        elif len(breaks):
            self._breaks.add(b"\n")
        if not len(quotes):
            nothing = np.empty(0, dtype=np.int64)
            return self._rows(buffer, starts, ends, nothing, nothing, ends_the_file)
        totals = np.cumsum(is_quote)[is_break]
        on_line = np.diff(totals, prepend=0)
        odd = on_line & 1
        if odd.any():
            first = np.repeat(totals - on_line, on_line)
            opens = ((np.arange(len(quotes)) - first) & 1) == 0
            opening, closing = quotes[opens], quotes[~opens]
        else:
            opening, closing = quotes[0::2], quotes[1::2]
        before = data[np.maximum(opening - 1, 0)]
        badly_opened = opening[~_BEFORE_OPENING[before] & (opening > 0)]
        badly_closed = closing[~_AFTER_CLOSING[data[closing + 1]]]
        to_look_at = np.flatnonzero(odd)
        if len(badly_opened):
            to_look_at = np.union1d(to_look_at, np.searchsorted(breaks, badly_opened))
        broken = np.searchsorted(breaks, badly_closed) if len(badly_closed) else badly_closed
        return self._rows(buffer, starts, ends, to_look_at, broken, ends_the_file)

    def _look_at_bytes(self, buffer: bytearray, data: NDArray[np.uint8]) -> None:
        if not self._found.is_regular:
            return
        if data.min() == 0:
            self._found.is_regular = False
        elif data.max() > 127:
            try:
                str(memoryview(buffer)[: len(data)], "utf-8")
            except UnicodeDecodeError:
                self._found.is_regular = False

    def _odd_breaks(self, buffer: bytearray, size: int, ends_the_file: bool) -> int:
        """Lines of which some end in a return alone."""
        self._found.is_regular = False
        lines = [found.span() for found in _LINE.finditer(buffer, 0, size)]
        starts = np.array([0, *(end for _, end in lines)], dtype=np.int64)
        lengths = [len(bytes(memoryview(buffer)[start:end]).rstrip(b"\r\n")) for start, end in lines]
        ends = starts[:-1] + np.array(lengths, dtype=np.int64)
        quoted = [number for number, (start, end) in enumerate(lines) if buffer.find(b'"', start, end) >= 0]
        none = np.empty(0, dtype=np.int64)
        return self._rows(buffer, starts, ends, np.array(quoted, dtype=np.int64), none, ends_the_file)

    def _rows(
        self,
        buffer: bytearray,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        to_look_at: NDArray[np.int64],
        broken: NDArray[np.int64],
        ends_the_file: bool,
    ) -> int:
        """Count rows, given which lines may leave a quote open, and in which text follows a closing one.

        `starts` holds where each line begins and where the last one ends, `ends` where each line's text does.
        """
        lengths = ends - starts[:-1]
        lines = len(lengths)
        if lines and int(lengths.max()) > GREATEST_RECORD:
            self._found.is_regular = False
            too_long = np.flatnonzero(lengths > GREATEST_LINE)
            if len(too_long):
                raise LongLineError(self._found.lines + int(too_long[0]) + 1)
        done = 0
        inside = 0  # lines that are no row's first, and not empty
        if self._skip and lines:
            self._skip = False
            done, inside = 1, int(lengths[0] > 0)
        records = RecordLines(
            self._width,
            lambda line: bytes(memoryview(buffer)[int(starts[line]) : int(ends[line])]),
            lambda line: int(starts[line]),
            lines,
            ends_the_file=ends_the_file,
        )
        taken_in = np.zeros(lines, dtype=np.bool_) if len(to_look_at) and len(broken) else None
        for number in to_look_at.tolist():
            if number < done:
                continue
            taken = records.taken(number)
            if taken is None:
                lines = number
                break
            done = number + taken
            if taken > 1:
                inside += int(np.count_nonzero(lengths[number + 1 : done]))
                if taken_in is not None:
                    taken_in[number:done] = True
            if self._found.is_regular:
                record = memoryview(buffer)[int(starts[number]) : int(ends[done - 1])]
                self._found.is_regular = _STRICT.fullmatch(record) is not None
        if self._found.is_regular and len(broken):
            counted = broken[broken < lines]
            self._found.is_regular = bool(
                taken_in[counted].all() if taken_in is not None else not len(counted)
            )
        self._found.is_regular = self._found.is_regular and len(self._breaks) < 2
        self._found.rows += int(np.count_nonzero(lengths[:lines])) - inside
        self._found.lines += lines
        return int(starts[lines])
