"""The contents of an export: the answers of a run, and its incidents where they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from crime_pipelines.engines.base import INCIDENTS
from crime_pipelines.output.publishing import Published
from crime_pipelines.output.reader import read_output
from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import Answer
from crime_pipelines.schema.columns import Column
from crime_pipelines.schema.incidents import INCIDENTS as INCIDENTS_TABLE
from crime_pipelines.sources.own_output import parquet_written
from crime_pipelines.support.duckdb_connection import connect
from crime_pipelines.support.duckdb_paths import incidents_sql

_BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of an export.

    Attributes:
        folder: the run's output.
        record: what the run says of itself.
        answers: the answers and analyses by name.
        with_incidents: whether the incidents are part of it.
        formula_safe: whether texts in CSV files are kept from being formulas.
        public: whether it holds only what is fit to be published.
    """

    folder: Path
    record: RunRecord
    answers: Mapping[str, Answer]
    with_incidents: bool
    formula_safe: bool
    public: bool = False

    @classmethod
    def of(cls, folder: Path, *, with_incidents: bool, formula_safe: bool, public: bool = False) -> Self:
        """Read a run's output.

        Args:
            folder: the output.
            with_incidents: whether the incidents are part of the export.
            formula_safe: whether texts in CSV files are kept from being formulas.
            public: whether to leave out what may not be published.

        Returns:
            The contents.

        Raises:
            InputError: it is not a run's output, or nothing of it may be published.
        """
        output = read_output(folder)
        if public:
            shown = Published.of(output.record, output.answers, output.analyses)
            kept = {**shown.answers, **shown.analyses}
            answers = {name: answer for name, answer in kept.items() if answer.rows}
            return cls(folder, shown.record, answers, with_incidents, formula_safe, public)
        answers = {**output.answers, **output.analyses}
        return cls(folder, output.record, answers, with_incidents, formula_safe)

    @property
    def incident_columns(self) -> Sequence[Column]:
        """The columns of the incidents, in order."""
        return INCIDENTS_TABLE.columns

    @property
    def incidents_sql(self) -> str:
        """A SELECT for DuckDB that gives the incidents in the order of their numbers."""
        written = incidents_sql(self.folder / INCIDENTS, names=parquet_written(self.folder, INCIDENTS))
        return f"SELECT {', '.join(each.name for each in self.incident_columns)} FROM {written} ORDER BY id"

    def incidents(self) -> Iterator[list[tuple[Any, ...]]]:
        """Read the incidents.

        Yields:
            Rows of `incident_columns`, some thousand at a time.
        """
        with connect() as connection:
            result = connection.execute(self.incidents_sql)
            while rows := result.fetchmany(_BATCH):
                yield rows

    def about(self) -> list[tuple[str, str]]:
        """Say what the export was made of, as names and values."""
        record = self.record
        if self.public:  # totals would tell what is left out
            return [
                ("as of", str(record.as_of.date())),
                ("dates moved by, in years", str(record.shift_years)),
                ("made for publication", "small counts are left out, and what would give them away"),
            ]
        return [
            ("source", record.source),
            ("as of", str(record.as_of)),
            ("rows read", str(record.read)),
            ("incidents", str(record.incidents)),
            ("superseded", str(record.superseded)),
            *((f"rejected: {reason}", str(count)) for reason, count in record.rejected.items()),
            ("dates moved by, in years", str(record.shift_years)),
            ("engine", record.engine),
            *((f"version of {name}", version) for name, version in record.versions.items()),
            *((f"warning: {each.about}", each.text) for each in record.input_warnings),
        ]
