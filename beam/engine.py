"""Beam as an engine of a run: the batch pipeline on a runner of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import nullcontext
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import apache_beam as beam
import pyarrow as pa

from crime_pipelines.beam.answers import Condensed, ask
from crime_pipelines.beam.arrow import alone
from crime_pipelines.beam.batch import ALONE, ROW_COUNTS_FILE, SHARED, build, condensed_file
from crime_pipelines.beam.failures import errors_in_words
from crime_pipelines.beam.parquet import write_parquet
from crime_pipelines.beam.reading.progress import watched
from crime_pipelines.beam.reading.row_counts import checked, from_json
from crime_pipelines.beam.reading.rows import REJECTS_SCHEMA
from crime_pipelines.beam.runners import DIRECT, runner_of
from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.domain.periods.as_of import end_of_day
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.engines.base import INCIDENTS, REJECTS, Engine, Job
from crime_pipelines.errors import PipelineError
from crime_pipelines.questions import COVERED_PERIOD, Question, period_of
from crime_pipelines.questions.condensed import CONDENSINGS
from crime_pipelines.questions.model import Row
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.support.cores import usable_cores
from crime_pipelines.support.interrupts import interrupts_waiting

_PROGRAMS: Final = ("apache-beam", "pyarrow", "duckdb")


class BeamEngine(Engine):
    """Beam on a runner of this machine; the pipeline is the one that Dataflow runs."""

    def __init__(self, runner: str = DIRECT) -> None:
        """Choose the runner.

        Args:
            runner: one of `runners.RUNNERS`.
        """
        self._runner = runner
        self._condensed: Condensed = {}
        self._areas = Areas()

    def versions(self) -> dict[str, str]:
        """Return the versions of Beam and of what works inside its steps."""
        return {"runner": self._runner, **{name: version(name) for name in _PROGRAMS}}

    def ingest(self, job: Job) -> RowCounts:
        """Read files into typed incidents and rejects; see `Engine.ingest`.

        Args:
            job: what to read, and where to.

        Returns:
            The row counts.

        Raises:
            InputError: the input can't be read, or there is no such runner.
            PipelineError: rows were lost.
        """
        work = _Work(job)
        with watched(work.marks, job), errors_in_words(self._runner == DIRECT):
            row_counts = self._run(job, work)
            differing = [file.name for file in row_counts.files if file.rows_counted != file.rows_read]
            if differing:
                row_counts = self._run(job, work, differing)
        if not any((job.folder / REJECTS).iterdir()):
            write_parquet(REJECTS_SCHEMA.empty_table(), str(job.folder / REJECTS / "none.parquet"))
        self._condensed = _condensed(work.counts)
        self._areas = job.layout.areas
        return checked(row_counts, job.files)

    def _run(self, job: Job, work: _Work, careful: Collection[str] = ()) -> RowCounts:
        """Run the pipeline; what an earlier one left is discarded."""
        runner, options = runner_of(self._runner)
        work.clear()
        # The direct runner works on one bundle at a time.
        direct = self._runner == DIRECT
        with alone(usable_cores(), work.tables) if direct else nullcontext():
            pipeline = beam.Pipeline(runner=runner, options=options)
            build(
                pipeline,
                job.files,
                str(job.folder),
                str(work.counts),
                job.shift_years,
                str(work.marks),
                ALONE if direct else SHARED,
                careful,
                output_stays=False,
            )
            # The direct runner has done all of it when `run` comes back, and is in no need of protection.
            with nullcontext() if direct else interrupts_waiting():
                result = pipeline.run()
            result.wait_until_finish()
        shutil.rmtree(work.tables)
        return from_json((work.counts / ROW_COUNTS_FILE).read_bytes())

    def can_answer(self, question: Question, as_of: datetime | None) -> bool:
        """Say whether the condensed incidents are enough; see `Engine.can_answer`.

        Args:
            question: the question.
            as_of: the moment the answer is as of; None for the end of the covered period.

        Returns:
            Whether the question was condensed for, and the moment is a day's end or past all that the data
            cover: condensed incidents know the day they occurred on, not the time.
        """
        if question.name not in self._condensed:
            return False
        if as_of is None or as_of == end_of_day(as_of.date()):
            return True
        found = period_of(ask(self._condensed, COVERED_PERIOD, None, 0))
        return found is not None and as_of >= found[0].last

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

        Raises:
            PipelineError: the condensed incidents can't tell (see `can_answer`).
        """
        if not self.can_answer(question, as_of):
            raise PipelineError(
                f"{question.name} as of {as_of}: Beam's partial counts don't tell; ask as of a day's end, "
                f"or ask DuckDB over the run's incidents"
            )
        return ask(self._condensed, question, as_of, shift_years, covered, self._areas)


class _Work:
    """The folders in which a job's pipeline leaves what is not for the output."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.counts = job.scratch / "counts"
        self.tables = job.scratch / "tables"
        self.marks = job.scratch / "marks"
        self.marks.mkdir()

    def clear(self) -> None:
        """Make the folders that a pipeline writes into, empty. What is marked as read stays so."""
        for folder in (self._job.folder / INCIDENTS, self._job.folder / REJECTS, self.counts, self.tables):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()


def _condensed(folder: Path) -> Condensed:
    found: dict[str, pa.Table] = {}
    for each in CONDENSINGS:
        path = folder / condensed_file(each.question.name)
        if path.exists():
            with pa.OSFile(str(path)) as source:
                found[each.question.name] = pa.ipc.open_file(source).read_all()
    return found
