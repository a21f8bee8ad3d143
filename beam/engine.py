"""Beam as an engine of a run: the batch pipeline on a runner of this machine."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import apache_beam as beam
import pyarrow as pa
from apache_beam.runners.worker import sdk_worker

from crime_pipelines.beam.account import from_json
from crime_pipelines.beam.answers import Condensed, ask
from crime_pipelines.beam.batch import ACCOUNT, ALONE, SHARED, build, condensed_file
from crime_pipelines.beam.parquet import write_parquet
from crime_pipelines.beam.progress import watched
from crime_pipelines.beam.runners import DIRECT, runner_of
from crime_pipelines.beam.tables import REJECTS as REJECTS_SCHEMA
from crime_pipelines.beam.tables import alone
from crime_pipelines.cores import usable_cores
from crime_pipelines.engine import INCIDENTS, REJECTS, Ingested, Job
from crime_pipelines.errors import InputError
from crime_pipelines.interrupts import interrupts_waiting
from crime_pipelines.questions import Question
from crime_pipelines.questions.catalogue import Row
from crime_pipelines.questions.condensed import CONDENSINGS

#: How a runner quotes an error of ours, with or without saying where it was raised.
_NAME: Final = f"{InputError.__module__}.{InputError.__name__}"
_OURS: Final = re.compile(rf"{re.escape(_NAME)}: (.*?)(?: \[while running.*)?$", re.MULTILINE)
_BEAM: Final = str(Path(beam.__file__).parent)
_PROGRAMS: Final = ("apache-beam", "pyarrow", "duckdb")

# A worker in this process prints what goes wrong, beside telling the runner, which tells us.
sdk_worker.print = lambda *_, **__: None


class BeamEngine:
    """Beam on a runner of this machine; the pipeline is the one that Dataflow runs."""

    def __init__(self, runner: str = DIRECT) -> None:
        """Choose the runner.

        Args:
            runner: one of `runners.RUNNERS`.
        """
        self._runner = runner
        self._condensed: Condensed = {}

    def __enter__(self) -> Self:
        """Enter."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def versions(self) -> dict[str, str]:
        """The versions of Beam and of what works inside its steps."""
        return {"runner": self._runner, **{name: version(name) for name in _PROGRAMS}}

    def ingest(self, job: Job) -> Ingested:
        """Read files into typed incidents and rejects; see `Engine.ingest`.

        Args:
            job: what to read, and where to.

        Returns:
            The account of every row.

        Raises:
            InputError: the input can't be read, or there is no such runner.
        """
        runner, options = runner_of(self._runner)
        for folder in (INCIDENTS, REJECTS):
            (job.folder / folder).mkdir()
        counts = job.scratch / "counts"
        counts.mkdir()
        marks, tables = job.scratch / "marks", job.scratch / "tables"
        marks.mkdir()
        tables.mkdir()
        # The direct runner works on one bundle at a time.
        direct = self._runner == DIRECT
        with (
            alone(usable_cores(), tables) if direct else nullcontext(),
            watched(marks, job),
            _errors_in_words(),
        ):
            pipeline = beam.Pipeline(runner=runner, options=options)
            build(
                pipeline,
                job.files,
                str(job.folder),
                str(counts),
                job.shift_years,
                str(marks),
                ALONE if direct else SHARED,
            )
            # The direct runner has done all of it when `run` comes back, and is in no need of protection.
            with nullcontext() if direct else interrupts_waiting():
                result = pipeline.run()
            result.wait_until_finish()
        shutil.rmtree(tables)
        if not any((job.folder / REJECTS).iterdir()):
            write_parquet(REJECTS_SCHEMA.empty_table(), str(job.folder / REJECTS / "none.parquet"))
        self._condensed = _condensed(counts)
        account = counts / ACCOUNT
        return from_json(account.read_bytes()) if account.exists() else Ingested(0, 0, 0)

    def answer(self, question: Question, as_of: datetime, shift_years: int) -> list[Row]:
        """The rows that a question's SQL gives; see `Engine.answer`.

        Args:
            question: the question.
            as_of: the moment the answer is as of.
            shift_years: the run's date shift.

        Returns:
            The rows.
        """
        return ask(self._condensed, question, as_of, shift_years)


def _condensed(folder: Path) -> Condensed:
    found: dict[str, pa.Table] = {}
    for each in CONDENSINGS:
        path = folder / condensed_file(each.question.name)
        if path.exists():
            with pa.OSFile(str(path)) as source:
                found[each.question.name] = pa.ipc.open_file(source).read_all()
    return found


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """An error of ours raised in a worker, as it was raised; the runner logs it at length, and wraps it."""
    logger = logging.getLogger("apache_beam")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    handlers = logging.getLogger().handlers
    for handler in handlers:
        handler.addFilter(_is_not_the_runners)
    try:
        yield
    except Exception as error:
        # The direct runner raises it itself, and adds where.
        said = _OURS.search(f"{_NAME}: {error}" if isinstance(error, InputError) else str(error))
        if said is None:
            raise
        raise InputError(said.group(1)) from error
    finally:
        for handler in handlers:
            handler.removeFilter(_is_not_the_runners)
        logger.setLevel(level)


def _is_not_the_runners(record: logging.LogRecord) -> bool:
    """Whether a record comes from elsewhere: Prism's and the portable runner's do not go by Beam's name."""
    return not record.pathname.startswith(_BEAM)
