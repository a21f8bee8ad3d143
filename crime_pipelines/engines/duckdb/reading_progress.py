"""The progress of reading files: rows are counted, packed files unpacked, and then DuckDB reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import duckdb

from crime_pipelines.engines.duckdb.csv_scan import rows_sql
from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.meter import Meter
from crime_pipelines.support.progress import Done

#: The part of the time of a packed file that goes by before DuckDB begins with it.
_UNPACKING: Final = 0.35
#: The same of a plain file: its rows are counted while DuckDB reads, which says nothing of its first 32 MB.
_COUNTING: Final = 0.1
#: Rejects and superseded versions are dealt with after the reading.
_READ: Final = 0.97
#: A list of constants that is so long that DuckDB makes a table of it and joins that to every row.
_LONG_LIST: Final = re.compile(r" IN \((?:'(?:[^']|'')*', ){9,}'(?:[^']|'')*'\)")


class StatementProgress:
    """The part of its files that a statement of `csv_scan.rows_sql` has read.

    DuckDB weighs the pipelines of a statement by the rows that it expects, which are the same for each file
    of CSV, whatever its size. The small tables that rows are joined with are read at once, and count much;
    each join counts as much as the files, and says nothing. So with two joins DuckDB's figure jumps at first,
    and then goes through a third of the rest.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, file: SourceFile) -> None:
        """Begin.

        Args:
            connection: the database that the statement is given to.
            file: one of the files; they are alike.
        """
        self._connection = connection
        self._joins = joins(file)
        self._first: float | None = None
        self._share = 0.0

    def share(self) -> float:
        """Return the part of the files that is read, 0 to 1; asked for in another thread."""
        percent = self._connection.query_progress()
        if percent > 0:
            if self._first is None:
                self._first = min(percent, 99.0) if self._joins else 0.0
            ahead = (percent - self._first) / (100 - self._first) * (1 + self._joins)
            self._share = max(self._share, min(1.0, ahead))
        return self._share


def joins(file: SourceFile) -> int:
    """Return how many small tables a statement joins to the rows of a file, and of those that are alike."""
    sql = rows_sql("rows", len(file.headings), file.columns, 0, [], file.layout)
    return len(_LONG_LIST.findall(sql))


class ReadingProgress:
    """Progress of the reading of a job's files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile]) -> None:
        """Begin.

        Args:
            connection: the database that reads.
            files: the files.
        """
        self._connection = connection
        self._size = sum(file.size for file in files)
        self._meters: list[tuple[Meter, float]] = []
        self._read = 0
        self._reading = 0
        self._statement: StatementProgress | None = None

    def meter(self, file: SourceFile) -> Meter:
        """Return the meter for the count of a file's rows.

        Args:
            file: the file.

        Returns:
            The meter.
        """
        meter = Meter(file.size)
        self._meters.append((meter, _COUNTING if file.form.is_plain else _UNPACKING))
        return meter

    @contextmanager
    def reading(self, files: Sequence[SourceFile]) -> Iterator[None]:
        """Watch the statement of the block.

        Args:
            files: the files that it reads.

        Yields:
            Nothing.
        """
        self._statement = StatementProgress(self._connection, files[0])
        self._reading = sum(file.size for file in files)
        try:
            yield
        finally:
            self._read, self._reading = self._read + self._reading, 0

    def done(self) -> Done:
        """Return how far it is."""
        statement = self._statement
        read = self._read + self._reading * (statement.share() if statement else 0.0)
        size = max(1, self._size)
        meters = list(self._meters)
        counted = sum(meter.position() for meter, _ in meters)
        ahead = sum(weight * meter.position() for meter, weight in meters)
        weight = sum(weight for _, weight in meters) / max(1, len(meters))
        share = min(1.0, ahead / size + (1 - weight) * read / size) * _READ
        rows = sum(meter.found.rows for meter, _ in meters)
        return Done(share, self._size, round(rows * share * size / counted) if counted else None)
