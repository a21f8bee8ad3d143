"""The progress of a count of a file's rows, asked for in another thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from crime_pipelines.sources.formats.reading import Opener
from crime_pipelines.sources.row_counter import RowCount


class Meter:
    """Progress of the count of a file's rows.

    Attributes:
        found: the count so far.
    """

    def __init__(self, size: int) -> None:
        """Begin.

        Args:
            size: the file's size as stored, in bytes.
        """
        self.found = RowCount()
        self._size = size
        self._stream: IO[bytes] | None = None
        self._position = 0

    @contextmanager
    def watch(self, stored: Opener) -> Iterator[IO[bytes]]:
        """Open a file and watch how far it is read.

        Args:
            stored: opens it as stored.

        Yields:
            Its bytes.
        """
        with stored() as stream:
            self._stream = stream
            try:
                yield stream
            finally:
                self._stream = None

    def finish(self) -> None:
        """Note that all of it is counted."""
        self._position = self._size

    def position(self) -> int:
        """Return the stored bytes that have been read."""
        stream = self._stream
        if stream is not None:
            with suppress(OSError, ValueError):  # it may be closed by now
                self._position = stream.tell()
        return min(self._position, self._size)
