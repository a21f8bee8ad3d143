"""The manifest of a finished attempt of a run, in the lake (docs/architecture.md)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Final, Self

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.periods.as_of import end_of_day
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.schema.row_counts import FileRows, unaccounted

#: Its name in the run's folder.
FILE: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """An attempt that is complete. Readers follow it and nothing else.

    Attributes:
        run_id: the run.
        attempt: which of its attempts.
        architecture: 1 or 2; 0 for the feed.
        source: the source as given.
        files: the files read, and their rows, counted in two ways.
        engine: the engine that read them.
        started_at: when the attempt began, UTC, ``YYYY-MM-DD HH:MM:SS``.
        finished_at: when it was complete, likewise.
        shift_years: calendar years that dates were moved by.
        as_of: the day asked for; None stands for the end of the covered period.
        read: rows read.
        versions: versions of incidents written.
        rejected: rows that can't be incidents, by reason.
        warnings: fields read as null because their text could not be read, by field.
        latest: the end of the versions' covered period, local civil time, ``YYYY-MM-DD HH:MM:SS``; None
            without incidents.
        incidents: where the versions are; None where they went straight to the warehouse.
        rejects: where the rejects are; likewise.
        layout: the layout of the files, or the TOML file that describes it.
        department: the department that they are of.
    """

    run_id: str
    attempt: str
    architecture: int
    source: str
    files: list[FileRows]
    engine: str
    started_at: str
    finished_at: str
    shift_years: int
    as_of: str | None
    read: int
    versions: int
    rejected: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    latest: str | None = None
    incidents: str | None = None
    rejects: str | None = None
    layout: str = CHICAGO.name
    department: str = CHICAGO.department

    def __post_init__(self) -> None:
        """Hold it against its own invariant.

        Raises:
            PipelineError: rows are unaccounted for.
            ValueError: a moment is none.
        """
        for moment in (self.started_at, self.finished_at, self.latest):
            if moment is not None:
                datetime.fromisoformat(moment)
        for file in self.files:
            file.check()
        missing = unaccounted(self.read, self.versions, self.rejected)
        if missing:
            raise PipelineError(f"run {self.run_id}: {missing:,} of {self.read:,} rows are unaccounted for")

    @property
    def rejects_count(self) -> int:
        """Rows rejected, for whatever reason."""
        return sum(self.rejected.values())

    @property
    def moment(self) -> datetime:
        """The moment that the run's answers are as of.

        Raises:
            InputError: the run has no incident, and so no answers.
        """
        if self.as_of:
            return end_of_day(date.fromisoformat(self.as_of))
        if self.latest is None:
            raise InputError(f"run {self.run_id}: no row of {self.source} is an incident")
        return datetime.fromisoformat(self.latest)

    def to_json(self) -> str:
        """Return the manifest as text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a manifest.

        Args:
            text: what `to_json` gave.

        Returns:
            The manifest.

        Raises:
            PipelineError: it is none, or does not hold together.
        """
        try:
            found = json.loads(text)
            found["files"] = [FileRows(**file) for file in found["files"]]
            return cls(**{each.name: found[each.name] for each in fields(cls) if each.name in found})
        except (KeyError, TypeError, ValueError) as error:
            raise PipelineError(f"not a manifest: {error}") from error
