"""PTransforms over incident files, for pipelines of one's own; `batch` puts them together.

Incidents travel as Arrow tables (`tables.INCIDENTS`), many rows an element, because Beam's cost is by
element: rows one by one would take some twenty times as long.

    files = resolve("gs://bucket/crimes/")
    with beam.Pipeline() as pipeline:
        read = pipeline | ReadIncidentFiles(files, shift_years=3)
        latest = read.incidents | LatestVersions(buckets=8)
        latest.incidents | WriteIncidents("gs://bucket/out/incidents")
        read.rejects | WriteRejects("gs://bucket/out/rejects")
        answers = latest.incidents | beam.CombineGlobally(AnswersFn(as_of=None, shift_years=3))
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.metrics import Metrics
from apache_beam.pvalue import PCollection, TaggedOutput
from apache_beam.transforms.display import DisplayDataItem

from crime_pipelines.beam.blocks import BLOCK_BYTES, Block, blocks_of, chunks
from crime_pipelines.beam.hints import of_type
from crime_pipelines.beam.parquet import write_by_year, write_rejects
from crime_pipelines.beam.reading import read_rows
from crime_pipelines.beam.versions import by_bucket, latest_versions
from crime_pipelines.engine import Ingested
from crime_pipelines.errors import InputError
from crime_pipelines.sources import SourceFile

_METRICS: Final = "crime_pipelines"
_REJECTS: Final = "rejects"
_ACCOUNTS: Final = "accounts"
_INCIDENTS: Final = "incidents"


class IncidentsRead(NamedTuple):
    """What `ReadIncidentFiles` gives.

    Attributes:
        incidents: tables of versions of incidents.
        rejects: tables of rejects, each under the name of the block that it stands in.
        accounts: `engine.Ingested`, to be added up by `account.AccountFn`.
    """

    incidents: PCollection
    rejects: PCollection
    accounts: PCollection


class LatestIncidents(NamedTuple):
    """What `LatestVersions` gives.

    Attributes:
        incidents: tables of incidents, one row each, under the number of their bucket.
        accounts: `engine.Ingested`, to be added up by `account.AccountFn`.
    """

    incidents: PCollection
    accounts: PCollection


class ReadIncidentFiles(beam.PTransform):
    """Reads incident files, in blocks; quoted line breaks are safe, gzipped files are read whole."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        shift_years: int,
        marks: str | None = None,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        """Say what to read.

        Args:
            files: the files, looked at (`sources.resolve`).
            shift_years: calendar years to move dates by.
            marks: a folder that all workers share, to mark in it what has been read; see `progress`.
            block_bytes: bytes of CSV that a worker reads at a time, about.
        """
        super().__init__()
        self._marks = marks
        self._block_bytes = block_bytes
        self._files = tuple(files)
        self._shift_years = shift_years

    def expand(self, begin: beam.Pipeline) -> IncidentsRead:
        """Wire it."""
        size = self._block_bytes
        read = (
            begin
            | "Files" >> beam.Create(list(enumerate(self._files)), reshuffle=False)
            | "CutIntoBlocks"
            >> beam.FlatMapTuple(lambda number, file: blocks_of(file, number, size)).with_output_types(Block)
            | "Spread" >> beam.Reshuffle()
            | "ReadBlocks"
            >> beam.ParDo(ReadBlock(self._shift_years, self._marks, size)).with_outputs(
                _REJECTS, _ACCOUNTS, main=_INCIDENTS
            )
        )
        return IncidentsRead(
            of_type(read.incidents, pa.Table),
            of_type(read.rejects, tuple[str, pa.Table]),
            of_type(read.accounts, Ingested),
        )

    def display_data(self) -> dict[str, DisplayDataItem]:
        """What a runner's page shows of it."""
        return {
            "files": DisplayDataItem(len(self._files), label="Files"),
            "bytes": DisplayDataItem(sum(file.size for file in self._files), label="Bytes as stored"),
            "shift_years": DisplayDataItem(self._shift_years, label="Date shift, years"),
        }


