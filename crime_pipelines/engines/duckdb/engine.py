"""The embedded engine, put together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.engines.base import INCIDENTS, Engine, Job, reporting
from crime_pipelines.engines.duckdb.ingest import ingest
from crime_pipelines.engines.duckdb.reading_progress import ReadingProgress
from crime_pipelines.questions import Question
from crime_pipelines.questions.model import Row
from crime_pipelines.questions.render import render
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.sources.own_output import parquet_written
from crime_pipelines.support.cores import usable_cores
from crime_pipelines.support.duckdb_connection import connect
from crime_pipelines.support.duckdb_paths import incidents_sql, quoted

_MEMORY_FLOOR_MB: Final = 768
_MEMORY_PER_THREAD_MB: Final = 128
#: Rows a thread holds back per flush of a partitioned write. The default of 524,288 takes gigabytes over
#: a few dozen years and is slower, too.
_ROWS_PER_FLUSH: Final = 20_000
#: The types whose values NumPy turns into the same Python objects as DuckDB does, NULL into None.
_SAME_IN_NUMPY: Final = frozenset({"BIGINT", "BOOLEAN", "DOUBLE", "INTEGER", "VARCHAR"})


class DuckDBEngine(Engine):
    """DuckDB in this process: every core, bounded memory, what does not fit spills to the scratch folder."""

    def __init__(self) -> None:
        """Open a database in memory."""
        self._connection = connect()
        threads = usable_cores()
        self._connection.execute(f"SET threads = {threads}")
        self._connection.execute(
            f"SET memory_limit = '{_MEMORY_FLOOR_MB + threads * _MEMORY_PER_THREAD_MB}MB'"
        )
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute(f"SET partitioned_write_flush_threshold = {_ROWS_PER_FLUSH}")
        self._connection.execute("SET autoinstall_known_extensions = false")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def versions(self) -> dict[str, str]:
        """Return the version of DuckDB."""
        return {"duckdb": duckdb.__version__}

    def ingest(self, job: Job) -> RowCounts:
        """Read files into typed incidents and rejects; see `Engine.ingest`.

        Args:
            job: what to read, and where to.

        Returns:
            The row counts.

        Raises:
            PipelineError: the input can't be read, or the output can't be written.
        """
        self._connection.execute(f"SET temp_directory = {quoted(job.scratch / 'spill')}")
        progress = ReadingProgress(self._connection, job.files)
        with reporting(progress.done, job.report_progress):
            ingested = ingest(self._connection, job, progress)
        if ingested.incidents:
            self.attach(job.folder, job.layout.areas)
        return ingested

    def attach(self, folder: Path, areas: Areas = CHICAGO.areas) -> None:
        """Make a run's incidents the table that questions are asked of.

        Args:
            folder: a run's output.
            areas: the areas of its department.

        Raises:
            duckdb.Error: it holds no incidents.
        """
        written = incidents_sql(folder / INCIDENTS, names=parquet_written(folder, INCIDENTS))
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW incidents AS FROM {written}")
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE areas (area BIGINT, name VARCHAR, residents BIGINT)"
        )
        if areas.all:
            self._connection.executemany(
                "INSERT INTO areas VALUES (?, ?, ?)", [tuple(area) for area in areas.all]
            )

    def answer(
        self,
        question: Question,
        as_of: datetime | None,
        shift_years: int,
        covered: CoveredPeriod | None = None,
    ) -> list[Row]:
        """Evaluate a question's SQL; see `Engine.answer`.

        Args:
            question: the question.
            as_of: the moment the answer is as of; None for the end of the covered period.
            shift_years: the run's date shift.
            covered: the covered period of the incidents.

        Returns:
            The rows.
        """
        return _rows(
            self._connection.execute(render(question, "duckdb", as_of, shift_years, covered=covered))
        )

    def first_incidents(self, number: int) -> list[dict[str, Any]]:
        """Show some incidents.

        Args:
            number: how many at most.

        Returns:
            The earliest ones, by the names of their columns.
        """
        result = self._connection.execute(f"FROM incidents ORDER BY occurred_at, id LIMIT {number}")
        names = [str(column[0]) for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _rows(result: duckdb.DuckDBPyConnection) -> list[Row]:
    """Fetch the rows of a result; by columns where that gives the same, which takes DuckDB less time."""
    if any(str(column[1]) not in _SAME_IN_NUMPY for column in result.description or ()):
        return result.fetchall()
    return list(zip(*(column.tolist() for column in result.fetchnumpy().values()), strict=True))
