"""Chunks that threads of this process are reading, for the progress of a run on this machine."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from crime_pipelines.beam.arrow import database
from crime_pipelines.engines.duckdb.reading_progress import StatementProgress
from crime_pipelines.sources import SourceFile

#: The part of a chunk's time in which its rows are counted, before a statement types them.
_COUNTING: Final = 0.1


class _Chunk:
    def __init__(self, data: io.BytesIO, file: SourceFile) -> None:
        self._data = data
        self._size = len(data.getbuffer())
        self._statement = StatementProgress(database(), file)

    def read(self) -> float:
        """Return the bytes that are read, about."""
        counted = self._data.tell() / max(1, self._size)
        return self._size * (_COUNTING * counted + (1 - _COUNTING) * self._statement.share())


_chunks: dict[int, _Chunk] = {}


@contextmanager
def under_way(data: io.BytesIO, file: SourceFile) -> Iterator[None]:
    """Tell `bytes_under_way` of a chunk while this thread counts its rows and types them.

    Args:
        data: the chunk, which is read for the count; the statement is one of this thread's `arrow.database`.
        file: the file that it stands in.

    Yields:
        Nothing.
    """
    thread = threading.get_ident()
    _chunks[thread] = _Chunk(data, file)
    try:
        yield
    finally:
        del _chunks[thread]


def bytes_under_way() -> float:
    """Return the bytes that are read of chunks that are not read to their end."""
    return sum(chunk.read() for chunk in list(_chunks.values()))
