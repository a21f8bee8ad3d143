"""The rows of a file that is gone through in one piece, by Python.

Executors import this: the domain, the standard library, and nothing beside.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator
from functools import partial

from crime_pipelines.domain.records.csv_records import fields_of
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.domain.records.record_boundaries import after_headings
from crime_pipelines.domain.records.record_lines import count_records

#: A row's fields (None for a malformed one), the file's path, and the row as it stands in the file.
Row = tuple[list[str] | None, str, str]
_CHUNK = 1 << 20


def records_of(pieces: Iterable[tuple[bytes, str]], width: int, separator: str = "\n") -> Iterator[Row]:
    """Read the records of a file, without its headings.

    Args:
        pieces: the file's bytes cut at every separator, each piece with the file's path.
        width: the number of headings.
        separator: what it was cut at.

    Yields:
        Each record.
    """
    source = iter(pieces)
    first = next(source, None)
    if first is not None:
        start, path = first
        rest = (piece for piece, _ in source)
        yield from _rows(_joined(start, rest, separator.encode()), path, width)


def packed_records_of(files: Iterable[tuple[bytes, str]], width: int) -> Iterator[Row]:
    """Read the records of gzipped files that Hadoop does not unpack, without their headings.

    Args:
        files: each file as it is stored, and its path.
        width: the number of headings.

    Yields:
        Each record.
    """
    for content, path in files:
        with gzip.open(io.BytesIO(content), "rb") as unpacked:
            yield from _rows(iter(partial(unpacked.read, _CHUNK), b""), path, width)


def rows_in(
    pieces: Iterable[tuple[bytes, str]], name: str, width: int, separator: str = "\n"
) -> Iterator[tuple[str, int, int]]:
    """Count the rows of a file, by other code than `records_of`.

    Args:
        pieces: as for `records_of`.
        name: tells the file apart from others that are counted.
        width: the number of headings.
        separator: what it was cut at.

    Yields:
        Once: the name, the number of rows, and the number of bytes, a separator after each piece included.
    """
    size = 0

    def measured() -> Iterator[bytes]:
        nonlocal size
        for piece, _ in pieces:
            size += len(piece) + len(separator)
            yield piece

    source = measured()
    start = next(source, b"")
    rows = count_records(_without_headings(_joined(start, source, separator.encode())), width)
    yield name, rows, size


def _rows(chunks: Iterator[bytes], path: str, width: int) -> Iterator[Row]:
    for record in records(_without_headings(chunks), width):
        text = record.text
        yield (fields_of(text, width) if record.sound else None), path, text


def _joined(start: bytes, rest: Iterator[bytes], separator: bytes) -> Iterator[bytes]:
    """Return the pieces, with the separators that they were cut at."""
    yield start + separator
    for piece in rest:
        yield piece + separator


def _without_headings(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return a file's bytes behind its headings, all of which are in the first chunk."""
    start = next(chunks, b"")
    yield start[after_headings(start) :]
    yield from chunks
