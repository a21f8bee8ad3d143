"""The embedded engine, put together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb

from crime_pipelines.cores import usable_cores
from crime_pipelines.csv_sql import quoted
from crime_pipelines.domain.areas import AREAS
from crime_pipelines.embedded.ingest import ingest
from crime_pipelines.engine import INCIDENTS, Ingested, Job, reporting
from crime_pipelines.in_memory import connect
from crime_pipelines.questions import Question
from crime_pipelines.questions.catalogue import Row
from crime_pipelines.questions.render import render

_MEMORY_FLOOR_MB: Final = 768
_MEMORY_PER_THREAD_MB: Final = 128
#: Rows a thread holds back per flush of a partitioned write. The default of 524,288 takes gigabytes over
#: a few dozen years and is slower, too.
_ROWS_PER_FLUSH: Final = 20_000
#: The types whose values NumPy turns into the same Python objects as DuckDB does, NULL into None.
_SAME_IN_NUMPY: Final = frozenset({"BIGINT", "BOOLEAN", "DOUBLE", "INTEGER", "VARCHAR"})


class DuckDBEngine:
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

    def __enter__(self) -> Self:
        """Enter."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self._connection.close()

    def versions(self) -> dict[str, str]:
        """The version of DuckDB."""
        return {"duckdb": duckdb.__version__}

    def ingest(self, job: Job) -> Ingested:
        """Read files into typed incidents and rejects; see `Engine.ingest`.

        Args:
            job: what to read, and where to.

        Returns:
            The account of every row.

        Raises:
            PipelineError: the input can't be read, or the output can't be written.
        """
        self._connection.execute(f"SET temp_directory = {quoted(job.scratch / 'spill')}")
        with reporting(self._share, job.report_progress):
            ingested = ingest(self._connection, job)
        if ingested.incidents:
            self.attach(job.folder)
        return ingested

    def attach(self, folder: Path) -> None:
        """Make a run's incidents the table that questions are asked of.

        Args:
            folder: a run's output.

        Raises:
            duckdb.Error: it holds no incidents.
        """
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW incidents AS SELECT * FROM "
            f"read_parquet({quoted(folder / INCIDENTS / '*' / '*.parquet')}, hive_partitioning = true, "
            f"hive_types = {{'year': 'BIGINT'}})"
        )
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE areas (area BIGINT, name VARCHAR, residents BIGINT)"
        )
        self._connection.executemany("INSERT INTO areas VALUES (?, ?, ?)", [tuple(area) for area in AREAS])

    def answer(self, question: Question, as_of: datetime, shift_years: int) -> list[Row]:
        """The rows that a question's SQL gives; see `Engine.answer`.

        Args:
            question: the question.
            as_of: the moment the answer is as of.
            shift_years: the run's date shift.

        Returns:
            The rows.
        """
        return _rows(self._connection.execute(render(question, "duckdb", as_of, shift_years)))

    def _share(self) -> float | None:
        percent = self._connection.query_progress()
        return percent / 100 if percent >= 0 else None  # -1 between statements


def _rows(result: duckdb.DuckDBPyConnection) -> list[Row]:
    """The rows of a result; by columns where that gives the same: DuckDB takes a microsecond for a value."""
    if any(str(column[1]) not in _SAME_IN_NUMPY for column in result.description or ()):
        return result.fetchall()
    return list(zip(*(column.tolist() for column in result.fetchnumpy().values()), strict=True))
