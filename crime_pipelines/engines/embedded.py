"""DuckDB over the incidents that a run has written, for what the run's own engine can't answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.engines.base import Engine, ask
from crime_pipelines.questions import Answer, Question


@contextmanager
def embedded(folder: Path, areas: Areas = CHICAGO.areas) -> Iterator[Engine]:
    """Open DuckDB over the incidents that a run has written.

    Args:
        folder: the folder that holds `incidents/`.
        areas: the areas of the department.

    Yields:
        The engine.
    """
    from crime_pipelines.engines.duckdb.engine import DuckDBEngine

    with DuckDBEngine() as engine:
        engine.attach(folder, areas)
        yield engine


def ask_either(
    engine: Engine,
    folder: Path,
    questions: Iterable[Question],
    as_of: datetime,
    shift_years: int,
    covered: CoveredPeriod | None,
    areas: Areas = CHICAGO.areas,
    answered: Callable[[], None] = lambda: None,
) -> dict[str, Answer]:
    """Ask an engine what it can answer, and DuckDB the rest, over the incidents that the run has written.

    Args:
        engine: the run's engine.
        folder: the folder that holds `incidents/`.
        questions: the questions.
        as_of: the moment the answers are as of.
        shift_years: the run's date shift.
        covered: the covered period of the incidents.
        areas: the areas of the department.
        answered: called after each question.

    Returns:
        The answers by name, finished.
    """
    own: list[Question] = []
    rest: list[Question] = []
    for question in questions:
        (own if engine.can_answer(question, as_of) else rest).append(question)
    answers = ask(engine, own, as_of, shift_years, covered, answered)
    if rest:
        with embedded(folder, areas) as other:
            answers |= ask(other, rest, as_of, shift_years, covered, answered)
    return answers
