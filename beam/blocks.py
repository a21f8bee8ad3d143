"""Files cut into blocks of whole rows: byte ranges of plain files, gzipped files as one.

A block is what one worker reads at a time; a chunk is what it holds in memory at a time.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from crime_pipelines.domain.boundaries import CONTEXT, after_headings, row_start
from crime_pipelines.sources import GREATEST_HEADINGS, SourceFile, SupportsRead

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
        end: the byte after its last; None for a gzipped file, which is read to its end.
    """

    file: SourceFile
    name: str
    start: int
    end: int | None


@contextmanager
def _opened(file: SourceFile) -> Iterator[IO[bytes]]:
    """The file's bytes as stored; on a worker, the runner's own file systems reach what is not local."""
    if file.is_local:
        with open(file.uri, "rb") as stream:  # noqa: PTH123 - the name as the user wrote it
            yield stream
    else:
        with FileSystems.open(
            file.uri, "application/octet-stream", compression_type=CompressionTypes.UNCOMPRESSED
        ) as stream:
            yield stream


def blocks_of(file: SourceFile, number: int, size: int = BLOCK_BYTES) -> list[Block]:
    """Cut a file into blocks.

    Args:
        file: the file.
        number: its number in the run.
        size: bytes of a block, about.

    Returns:
        The blocks, in order. Where a place to cut can't be told from what stands around it, none is cut.

    Raises:
        OSError: the file can't be read.
    """
    if file.gzipped:
        return [Block(file, f"{number:04d}-0000", 0, None)]
    with _opened(file) as stream:
        cuts = [after_headings(_read_fully(stream, GREATEST_HEADINGS))]
        for nominal in range(cuts[0] + size, file.size - size // 2, size):
            begin = max(cuts[-1], nominal - CONTEXT)
            stream.seek(begin)
            piece = _read_fully(stream, nominal + CONTEXT - begin)
            found = row_start(
                piece,
                nominal - begin,
                len(file.headings),
                begins_a_row=begin == cuts[-1],
                ends_the_file=begin + len(piece) >= file.size,
            )
            if found is not None:
                cuts.append(begin + found)
    ends = [*cuts[1:], file.size]
    return [
        Block(file, f"{number:04d}-{at:04d}", start, end)
        for at, (start, end) in enumerate(zip(cuts, ends, strict=True))
    ]


def chunks(block: Block, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Read a block's rows.

    Args:
        block: the block.
        size: bytes of a chunk, about.

    Yields:
        Pieces of the unpacked file, without its headings, that begin and end where a row does.

    Raises:
        OSError: the file can't be read.
        EOFError: it is packed and ends too early.
        zlib.error: it is packed and damaged.
    """
    width = len(block.file.headings)
    with _opened(block.file) as stream:
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
        with gzip.open(stream, "rb") as unpacked:
            start = _read_fully(unpacked, GREATEST_HEADINGS)
            first = start[after_headings(start) :]

            def read_on(number: int) -> bytes:
                nonlocal first
                piece, first = first, b""
                return piece or _read_fully(unpacked, number)

            yield from cut(read_on, width, size)


def cut(read: Callable[[int], bytes], width: int, size: int) -> Iterator[bytes]:
    """Cut a stream of rows into chunks.

    Args:
        read: gives up to so many bytes, none at the end; the first begin a row.
        width: the number of headings.
        size: bytes of a chunk, about.

    Yields:
        The chunks. Each begins where a row does; joined, they are the stream.
    """
    held = b""
    # A block ends some bytes after its size; with those in the same piece, nothing is copied to add them.
    while piece := read(size + 2 * CONTEXT):
        held += piece
        if len(held) >= size + 2 * CONTEXT:
            at = _place_to_cut(held, width)
            if at is not None:
                yield held[:at]
                held = held[at:]
    if held:
        yield held


def _place_to_cut(held: bytes, width: int) -> int | None:
    begin = len(held) - 2 * CONTEXT
    found = row_start(held[begin:], CONTEXT, width, begins_a_row=False, ends_the_file=False)
    if found is not None:
        return begin + found
    # slower, and sure: row by row from the beginning
    return row_start(held, begin + CONTEXT, width, begins_a_row=True, ends_the_file=False)


def _read_fully(stream: SupportsRead, number: int) -> bytes:
    """So many bytes, fewer at the end alone."""
    pieces: list[bytes] = []
    while number > 0 and (piece := stream.read(number)):
        pieces.append(piece)
        number -= len(piece)
    return b"".join(pieces)
