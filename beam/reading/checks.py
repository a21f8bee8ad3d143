"""Steps that count the rows of whole files beside the reading, and hold the two counts against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsSingleton, PCollection

from crime_pipelines.beam.hints import of_type
from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.beam.reading.row_counts import SumRowCounts, checked, no_rows
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.sources import SourceFile


class CountRows(beam.DoFn):
    """Counts the rows of a whole file, by other code than the readers', and verifies its packing."""

    def process(self, file: WorkerFile) -> Iterator[RowCounts]:
        """Count one file's rows.

        Args:
            file: the file.

        Yields:
            Its row counts; nothing of it is read.

        Raises:
            InputError: it can't be read, is damaged, or has a line that is too long.
        """
        yield RowCounts([replace(no_rows(file), rows_counted=file.count_rows().rows)], 0, 0)


class CheckRows(beam.PTransform):
    """Fails where rows were lost or read twice.

    What must not be done before that waits for it by `After`.
    """

    def __init__(self, files: Sequence[SourceFile], versions: PCollection) -> None:
        """Say of which files.

        Args:
            files: the files.
            versions: `LatestIncidents.versions`: all of them must have come to be compared.
        """
        super().__init__()
        self._files = tuple(files)
        self._versions = versions

    def expand(self, row_counts: PCollection) -> PCollection:
        """Wire it: `IncidentsRead.row_counts` to one `schema.row_counts.RowCounts`."""
        arrived = self._versions | "Versions" >> beam.CombineGlobally(sum)
        return of_type(
            row_counts
            | "Sum" >> beam.CombineGlobally(SumRowCounts()).without_defaults()
            | "Check" >> beam.Map(_check, AsSingleton(arrived), self._files),
            RowCounts,
        )


class After(beam.PTransform):
    """Holds elements back until a check has passed."""

    def __init__(self, check: PCollection, element: Any) -> None:
        """Say what to wait for.

        Args:
            check: what `CheckRows` gives.
            element: the elements' type, as Python writes it.
        """
        super().__init__()
        self._check = check
        self._element = element

    def expand(self, elements: PCollection) -> PCollection:
        """Wire it."""
        return of_type(
            elements | "Wait" >> beam.Map(lambda each, _: each, AsSingleton(self._check)), self._element
        )


def _check(row_counts: RowCounts, versions: int, files: Sequence[SourceFile]) -> RowCounts:
    row_counts = checked(row_counts, files)
    read = sum(file.rows_read for file in row_counts.files)
    lost = read - sum(row_counts.rejected.values()) - versions
    if lost:
        raise PipelineError(f"{lost:,} of {read:,} rows are unaccounted for; nothing was written")
    return row_counts
