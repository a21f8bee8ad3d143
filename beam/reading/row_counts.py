"""The row counts of a run, added up over workers, and held against each other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

import apache_beam as beam

from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.row_counts import FileRows, RowCounts
from crime_pipelines.sources import SourceFile


@dataclass(slots=True)
class Sum:
    """Row counts on their way to be added up.

    Attributes:
        files: rows counted and rows read of each file; the file is a `FileRows` without rows.
        incidents: as for `RowCounts`.
        superseded: as for `RowCounts`.
        rejected: as for `RowCounts`.
        warnings: as for `RowCounts`.
        latest: as for `RowCounts`.
        deleted: as for `RowCounts`.
    """

    files: dict[FileRows, tuple[int, int]] = field(default_factory=dict)
    incidents: int = 0
    superseded: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    latest: datetime | None = None
    deleted: int = 0

    def add(self, row_counts: RowCounts) -> None:
        """Add the row counts of other rows.

        Args:
            row_counts: the row counts.
        """
        for file in row_counts.files:
            key = replace(file, rows_counted=0, rows_read=0)
            counted, read = self.files.get(key, (0, 0))
            self.files[key] = (counted + file.rows_counted, read + file.rows_read)
        self.incidents += row_counts.incidents
        self.superseded += row_counts.superseded
        self.deleted += row_counts.deleted
        self.rejected.update(row_counts.rejected)
        self.warnings.update(row_counts.warnings)
        if row_counts.latest is not None:
            self.latest = row_counts.latest if self.latest is None else max(self.latest, row_counts.latest)

    def ingested(self) -> RowCounts:
        """Give the sum.

        Returns:
            The row counts of all rows.
        """
        return RowCounts(
            [
                replace(file, rows_counted=counted, rows_read=read)
                for file, (counted, read) in self.files.items()
            ],
            self.incidents,
            self.superseded,
            dict(sorted(self.rejected.items())),
            dict(sorted(self.warnings.items())),
            self.latest,
            self.deleted,
        )


class SumRowCounts(beam.CombineFn):
    """Adds up row counts of different rows; in any order."""

    def create_accumulator(self) -> Sum:
        """No rows."""
        return Sum()

    def add_input(self, mutable_accumulator: Sum, element: RowCounts, *args: object) -> Sum:
        """Add row counts."""
        mutable_accumulator.add(element)
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[Sum], *args: object) -> Sum:
        """Add up sums."""
        total = Sum()
        for each in accumulators:
            total.add(each.ingested())
        return total

    def extract_output(self, accumulator: Sum, *args: object) -> RowCounts:
        """Return the row counts of all rows."""
        return accumulator.ingested()


def no_rows(file: SourceFile) -> FileRows:
    """Begin a file's row counts.

    Args:
        file: the file.

    Returns:
        The file without rows.
    """
    return FileRows(file.uri, file.size, file.modified, 0, 0)


def checked(row_counts: RowCounts, files: Sequence[SourceFile]) -> RowCounts:
    """Make sure that the two row counts of each file agree.

    Args:
        row_counts: the row counts of all files.
        files: the files.

    Returns:
        The row counts, the files in their order.

    Raises:
        PipelineError: they differ, or a file has none.
    """
    by_file = {replace(file, rows_counted=0, rows_read=0): file for file in row_counts.files}
    ordered: list[FileRows] = []
    for file in dict.fromkeys(map(no_rows, files)):
        if file not in by_file:
            raise PipelineError(f"{file.name}: the runner has lost its row counts; run again")
        by_file[file].check()
        ordered.append(by_file[file])
    return replace(row_counts, files=ordered)


def as_json(row_counts: RowCounts) -> bytes:
    """Write row counts as JSON.

    Args:
        row_counts: the row counts.

    Returns:
        UTF-8; see `from_json`.
    """
    latest = row_counts.latest.isoformat() if row_counts.latest else None
    return json.dumps({**asdict(row_counts), "latest": latest}, indent=2).encode()


def from_json(text: bytes) -> RowCounts:
    """Read the row counts that `as_json` wrote.

    Args:
        text: what it wrote.

    Returns:
        The row counts.
    """
    fields = json.loads(text)
    fields["files"] = [FileRows(**file) for file in fields["files"]]
    fields["latest"] = datetime.fromisoformat(fields["latest"]) if fields["latest"] else None
    return RowCounts(**fields)
