"""What an engine is: it reads files into incidents, and answers questions about them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol

from crime_pipelines.errors import InputError
from crime_pipelines.questions import Answer, Question
from crime_pipelines.questions.catalogue import Row
from crime_pipelines.sources import SourceFile

#: Where each engine lives: ``module:class``. Imported only when it is asked for.
ENGINES: Final = {
    "duckdb": "crime_pipelines.embedded.engine:DuckDBEngine",
    "spark": "crime_pipelines.spark.engine:SparkEngine",
    "beam": "crime_pipelines.beam.engine:BeamEngine",
}
DEFAULT_ENGINE: Final = "duckdb"

INCIDENTS: Final = "incidents"
REJECTS: Final = "rejects"
_REPORT_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is to read, and where to.

    Attributes:
        files: the files, looked at.
        folder: an empty folder for `incidents/` and `rejects/`.
        scratch: an empty folder for whatever is needed on the way; removed afterwards.
        shift_years: calendar years to move dates by.
        report_progress: called now and then with the share of the reading that is done, 0 to 1.
    """

    files: Sequence[SourceFile]
    folder: Path
    scratch: Path
    shift_years: int
    report_progress: Callable[[float], None] = lambda share: None


@dataclass(slots=True)
class Ingested:
    """What an engine read.

    Attributes:
        read: rows read.
        incidents: incidents written, one row each.
        superseded: versions that a later one replaced.
        rejected: rows rejected, by reason.
        warnings: texts that could not be read, by field.
        latest: the latest `occurred_at`, shifted; None without incidents.
    """

    read: int
    incidents: int
    superseded: int
    rejected: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    latest: datetime | None = None


class Engine(Protocol):
    """An engine, open for one run."""

    def ingest(self, job: Job) -> Ingested:
        """Read files into typed incidents and rejects.

        Args:
            job: what to read. `job.folder` then holds `incidents/year=YYYY/*.parquet`, one row per incident
                with the columns of `schema.COLUMNS` (`year` in the path), and `rejects/*.parquet` with the
                columns reason, source_file and raw_row.

        Returns:
            The account of every row.

        Raises:
            PipelineError: the input can't be read, or the output can't be written.
        """
        ...

    def answer(self, question: Question, as_of: datetime, shift_years: int) -> list[Row]:
        """The rows that a question's SQL gives over the ingested incidents.

        Args:
            question: the question.
            as_of: the moment the answer is as of.
            shift_years: the run's date shift.

        Returns:
            The rows, as Python values, in the question's order.
        """
        ...

    def versions(self) -> dict[str, str]:
        """The versions of the programs behind the engine, by name."""
        ...


def ask(
    engine: Engine, questions: Iterable[Question], as_of: datetime, shift_years: int
) -> dict[str, Answer]:
    """Ask an engine questions.

    Args:
        engine: the engine, which has incidents.
        questions: the questions.
        as_of: the moment the answers are as of.
        shift_years: the run's date shift.

    Returns:
        The answers by name, finished.
    """
    return {
        question.name: Answer(question, question.finish(engine.answer(question, as_of, shift_years)))
        for question in questions
    }


@contextmanager
def reporting(share: Callable[[], float | None], report: Callable[[float], None]) -> Iterator[None]:
    """Report how far something is, while it is done.

    Args:
        share: asked now and then, in another thread, for the share that is done, 0 to 1; None for unknown.
        report: told of it.

    Yields:
        While it is watched.
    """
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_REPORT_SECONDS):
            found = share()
            if found is not None:
                report(found)

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def open_engine(name: str, options: Mapping[str, str] | None = None) -> AbstractContextManager[Engine]:
    """An engine by its name.

    Args:
        name: one of `ENGINES`.
        options: choices that this engine knows, by name (``runner`` for ``beam``).

    Returns:
        The engine, to be entered with ``with``.

    Raises:
        InputError: there is no such engine, or what it needs is not installed.
    """
    if name not in ENGINES:
        raise InputError(f"--engine {name}: there is no such engine here; there is {', '.join(ENGINES)}")
    module, _, attribute = ENGINES[name].partition(":")
    try:
        engine: AbstractContextManager[Engine] = getattr(import_module(module), attribute)(**(options or {}))
    except ImportError as error:
        raise InputError(f"--engine {name}: {error}; pip install 'crime-pipelines[{name}]'") from error
    return engine
