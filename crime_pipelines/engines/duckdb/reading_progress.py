"""The progress of reading files: rows are counted, packed files unpacked, and then DuckDB reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import duckdb

from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.meter import Meter
from crime_pipelines.support.progress import Done

#: The part of the time of a packed file that goes by before DuckDB begins with it.
_UNPACKING: Final = 0.35
#: The same of a plain file: its rows are counted while DuckDB reads, which says nothing of its first 32 MB.
_COUNTING: Final = 0.1
#: Rejects and superseded versions are dealt with after the reading.
_READ: Final = 0.97


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
        self._reading = sum(file.size for file in files)
        try:
            yield
        finally:
            self._read, self._reading = self._read + self._reading, 0

    def done(self) -> Done:
        """Return how far it is."""
        percent = self._connection.query_progress() if self._reading else -1.0
        read = self._read + self._reading * max(0.0, percent) / 100
        size = max(1, self._size)
        meters = list(self._meters)
        counted = sum(meter.position() for meter, _ in meters)
        ahead = sum(weight * meter.position() for meter, weight in meters)
        weight = sum(weight for _, weight in meters) / max(1, len(meters))
        share = min(1.0, ahead / size + (1 - weight) * read / size) * _READ
        rows = sum(meter.found.rows for meter, _ in meters)
        return Done(share, self._size, round(rows * share * size / counted) if counted else None)
