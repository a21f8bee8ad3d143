"""The interface of engines: they read files into incidents and answer questions about them."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crime_pipelines.domain.fields import DELETED
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.periods.covered_period import CoveredPeriod, PeriodEnd
from crime_pipelines.questions import COVERED_PERIOD, Answer, Question, period_of
from crime_pipelines.questions.model import Row
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.sources import SourceFile
from crime_pipelines.support.progress import Done

INCIDENTS: Final = "incidents"
REJECTS: Final = "rejects"
_REPORT_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """A job of an engine: what to read, and where to.

    Attributes:
        files: the files, looked at.
        folder: an empty folder for `incidents/` and `rejects/`.
        scratch: an empty folder for whatever is needed on the way; removed afterwards.
        shift_years: calendar years to move dates by.
        report_progress: called now and then with the progress of the reading.
    """

    files: Sequence[SourceFile]
    folder: Path
    scratch: Path
    shift_years: int
    report_progress: Callable[[Done], None] = lambda done: None

    @property
    def layout(self) -> Layout:
        """The layout of its files: of several the first's, as all are of one department."""
        return self.files[0].layout if self.files else CHICAGO

    @property
    def may_delete(self) -> bool:
        """True if a file has the column that makes rows tombstones."""
        return any(name == DELETED for file in self.files for name, _ in file.columns)


class Engine(ABC):
    """An engine, open for one run. A subclass is found by its entry point (see `engines.registry`)."""

    @abstractmethod
    def ingest(self, job: Job) -> RowCounts:
        """Read files into typed incidents and rejects.

        Args:
            job: what to read. `job.folder` then holds `incidents/year=YYYY/*.parquet`, one row per incident
                with the columns of `fields.COLUMNS` (`year` in the path), and `rejects/*.parquet` with the
                columns reason, source_file and raw_row.

        Returns:
            The row counts.

        Raises:
            PipelineError: the input can't be read, or the output can't be written.
        """

    @abstractmethod
    def answer(
        self,
        question: Question,
        as_of: datetime | None,
        shift_years: int,
        covered: CoveredPeriod | None = None,
    ) -> list[Row]:
        """Evaluate a question's SQL over the ingested incidents.

        Args:
            question: the question.
            as_of: the moment the answer is as of; None for the end of the covered period.
            shift_years: the run's date shift.
            covered: the covered period of the incidents; found anew unless given.

        Returns:
            The rows, as Python values, in the question's order; the same on every engine.

        Raises:
            PipelineError: the engine can't answer this exactly (see `can_answer`).
        """

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Return the versions of the programs behind the engine, by name."""

    def can_answer(self, question: Question, as_of: datetime | None) -> bool:
        """Say whether `answer` takes a question as of a moment; a run asks DuckDB what its engine can't.

        Args:
            question: the question.
            as_of: the moment the answer is as of; None for the end of the covered period.

        Returns:
            False where the engine has kept too little of the incidents, or DuckDB is the better choice.
        """
        return True

    def close(self) -> None:  # noqa: B027 -- most engines hold nothing
        """Release what the engine holds."""

    def __enter__(self) -> Self:
        """Enter."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""
        self.close()


def ask(
    engine: Engine,
    questions: Iterable[Question],
    as_of: datetime | None,
    shift_years: int,
    covered: CoveredPeriod | None = None,
    answered: Callable[[], None] = lambda: None,
) -> dict[str, Answer]:
    """Ask an engine questions.

    Args:
        engine: the engine, which has incidents.
        questions: the questions.
        as_of: the moment the answers are as of; None for the end of the covered period.
        shift_years: the run's date shift.
        covered: the covered period of the incidents.
        answered: called after each question.

    Returns:
        The answers by name, finished.
    """
    answers: dict[str, Answer] = {}
    evaluated: dict[tuple[object, ...], list[Row]] = {}
    for question in questions:
        # some questions make different answers of the same rows
        statement = (question.sql, *sorted(question.parameters.items()))
        if statement not in evaluated:
            evaluated[statement] = engine.answer(question, as_of, shift_years, covered)
        answers[question.name] = Answer(question, question.finish(evaluated[statement]))
        answered()
    return answers


def find_period(engine: Engine) -> tuple[CoveredPeriod, PeriodEnd] | None:
    """Ask an engine for the covered period of its incidents.

    Args:
        engine: the engine, which has incidents.

    Returns:
        The period and its last days; None without incidents.
    """
    return period_of(engine.answer(COVERED_PERIOD, None, 0))


@contextmanager
def reporting(done_so_far: Callable[[], Done | None], report: Callable[[Done], None]) -> Iterator[None]:
    """Report how far something is, while it is done.

    Args:
        done_so_far: asked now and then, in another thread, for what is done; None for unknown.
        report: called with it.

    Yields:
        While it is watched.
    """
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_REPORT_SECONDS):
            found = done_so_far()
            if found is not None:
                report(found)

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
