"""Row counts: of a source file, and of all that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crime_pipelines.errors import rows_lost


def unaccounted(read: int, written: int, rejected: Mapping[str, int]) -> int:
    """Count the rows that were read, and are neither written nor rejected.

    Args:
        read: rows read, as counted by other code than the reader.
        written: versions of incidents, superseded ones among them.
        rejected: rows rejected, by reason.

    Returns:
        0 where every row is accounted for; less where some were made up.
    """
    return read - written - sum(rejected.values())


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of a source file, counted in two ways.

    Attributes:
        name: the file, as named to the user.
        bytes: its size as stored.
        modified: when it was last changed, UTC, ISO 8601; None where its storage does not tell.
        rows_counted: its rows, counted by other code than the engine's reader (spec: row counts).
        rows_read: rows that the engine's reader made incidents, superseded versions or rejects of.
    """

    name: str
    bytes: int
    modified: str | None
    rows_counted: int
    rows_read: int

    def check(self) -> None:
        """Hold the two counts against each other.

        Raises:
            PipelineError: they differ.
        """
        if self.rows_counted != self.rows_read:
            raise rows_lost(self.name, self.rows_counted, self.rows_read)


@dataclass(slots=True)
class RowCounts:
    """The row counts of what was read: every row is an incident, superseded or rejected.

    Attributes:
        files: the rows of each file, counted in two ways.
        incidents: incidents written, one row each; as long as versions have not been compared, versions.
        superseded: versions that a later one replaced, and all those of deleted incidents.
        rejected: rows rejected, by reason.
        warnings: texts that could not be read, by field.
        latest: the latest `occurred_at`, shifted; None without incidents.
        deleted: incidents whose current version is a tombstone; their rows are superseded.
    """

    files: list[FileRows]
    incidents: int
    superseded: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    latest: datetime | None = None
    deleted: int = 0

    @property
    def rows_by_file(self) -> dict[str, int]:
        """Rows of each file by its name, as counted by other code than the engine's reader."""
        return {file.name: file.rows_counted for file in self.files}

    @property
    def read(self) -> int:
        """Rows read, as counted by other code than the engine's reader."""
        return sum(file.rows_counted for file in self.files)