class ReadBlock(beam.DoFn):
    """Reads a block: incidents as tables, rejects and accounts tagged."""

    def __init__(self, shift_years: int, marks: str | None = None, chunk_bytes: int = BLOCK_BYTES) -> None:
        """Remember the shift.

        Args:
            shift_years: calendar years to move dates by.
            marks: as for `ReadIncidentFiles`.
            chunk_bytes: bytes of CSV to hold at a time, about.
        """
        super().__init__()
        self._chunk_bytes = chunk_bytes
        self._shift_years = shift_years
        self._marks = marks
        self._rows = Metrics.counter(_METRICS, "rows_read")
        self._rejected = Metrics.counter(_METRICS, "rows_rejected")

    def process(self, block: Block) -> Iterator[pa.Table | TaggedOutput]:
        """Read one block.

        Args:
            block: the block.

        Yields:
            Tables of incidents; tagged, tables of rejects by name, and the account.

        Raises:
            InputError: the file is damaged.
        """
        try:
            for number, data in enumerate(chunks(block, self._chunk_bytes)):
                rows = read_rows(data, block.file, self._shift_years)
                account = rows.account()
                self._rows.inc(account.read)
                self._rejected.inc(rows.rejects.num_rows)
                if rows.incidents.num_rows:
                    yield rows.incidents
                if rows.rejects.num_rows:
                    yield TaggedOutput(_REJECTS, (f"{block.name}-{number:04d}", rows.rejects))
                yield TaggedOutput(_ACCOUNTS, account)
                if self._marks is not None:
                    Path(self._marks, f"{block.name}-{number:04d}-{len(data)}").touch()
        except (EOFError, zlib.error) as error:
            raise InputError(f"{block.file.uri}: is damaged gzip ({error})") from error

    def display_data(self) -> dict[str, DisplayDataItem]:
        """What a runner's page shows of it."""
        return {"shift_years": DisplayDataItem(self._shift_years, label="Date shift, years")}


class LatestVersions(beam.PTransform):
    """Keeps the version that counts of each incident."""

    def __init__(self, buckets: int) -> None:
        """Say how finely to part the incidents.

        Args:
            buckets: how many parts; each must fit a worker's memory.
        """
        super().__init__()
        self._buckets = buckets

    def expand(self, versions: PCollection) -> LatestIncidents:
        """Wire it."""
        latest = (
            versions
            | "ByBucket" >> beam.FlatMap(by_bucket, self._buckets).with_output_types(tuple[int, pa.Table])
            | "Together" >> beam.GroupByKey()
            | "DropSuperseded" >> beam.ParDo(DropSuperseded()).with_outputs(_ACCOUNTS, main=_INCIDENTS)
        )
        return LatestIncidents(
            of_type(latest.incidents, tuple[int, pa.Table]), of_type(latest.accounts, Ingested)
        )

    def display_data(self) -> dict[str, DisplayDataItem]:
        """What a runner's page shows of it."""
        return {"buckets": DisplayDataItem(self._buckets, label="Buckets")}


class DropSuperseded(beam.DoFn):
    """Keeps the version that counts of each incident of a bucket."""

    def __init__(self) -> None:
        """Set up the counter."""
        super().__init__()
        self._superseded = Metrics.counter(_METRICS, "versions_superseded")

    def process(
        self, element: tuple[int, Iterable[pa.Table]]
    ) -> Iterator[tuple[int, pa.Table] | TaggedOutput]:
        """Compare the versions of one bucket.

        Args:
            element: the bucket's number, and the versions in it.

        Yields:
            The number, and the incidents; tagged, their account.
        """
        bucket, tables = element
        versions = pa.concat_tables(tables)
        incidents = latest_versions(versions)
        superseded = versions.num_rows - incidents.num_rows
        self._superseded.inc(superseded)
        yield bucket, incidents
        latest = pc.max(incidents["occurred_at"]).as_py()
        yield TaggedOutput(_ACCOUNTS, Ingested(0, incidents.num_rows, superseded, latest=latest))


class WriteIncidents(beam.PTransform):
    """Writes incidents as Parquet, in a folder for each year; a bucket written again replaces itself."""

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
            lambda bucket, table: write_by_year(bucket, table, folder)
        ).with_output_types(str)

    def display_data(self) -> dict[str, DisplayDataItem]:
        """What a runner's page shows of it."""
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
        """What a runner's page shows of it."""
        return {"folder": DisplayDataItem(self._folder, label="Folder")}
