"""Files cut into blocks of whole rows: byte ranges of plain files, packed files as one.

A block is what one worker reads at a time; a chunk is what it holds in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Final

from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.domain.records.csv_splitter import Splitter
from crime_pipelines.domain.records.record_boundaries import CONTEXT, after_headings, row_start
from crime_pipelines.sources.file import SupportsRead
from crime_pipelines.sources.formats.separated import GREATEST_HEADINGS

#: Bytes of a block, and of a chunk, about: many enough to be worth planning a statement, which takes as long
#: as 16 MB of rows, few enough for a worker's memory.
BLOCK_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a file that begins and ends where a row does.

    Attributes:
        file: the file.
        name: a name that no other block of the run has, the same whenever the run is planned.
        start: its first byte.
        end: the byte after its last; None for a file that is read to its end.
        is_careful: whether the block is a whole file that is to be read row by row.
    """

    file: WorkerFile
    name: str
    start: int
    end: int | None
    is_careful: bool = False


class Ranges:
    """A plain file as numbered blocks, whose places are found as they are needed.

    Block k begins at the first row that begins k times the size into the file, or later. That follows from
    the file alone, so whoever reads a range of blocks, and wherever ranges are split, no row is lost or read
    twice. Where the bytes around a place do not tell whether it lies within quotes, the block before goes on.
    """

    def __init__(self, file: WorkerFile, name: str, size: int = BLOCK_BYTES) -> None:
        """Say of which file. Nothing is read.

        Args:
            file: the file, plain.
            name: what its blocks' names begin with, which no other file of the run has.
            size: bytes of a block, about.
        """
        self._file, self._name, self._size = file, name, size
        self._first: int | None = None
        self._starts: dict[int, int | None] = {}

    def __len__(self) -> int:
        """Return the number of blocks. The last one may be half as long again."""
        return 1 + max(0, -(-(self._file.size - self._size // 2) // self._size) - 1)

    def bytes_of(self, start: int, stop: int) -> int:
        """Return the bytes of the blocks from one up to another, about."""
        end = self._file.size if stop >= len(self) else stop * self._size
        return max(0, end - start * self._size)

    def block(self, number: int) -> Block | None:
        """Find a block.

        Args:
            number: its number.

        Returns:
            The block; None where no row begins it, as its rows belong to the one before.

        Raises:
            InputError: the file can't be read.
        """
        with self._file.open() as stream:
            start = self._start(stream, number)
            if start is None:
                return None
            following = (self._start(stream, each) for each in range(number + 1, len(self)))
            end = next((each for each in following if each is not None), self._file.size)
        if number and start >= end:
            return None
        return Block(self._file, f"{self._name}-{number:04d}", start, end)

    def _start(self, stream: IO[bytes], number: int) -> int | None:
        if number not in self._starts:
            self._starts[number] = self._find(stream, number)
        return self._starts[number]

    def _find(self, stream: IO[bytes], number: int) -> int | None:
        if self._first is None:
            stream.seek(0)
            self._first = after_headings(_read_fully(stream, GREATEST_HEADINGS + 1))
        nominal = number * self._size
        if nominal <= self._first:
            return self._first
        begin = max(self._first, nominal - CONTEXT)
        stream.seek(begin)
        piece = _read_fully(stream, nominal + CONTEXT - begin)
        found = row_start(
            piece,
            nominal - begin,
            len(self._file.headings),
            begins_a_row=begin == self._first,
            ends_the_file=begin + len(piece) >= self._file.size,
        )
        return None if found is None else begin + found


def blocks_of(
    file: WorkerFile, name: str, size: int = BLOCK_BYTES, *, is_careful: bool = False
) -> list[Block]:
    """Cut a file into blocks.

    Args:
        file: the file.
        name: what its blocks' names begin with, which no other file of the run has.
        size: bytes of a block, about.
        is_careful: whether the file is to be left in one piece and read row by row.

    Returns:
        The blocks, in order. Where a place to cut can't be told from what stands around it, none is cut.

    Raises:
        InputError: the file can't be read.
    """
    if not file.form.is_plain or is_careful:
        return [Block(file, f"{name}-0000", 0, None, is_careful)]
    ranges = Ranges(file, name, size)
    return [block for number in range(len(ranges)) if (block := ranges.block(number))]


def chunks(block: Block, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Read a block's rows.

    Args:
        block: the block.
        size: bytes of a chunk, about.

    Yields:
        Pieces of the unpacked file, without its headings, that begin and end where a row does.

    Raises:
        InputError: the file can't be read, or is damaged.
        LineTooLongError: a line has more than `csv_splitter.GREATEST_LINE` bytes.
    """
    width = len(block.file.headings)
    with block.file.open() as stream:
        if block.end is not None:
            stream.seek(block.start)
            left = block.end - block.start

            def read_range(number: int) -> bytes:
                nonlocal left
                piece = _read_fully(stream, min(number, left))
                left -= len(piece)
                return piece

            yield from cut(read_range, width, size)
            return
        start = _read_fully(stream, GREATEST_HEADINGS + 1)
        first = start[after_headings(start) :]

        def read_on(number: int) -> bytes:
            nonlocal first
            piece, first = first, b""
            return piece or _read_fully(stream, number)

        yield from cut(read_on, width, size)


def cut(read: Callable[[int], bytes], width: int, size: int) -> Iterator[bytes]:
    """Cut a stream of rows into chunks.

    Args:
        read: gives up to so many bytes, none at the end; the first begin a row.
        width: the number of headings.
        size: bytes of a chunk, about.

    Yields:
        The chunks. Each begins where a row does; joined, they are the stream. A chunk is longer than said by
        the longest line at most.

    Raises:
        LineTooLongError: a line has more than `csv_splitter.GREATEST_LINE` bytes.
    """
    pieces: list[bytes] = []
    held = 0
    # A block ends some bytes after its size; with those in the same piece, nothing is copied to add them.
    while piece := read(size + 2 * CONTEXT):
        pieces.append(piece)
        held += len(piece)
        if held < size + 2 * CONTEXT:
            continue
        data = b"".join(pieces)
        place = _place_to_cut(data, width)
        chunk, pieces = data[:place], [data[place:]]
        held -= place
        del data, piece  # while the chunk is read, it is held once
        if chunk:
            yield chunk
    if held:
        yield b"".join(pieces)


def _place_to_cut(data: bytes, width: int) -> int:
    """Find a place near the end of rows where one begins; 0 if there is none but the beginning."""
    begin = len(data) - 2 * CONTEXT
    found = row_start(data[begin:], CONTEXT, width, begins_a_row=False, ends_the_file=False)
    if found is not None:
        return begin + found
    # Slower, and sure: row by row from the beginning.
    splitter = Splitter(data, width, ends_the_file=False)
    place = 0
    while place < len(data) and (span := splitter.span(place)):
        place = span.next
    return place


def _read_fully(stream: SupportsRead, number: int) -> bytes:
    """Read so many bytes, fewer at the end alone."""
    pieces: list[bytes] = []
    while number > 0 and (piece := stream.read(number)):
        pieces.append(piece)
        number -= len(piece)
    return b"".join(pieces)
