"""Incidents parted by id, so that versions meet, and by year, so that files are few and large.

Every table that leaves a worker costs the same, however small, and packs worse the smaller it is. So a worker
puts tables together before it cuts them, and files are made of what all buckets hold of a year.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import AsDict, PCollection
from apache_beam.transforms.display import DisplayDataItem
from apache_beam.utils.windowed_value import WindowedValue

from crime_pipelines.beam.arrow import IncidentTable
from crime_pipelines.beam.parquet import created
from crime_pipelines.beam.versions import by_bucket

#: Bytes of tables, unpacked, that are cut together.
HELD_BYTES: Final = 256 << 20
#: Rows of a file: some 230 MB of Parquet.
FILE_ROWS: Final = 4_000_000
_GROUP_ROWS: Final = 1 << 19


class PartByBucket(beam.DoFn):
    """Parts tables of versions so that those of one incident stay together: gives (bucket, table)."""

    def __init__(self, buckets: int, held_bytes: int = HELD_BYTES) -> None:
        """Say how finely.

        Args:
            buckets: how many parts.
            held_bytes: bytes of tables that a worker holds until it cuts them together.
        """
        super().__init__()
        self._buckets = buckets
        self._held_bytes = held_bytes
        self._held: dict[Any, list[pa.Table]] = {}

    def start_bundle(self) -> None:
        """Hold nothing."""
        self._held = {}

    def process(self, table: pa.Table, window: Any = beam.DoFn.WindowParam) -> Iterator[tuple[int, pa.Table]]:
        """Take a table, and give those that are enough.

        Args:
            table: versions of incidents.
            window: its window.

        Yields:
            The number of a bucket, and the versions in it.
        """
        if self._buckets == 1:
            yield from by_bucket(table, 1)
            return
        held = self._held.setdefault(window, [])
        held.append(table)
        if sum(each.nbytes for each in held) >= self._held_bytes:
            del self._held[window]
            yield from by_bucket(pa.concat_tables(held), self._buckets)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Give what is held.

        Yields:
            As `process`, each in its window.
        """
        for window, held in self._held.items():
            for part in by_bucket(pa.concat_tables(held), self._buckets):
                yield WindowedValue(part, window.max_timestamp(), [window])
        self._held = {}


class WriteByYear(beam.PTransform):
    """Writes incidents as Parquet, a year in as few files as hold it; one written again replaces itself."""

    def __init__(self, folder: str, file_rows: int = FILE_ROWS) -> None:
        """Say where to.

        Args:
            folder: the folder of incidents, local or a URI.
            file_rows: rows of a file, about.
        """
        super().__init__()
        self._folder = folder
        self._file_rows = file_rows

    def expand(self, incidents: PCollection) -> PCollection:
        """Wire it: (bucket, pa.Table) to the paths written."""
        folder, file_rows = self._folder, self._file_rows
        years = (
            incidents
            | "Rows" >> beam.FlatMapTuple(_rows_by_year).with_output_types(tuple[int, int])
            | "OfYear" >> beam.CombinePerKey(sum)
        )
        return (
            incidents
            | "ByYear"
            >> beam.FlatMap(_by_file, AsDict(years), file_rows).with_output_types(
                tuple[tuple[int, int], IncidentTable]
            )
            | "Together" >> beam.GroupByKey()
            | "Write"
            >> beam.MapTuple(lambda file, tables: write_file(file, tables, folder)).with_output_types(str)
        )

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {"folder": DisplayDataItem(self._folder, label="Folder")}


def files_of(rows: int, file_rows: int = FILE_ROWS) -> int:
    """Return the number of files of a year.

    Args:
        rows: the year's incidents.
        file_rows: rows of a file, about.

    Returns:
        At least one.
    """
    return max(1, -(-rows // file_rows))


def write_file(file: tuple[int, int], tables: Iterable[pa.Table], folder: str) -> str:
    """Write a file of a year, table by table.

    Args:
        file: the year, and the number of the file.
        tables: its incidents; they need not fit into memory together.
        folder: the folder of incidents, local or a URI.

    Returns:
        The path.

    Raises:
        OSError: it can't be written.
    """
    year, number = file
    path: str = FileSystems.join(folder, f"year={year}", f"part-{number:05d}.parquet")
    with created(path) as out:
        writer = None
        for group in _groups(tables):
            writer = writer or pq.ParquetWriter(out, group.schema)
            writer.write_table(group)
        if writer is not None:
            writer.close()
    return path


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Put tables together until they are worth a row group."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table.drop_columns("year"))
        if sum(each.num_rows for each in held) >= _GROUP_ROWS:
            yield pa.concat_tables(held).combine_chunks()
            held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()


def _rows_by_year(_: int, incidents: pa.Table) -> Iterator[tuple[int, int]]:
    for each in pc.value_counts(incidents["year"]).to_pylist():
        yield each["values"], each["counts"]


def _by_file(
    part: tuple[int, pa.Table], years: Mapping[int, int], file_rows: int
) -> Iterator[tuple[tuple[int, int], pa.Table]]:
    """Part a bucket's incidents by year; all of a year go to one file, as a bucket has fewer than that."""
    bucket, incidents = part
    for year in sorted(pc.unique(incidents["year"]).to_pylist()):
        rows = incidents.filter(pc.equal(incidents["year"], year))
        yield (year, bucket % files_of(years[year], file_rows)), rows
