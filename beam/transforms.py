"""PTransforms over incident files, which `batch` puts together, and `library` for pipelines of one's own.

Incidents are Arrow tables (`schema.incidents.INCIDENTS`), many rows an element, because Beam's cost is by
element: rows one by one would take some twenty times as long.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.display import DisplayDataItem

from crime_pipelines.beam.arrow import IncidentTable
from crime_pipelines.beam.hints import of_type
from crime_pipelines.beam.parquet import bucket_name, write_by_year, write_rejects
from crime_pipelines.beam.parting import PartByBucket
from crime_pipelines.beam.reading.blocks import BLOCK_BYTES, Block, blocks_of
from crime_pipelines.beam.reading.checks import CountRows
from crime_pipelines.beam.reading.chunks import REJECTS, ROW_COUNTS, ReadBlock, Reading, ReadRanges
from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.beam.reading.small_files import MOST_FILES, ReadSmallFiles, is_small
from crime_pipelines.beam.versions import DropSuperseded
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.sources import SourceFile

_INCIDENTS: Final = "incidents"


class IncidentsRead(NamedTuple):
    """The outputs of `ReadIncidentFiles`.

    Attributes:
        incidents: tables of versions of incidents.
        rejects: tables of rejects, each under the name of the block that it stands in.
        row_counts: `schema.row_counts.RowCounts`, to be added by `row_counts.SumRowCounts`: the rows of each
            file, those read and those counted apart from the reader. `checks.CheckRows` compares them.
    """

    incidents: PCollection
    rejects: PCollection
    row_counts: PCollection


class LatestIncidents(NamedTuple):
    """The outputs of `LatestInBuckets`.

    Attributes:
        incidents: tables of incidents, one row each, under the number of their bucket.
        row_counts: `schema.row_counts.RowCounts`, to be added up by `row_counts.SumRowCounts`.
        versions: numbers of versions that have come to be compared.
    """

    incidents: PCollection
    row_counts: PCollection
    versions: PCollection


class ReadIncidentFiles(beam.PTransform):
    """Reads incident files, in blocks; quoted line breaks are safe, packed files are read whole."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        shift_years: int,
        marks: str | None = None,
        block_bytes: int = BLOCK_BYTES,
        careful: Collection[str] = (),
    ) -> None:
        """Say what to read.

        Args:
            files: the files, looked at (`sources.resolve`).
            shift_years: calendar years to move dates by.
            marks: a folder that all workers share, to mark in it what has been read; see `progress`.
            block_bytes: bytes of CSV that a worker reads at a time, about.
            careful: the names of files to leave in one piece and read row by row.
        """
        super().__init__()
        self._marks = marks
        self._block_bytes = block_bytes
        self._files = tuple(WorkerFile.of(file) for file in files)
        self._shift_years = shift_years
        self._careful = frozenset(careful)

    def __getstate__(self) -> dict[str, object]:
        """Return what Beam writes down of the step itself; the files are in what `expand` makes."""
        return {**self.__dict__, "_files": ()}

    def expand(self, begin: beam.Pipeline) -> IncidentsRead:
        """Wire it."""
        named = [(f"{number:04d}", file) for number, file in enumerate(self._files)]
        files = begin | "Files" >> beam.Create(named, reshuffle=False)
        read: IncidentsRead = files | "Read" >> ReadFiles(
            self._shift_years, self._marks, self._block_bytes, self._careful, splits=True
        )
        return read

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {
            "files": DisplayDataItem(len(self._files), label="Files"),
            "bytes": DisplayDataItem(sum(file.size for file in self._files), label="Bytes as stored"),
            "shift_years": DisplayDataItem(self._shift_years, label="Date shift, years"),
        }


