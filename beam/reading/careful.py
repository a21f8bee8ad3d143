"""The careful way to read: row by row, by the rules of `domain.records.csv_records`.

Sound rows are written again in the one form that all readers of CSV agree on, and typed by a statement that
passes nothing over.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Final

from crime_pipelines.beam.reading.rows import ReadRows, separate_rejects, type_rows
from crime_pipelines.domain.records.csv_splitter import Record, records
from crime_pipelines.engines.duckdb.csv_scan import CSVOptions, strict_line
from crime_pipelines.errors import InputError, rows_lost
from crime_pipelines.sources import SourceFile

_CLEAN: Final = CSVOptions(headings=False, strict=True, are_escaped=True)
#: Malformed rows that are held one by one, and bytes of them.
MOST_MALFORMED: Final = 1 << 16
_MALFORMED_BYTES: Final = 1 << 24


def read_carefully(file: SourceFile, shift_years: int, size: int) -> Iterator[ReadRows]:
    """Read a file from its beginning to its end, row by row.

    Args:
        file: the file.
        shift_years: calendar years to move dates by.
        size: bytes of sound rows to hold at a time, about.

    Yields:
        The rows, in parts. They can be relied on once all parts were given.

    Raises:
        PipelineError: the rows can't be read, or rows were lost.
        LineTooLongError: a line is too long.
    """
    counted = file.count_rows().rows
    yield from row_by_row(_rows_of(file), counted, file, shift_years, size)


def _rows_of(file: SourceFile) -> Iterator[bytes]:
    with file.open_rows() as rows:
        yield from rows


def row_by_row(
    pieces: Iterable[bytes], counted: int, file: SourceFile, shift_years: int, size: int
) -> Iterator[ReadRows]:
    """Read whole rows of a file, row by row.

    Args:
        pieces: the rows, without headings, in pieces of any size.
        counted: their number, counted apart from this reader.
        file: the file that they stand in.
        shift_years: calendar years to move dates by.
        size: bytes of sound rows to hold at a time, about.

    Yields:
        The rows, in parts. They can be relied on once all parts were given.

    Raises:
        PipelineError: the rows can't be read, or rows were lost.
        LineTooLongError: a line is too long.
    """
    read = lost = 0
    part = _Part(file)
    for record in records(pieces, len(file.headings)):
        part.add(record)
        if part.is_full(size):
            rows = part.rows(shift_years)
            read += rows.number
            lost = lost or part.number - rows.number
            yield rows
            part = _Part(file)
    rows = part.rows(shift_years)
    read += rows.number
    lost = lost or part.number - rows.number
    yield rows
    if read != counted or lost:
        # The rows may be a part of the file: how many there should be is counted in the whole of it.
        whole = file.count_rows().rows
        raise rows_lost(file.uri, whole, whole + ((read - counted) or -lost))


class _Part:
    """Rows on their way into a statement."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._width = len(file.headings)
        self._clean = io.BytesIO()
        self._sound = 0
        self._undecodable = 0
        self._malformed: list[str] = []
        self._malformed_bytes = 0

    @property
    def number(self) -> int:
        return self._sound + len(self._malformed)

    def is_full(self, size: int) -> bool:
        return (
            self._clean.tell() >= size
            or len(self._malformed) >= MOST_MALFORMED
            or self._malformed_bytes >= _MALFORMED_BYTES
        )

    def add(self, record: Record) -> None:
        if not record.sound:
            self._malformed.append(record.text)
            self._malformed_bytes += len(record.data)
            return
        self._sound += 1
        line, is_replaced = strict_line(record, self._width)
        self._clean.write(line)
        self._undecodable += is_replaced

    def rows(self, shift_years: int) -> ReadRows:
        rows = None
        if self._sound:
            typed = type_rows([self._clean.getvalue()], self._file, shift_years, _CLEAN)
            rows = typed and typed[0]
            if rows is None:
                raise InputError(f"{self._file.uri}: can't be read, not even row by row")
        return separate_rejects(rows, self._malformed, self._file, self._undecodable)
