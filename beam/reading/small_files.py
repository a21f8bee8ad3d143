"""Small files, many at a time: to plan a statement takes longer than to read one of them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
from apache_beam.pvalue import TaggedOutput

from crime_pipelines.beam.reading.blocks import Block, chunks
from crime_pipelines.beam.reading.chunks import FAST, Reading, faults_in_words, read_chunk
from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.beam.reading.rows import ReadRows, separate_rejects, type_rows
from crime_pipelines.sources.row_counter import count_rows

#: Bytes of a small file as stored. A packed one may have a thousand times as many unpacked.
_PLAIN_BYTES: Final = 1 << 20
_PACKED_BYTES: Final = 1 << 16
#: Small files that make a block, at least.
_LEAST_OF_A_BLOCK: Final = 64
#: Files that are read at a time, at most.
MOST_FILES: Final = 1000
#: Files that share a mark of progress: to make one takes longer than to read a small file.
_FILES_OF_A_MARK: Final = 100


def is_small(file: WorkerFile, block_bytes: int) -> bool:
    """Tell whether a file is read together with others.

    Args:
        file: the file.
        block_bytes: bytes of CSV that a worker reads at a time, about.

    Returns:
        True if it and some others fit a worker's memory.
    """
    most = _PLAIN_BYTES if file.form.is_plain else _PACKED_BYTES
    return file.size <= min(most, block_bytes // _LEAST_OF_A_BLOCK)


class ReadSmallFiles(Reading):
    """Reads small files."""

    def process(self, files: Sequence[tuple[str, WorkerFile]]) -> Iterator[pa.Table | TaggedOutput]:
        """Read some files.

        Args:
            files: names that no others of the run have, and the files.

        Yields:
            As `ReadBlock.process` does.

        Raises:
            PipelineError: a file can't be read, or rows were lost.
        """
        alike: dict[object, _Alike] = {}
        unmarked = 0
        for number, (name, file) in enumerate(files, start=1):
            with faults_in_words(file):
                data = b"".join(chunks(Block(file, name, 0, None)))
                key = (file.headings, file.columns, file.layout)
                together = alike.setdefault(key, _Alike(self._shift_years))
                if not together.add(name, file, data):
                    for part, rows in enumerate(read_chunk(data, file, self._shift_years)):
                        yield from self._given(f"{name}-0000-{part:04d}", rows, file)
            unmarked += len(data)
            if number % _FILES_OF_A_MARK == 0 or number == len(files):
                self._mark(f"{name}-0000-{unmarked}")
                unmarked = 0
            if together.bytes >= self._chunk_bytes:
                yield from self._read(alike.pop(key))
        for together in alike.values():
            yield from self._read(together)

    def _read(self, together: _Alike) -> Iterator[pa.Table | TaggedOutput]:
        incidents: list[pa.Table] = []
        for name, file, parts in together.read():
            for part, rows in enumerate(parts):
                incidents.append(rows.incidents)
                for output in self._given(f"{name}-0000-{part:04d}", rows, file):
                    if isinstance(output, TaggedOutput):
                        yield output
        if incidents:
            # each of thousands of little pieces would cost every later step as much as a table
            yield pa.concat_tables(incidents).combine_chunks()


class _Alike:
    """Files of the same headings and layout, whose rows DuckDB can be trusted with."""

    def __init__(self, shift_years: int) -> None:
        self._shift_years = shift_years
        self._files: list[tuple[str, WorkerFile, bytes, int]] = []
        self.bytes = 0

    def add(self, name: str, file: WorkerFile, data: bytes) -> bool:
        """Take a file in; False if it is to be read by itself."""
        count = count_rows(io.BytesIO(data), len(file.headings))
        if not count.is_regular:
            return False
        self._files.append((name, file, data, count.rows))
        self.bytes += len(data)
        return True

    def read(self) -> Iterator[tuple[str, WorkerFile, list[ReadRows]]]:
        """Read the files in one statement; by itself one of which it did not take all rows."""
        if not self._files:
            return
        filled = [data for *_, data, rows in self._files if rows]
        typed = type_rows(filled, self._files[0][1], self._shift_years, FAST) if filled else []
        tables = iter(typed or ())
        for name, file, data, rows in self._files:
            if not rows:
                yield name, file, [separate_rejects(None, [], file)]
                continue
            table = next(tables, None)
            if table is not None and table.num_rows == rows:
                yield name, file, [separate_rejects(table, [], file)]
            else:
                with faults_in_words(file):
                    yield name, file, list(read_chunk(data, file, self._shift_years))