class ReadFiles(beam.PTransform):
    """Reads files of a collection, each under a name that no other has."""

    def __init__(
        self,
        shift_years: int,
        marks: str | None = None,
        block_bytes: int = BLOCK_BYTES,
        careful: Collection[str] = (),
        splits: bool = False,
    ) -> None:
        """Say how to read them, as `ReadIncidentFiles`, and whether a runner may split a file's reading."""
        super().__init__()
        self._splits = splits
        self._shift_years = shift_years
        self._marks = marks
        self._block_bytes = block_bytes
        self._careful = frozenset(careful)

    def expand(self, files: PCollection) -> IncidentsRead:
        """Wire it: (name, `WorkerFile`) to what they hold."""
        size, careful, splits = self._block_bytes, self._careful, self._splits
        counts = (
            files
            | "File" >> beam.Values().with_output_types(WorkerFile)
            | "SpreadFiles" >> beam.Reshuffle()
            | "CountRows" >> beam.ParDo(CountRows())
        )

        def way_of(file: WorkerFile) -> str:
            if file.uri in careful:
                return "Large"
            if is_small(file, size):
                return "Small"
            return "Plain" if splits and file.form.is_plain else "Large"

        def going(way: str) -> PCollection:
            return files | way >> beam.Filter(lambda each: way_of(each[1]) == way)

        ways = [
            going("Small")
            | "SpreadSmall" >> beam.Reshuffle()
            | "Together" >> beam.BatchElements(min_batch_size=MOST_FILES, max_batch_size=MOST_FILES)
            | "ReadSmall" >> _with_outputs(ReadSmallFiles(self._shift_years, self._marks, size))
        ]
        if splits:
            ways.append(
                going("Plain")
                | "SpreadPlain" >> beam.Reshuffle()
                | "ReadRanges" >> _with_outputs(ReadRanges(self._shift_years, self._marks, size))
            )
        ways.append(
            going("Large")
            | "CutIntoBlocks"
            >> beam.FlatMapTuple(
                lambda name, file: blocks_of(file, name, size, is_careful=file.uri in careful)
            ).with_output_types(Block)
            | "Spread" >> beam.Reshuffle()
            | "ReadBlocks" >> _with_outputs(ReadBlock(self._shift_years, self._marks, size))
        )

        def all_of(output: str, element: Any, *more: PCollection) -> PCollection:
            parts = (*(of_type(read[output], element) for read in ways), *more)
            return of_type(parts | output.title() >> beam.Flatten(), element)

        return IncidentsRead(
            all_of(_INCIDENTS, IncidentTable),
            all_of(REJECTS, tuple[str, IncidentTable]),
            all_of(ROW_COUNTS, RowCounts, of_type(counts, RowCounts)),
        )


def _with_outputs(reading: Reading) -> beam.PTransform:
    return beam.ParDo(reading).with_outputs(REJECTS, ROW_COUNTS, main=_INCIDENTS)


class LatestInBuckets(beam.PTransform):
    """Keeps the current version of each incident."""

    def __init__(self, buckets: int) -> None:
        """Say how finely to part the incidents.

        Args:
            buckets: how many parts; each must fit a worker's memory.
        """
        super().__init__()
        self._buckets = buckets

    def expand(self, incidents: PCollection) -> LatestIncidents:
        """Wire it."""
        together = (
            incidents
            | "ByBucket"
            >> beam.ParDo(PartByBucket(self._buckets)).with_output_types(tuple[int, IncidentTable])
            | "Together" >> beam.GroupByKey()
        )
        latest = together | "DropSuperseded" >> beam.ParDo(DropSuperseded()).with_outputs(
            ROW_COUNTS, main=_INCIDENTS
        )
        versions = together | "CountVersions" >> beam.MapTuple(
            lambda _, tables: sum(table.num_rows for table in tables)
        ).with_output_types(int)
        return LatestIncidents(
            of_type(latest.incidents, tuple[int, IncidentTable]),
            of_type(latest.row_counts, RowCounts),
            versions,
        )

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {"buckets": DisplayDataItem(self._buckets, label="Buckets")}


class WriteBuckets(beam.PTransform):
    """Writes buckets of incidents as Parquet, by year; a bucket written again replaces itself."""

    def __init__(self, folder: str) -> None:
        """Say where to.

        Args:
            folder: the folder of incidents, local or a URI.
        """
        super().__init__()
        self._folder = folder

    def expand(self, incidents: PCollection) -> PCollection:
        """Wire it: (bucket, pa.Table) to the paths written."""
        folder = self._folder
        return incidents | "ByYear" >> beam.FlatMapTuple(
            lambda bucket, table: write_by_year(bucket_name(bucket), table, folder)
        ).with_output_types(str)

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {"folder": DisplayDataItem(self._folder, label="Folder")}


class WriteRejects(beam.PTransform):
    """Writes rejects as Parquet, a file for each block that has any."""

    def __init__(self, folder: str) -> None:
        """Say where to.

        Args:
            folder: the folder of rejects, local or a URI.
        """
        super().__init__()
        self._folder = folder

    def expand(self, rejects: PCollection) -> PCollection:
        """Wire it: (block's name, pa.Table) to the paths written."""
        folder = self._folder
        return rejects | "ByBlock" >> beam.MapTuple(
            lambda block, table: write_rejects(block, table, folder)
        ).with_output_types(str)

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {"folder": DisplayDataItem(self._folder, label="Folder")}
