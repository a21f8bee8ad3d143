"""Blocks of CSV to typed incidents and rejects, chunk by chunk.

DuckDB is fast, and it has lost rows where it did not split a file as it expected. So the rows of each chunk
are counted apart from it. A chunk that it can't be trusted with (odd quoting, mixed line breaks, bytes that
are not UTF-8), or of which it took another number of rows, is read by `careful`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.display import DisplayDataItem

from crime_pipelines.beam.reading.blocks import BLOCK_BYTES, Block, Ranges, chunks
from crime_pipelines.beam.reading.careful import MOST_MALFORMED, read_carefully, row_by_row
from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.beam.reading.rows import ReadRows, separate_rejects, type_rows
from crime_pipelines.beam.reading.under_way import under_way
from crime_pipelines.domain.records.csv_splitter import LineTooLongError, records
from crime_pipelines.engines.duckdb.csv_scan import CSVOptions
from crime_pipelines.errors import InputError
from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.formats.packing import DamagedError
from crime_pipelines.sources.row_counter import LongLineError, RowCount, count_rows
from crime_pipelines.sources.storage import one_line

#: The names of a block's outputs beside its incidents.
REJECTS: Final = "rejects"
ROW_COUNTS: Final = "row_counts"
#: The group of the pipeline's metrics.
METRICS: Final = "crime_pipelines"
#: Blocks of a range before a runner splits it.
BLOCKS_AT_FIRST: Final = 4
FAST: Final = CSVOptions(headings=False)
_PIECE: Final = 1 << 20


class Reading(beam.DoFn):
    """Reads rows: incidents as tables, rejects and row_counts tagged."""

    def __init__(self, shift_years: int, marks: str | None = None, chunk_bytes: int = BLOCK_BYTES) -> None:
        """Remember the shift.

        Args:
            shift_years: calendar years to move dates by.
            marks: as for `transforms.ReadIncidentFiles`.
            chunk_bytes: bytes of CSV to hold at a time, about.
        """
        super().__init__()
        self._chunk_bytes = chunk_bytes
        self._shift_years = shift_years
        self._marks = marks
        self._rows = Metrics.counter(METRICS, "rows_read")
        self._rejected = Metrics.counter(METRICS, "rows_rejected")

    def _given(self, name: str, rows: ReadRows, file: SourceFile) -> Iterator[pa.Table | TaggedOutput]:
        self._rows.inc(rows.number)
        self._rejected.inc(rows.rejects.num_rows)
        if rows.incidents.num_rows:
            yield rows.incidents
        if rows.rejects.num_rows:
            yield TaggedOutput(REJECTS, (name, rows.rejects))
        yield TaggedOutput(ROW_COUNTS, rows.row_counts(file))

    def _block(self, block: Block) -> Iterator[pa.Table | TaggedOutput]:
        for number, data in enumerate(chunks(block, self._chunk_bytes)):
            name = f"{block.name}-{number:04d}"
            for part, rows in enumerate(read_chunk(data, block.file, self._shift_years)):
                yield from self._given(f"{name}-{part:04d}", rows, block.file)
            self._mark(f"{name}-{len(data)}")

    def _mark(self, name: str) -> None:
        if self._marks is not None:
            Path(self._marks, name).touch()

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {"shift_years": DisplayDataItem(self._shift_years, label="Date shift, years")}


class ReadBlock(Reading):
    """Reads a block."""

    def process(self, block: Block) -> Iterator[pa.Table | TaggedOutput]:
        """Read one block.

        Args:
            block: the block.

        Yields:
            Tables of incidents; tagged, tables of rejects by name, and the row_counts.

        Raises:
            PipelineError: the file can't be read, or rows were lost.
        """
        with faults_in_words(block.file):
            if block.is_careful:
                for number, rows in enumerate(
                    read_carefully(block.file, self._shift_years, self._chunk_bytes)
                ):
                    yield from self._given(f"{block.name}-{number:04d}", rows, block.file)
                self._mark(f"{block.name}-{block.file.size}")
            else:
                yield from self._block(block)


class ReadRanges(Reading, RestrictionProvider):
    """Reads plain files in ranges of blocks, which a runner may split while they are read."""

    def process(
        self,
        element: tuple[str, WorkerFile],
        tracker: Any = beam.DoFn.RestrictionParam(),  # noqa: B008 - Beam's way to declare it
    ) -> Iterator[pa.Table | TaggedOutput]:
        """Read a range of a file's blocks.

        Args:
            element: a name that no other file of the run has, and the file.
            tracker: claims the blocks, one after the other.

        Yields:
            As `ReadBlock.process` does.

        Raises:
            PipelineError: the file can't be read, or rows were lost.
        """
        _, file = element
        ranges = self._ranges(element)
        number = tracker.current_restriction().start
        with faults_in_words(file):
            while tracker.try_claim(number):
                block = ranges.block(number)
                if block is not None:
                    yield from self._block(block)
                number += 1

    def initial_restriction(self, element: tuple[str, WorkerFile]) -> OffsetRange:
        """Return all blocks of a file."""
        return OffsetRange(0, len(self._ranges(element)))

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        """Return a tracker of numbers of blocks."""
        return OffsetRestrictionTracker(restriction)

    def split(self, element: tuple[str, WorkerFile], restriction: OffsetRange) -> Iterator[OffsetRange]:
        """Split a range before it is read, for runners that do not while it is."""
        yield from restriction.split(BLOCKS_AT_FIRST, 1)

    def restriction_size(self, element: tuple[str, WorkerFile], restriction: OffsetRange) -> int:
        """Return the bytes of a range, about."""
        return self._ranges(element).bytes_of(restriction.start, restriction.stop)

    def _ranges(self, element: tuple[str, WorkerFile]) -> Ranges:
        name, file = element
        return Ranges(file, name, self._chunk_bytes)


def read_chunk(data: bytes, file: SourceFile, shift_years: int) -> Iterator[ReadRows]:
    """Read a chunk of a file.

    Args:
        data: whole rows, as they stand in the file, without headings.
        file: the file.
        shift_years: calendar years to move dates by.

    Yields:
        The rows, in parts. They can be relied on once all parts were given.

    Raises:
        PipelineError: the rows can't be read, or rows were lost.
        LongLineError: a line is too long.
    """
    stream = io.BytesIO(data)
    with under_way(stream, file):
        count = count_rows(stream, len(file.headings))
        rows = _quickly(data, count, file, shift_years) if count.is_regular else None
    if rows is not None:
        yield rows
    else:
        yield from row_by_row(_pieces(data), count.rows, file, shift_years, len(data))


def _quickly(data: bytes, count: RowCount, file: SourceFile, shift_years: int) -> ReadRows | None:
    """Read rows in one statement; None if it did not take all that it should."""
    if not count.rows:
        return separate_rejects(None, [], file)
    typed = type_rows([data], file, shift_years, FAST)
    if typed is None:
        return None
    (rows,) = typed
    passed_over = count.rows - rows.num_rows
    if not 0 <= passed_over <= MOST_MALFORMED:
        return None
    malformed: list[str] = []
    if passed_over:
        sound = 0
        for record in records(_pieces(data), len(file.headings)):
            if record.sound:
                sound += 1
            else:
                malformed.append(record.text)
        if (sound, len(malformed)) != (rows.num_rows, passed_over):
            return None
    return separate_rejects(rows, malformed, file)


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))


@contextmanager
def faults_in_words(file: SourceFile) -> Iterator[None]:
    """Name the place of what makes a file unreadable, whichever block it stands in.

    Args:
        file: the file.

    Yields:
        While blocks of it are read.

    Raises:
        InputError: the file is damaged, after so many rows, or has a line that is too long, with its number.
    """
    try:
        yield
    except (DamagedError, LineTooLongError, LongLineError) as error:
        file.count_rows()  # goes through the file from its beginning and raises the error
        raise InputError(f"{file.uri}: can't be read ({one_line(error)})") from error
