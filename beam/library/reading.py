"""`ReadIncidents`: files of incidents, found and read by the workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsIter, PCollection
from apache_beam.transforms.display import DisplayDataItem

from crime_pipelines.beam.arrow import IncidentTable
from crime_pipelines.beam.hints import of_type
from crime_pipelines.beam.library.elements import AsRows, refuse_endless
from crime_pipelines.beam.reading.blocks import BLOCK_BYTES
from crime_pipelines.beam.reading.files import MatchedFile, WorkerFile, looked_at, matching
from crime_pipelines.beam.reading.row_counts import SumRowCounts
from crime_pipelines.beam.transforms import IncidentsRead, ReadFiles
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.schema.row_counts import RowCounts


class ReadIncidents(beam.PTransform):
    """Reads files of incidents that workers find, through the file systems that Beam knows.

    At the beginning of a pipeline it reads the `source` that it is given; applied to a collection of names
    (`str`), it reads what each of them means. The outputs are `IncidentsRead`: every version in the files,
    the rejected rows, and the row counts. The rows of each file are counted in two ways; the pipeline fails
    where the counts differ, and nothing is given before they are known to agree.
    """

    def __init__(
        self,
        source: str | Sequence[str] | None = None,
        *,
        shift_years: int = DEFAULT_SHIFT_YEARS,
        rows: bool = False,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        """Say what to read.

        Args:
            source: a file, a glob or a folder, local or a URI; or several of these. None where the names come
                from a collection.
            shift_years: calendar years to move dates by.
            rows: whether to give rows (`Incident`) instead of Arrow tables: slower, and understood by SQL and
                by other languages.
            block_bytes: bytes of CSV that a worker reads at a time, about.
        """
        super().__init__()
        self._sources = (source,) if isinstance(source, str) else source and tuple(source)
        self._shift_years = shift_years
        self._rows = rows
        self._block_bytes = block_bytes

    def expand(self, start: Any) -> IncidentsRead:
        """Wire it."""
        names = start
        if not isinstance(start, PCollection):
            if not self._sources:
                raise ValueError("ReadIncidents: name a source, or apply it to a collection of names")
            names = start | "Sources" >> beam.Create(list(self._sources), reshuffle=False)
        elif self._sources:
            raise ValueError("ReadIncidents: a source and a collection of names exclude each other")
        refuse_endless(names, "ReadIncidents")
        read = (
            names
            | "Find" >> beam.FlatMap(matching).with_input_types(str).with_output_types(MatchedFile)
            | "SpreadFound" >> beam.Reshuffle()
            | "Look" >> beam.FlatMap(_named).with_output_types(tuple[str, WorkerFile])
            | "Read" >> ReadFiles(self._shift_years, None, self._block_bytes)
        )
        by_file = (
            read.row_counts
            | "ByFile" >> beam.Map(_by_file).with_output_types(tuple[str, RowCounts])
            | "SumFile" >> beam.CombinePerKey(SumRowCounts())
            | "Compare" >> beam.MapTuple(_compared).with_output_types(RowCounts)
        )
        incidents = _held(read.incidents, "Incidents", by_file, IncidentTable)
        rejects = _held(read.rejects, "Rejects", by_file, tuple[str, IncidentTable])
        return IncidentsRead(incidents | AsRows() if self._rows else incidents, rejects, by_file)

    def display_data(self) -> dict[str, DisplayDataItem | None]:
        """Return what a runner's page shows of this step."""
        return {
            "source": DisplayDataItem(", ".join(self._sources or ()), label="Source").drop_if_default(""),
            "shift_years": DisplayDataItem(self._shift_years, label="Date shift, years"),
        }


def _named(file: MatchedFile) -> Iterator[tuple[str, WorkerFile]]:
    """Look at a file, and name it so that no other has the name, on whichever worker."""
    for seen in looked_at(file):
        yield blake2b(seen.uri.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest(), seen


def _by_file(row_counts: RowCounts) -> tuple[str, RowCounts]:
    """Give row counts under their file: those of a piece of reading or counting are of one file each."""
    (file,) = row_counts.files
    return file.name, row_counts


def _compared(_: str, row_counts: RowCounts) -> RowCounts:
    for file in row_counts.files:
        file.check()
    return row_counts


def _held(elements: PCollection, name: str, checked: PCollection, element: Any) -> PCollection:
    """Hold elements back until the files of their window are known to be read whole."""
    return of_type(elements | name >> beam.Map(lambda each, _: each, AsIter(checked)), element)
