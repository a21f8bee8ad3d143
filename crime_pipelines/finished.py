"""A run's output, read back to report on it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crime_pipelines.engine import INCIDENTS, ask
from crime_pipelines.errors import InputError
from crime_pipelines.questions import QUESTIONS, REPORT_QUESTIONS, Answer
from crime_pipelines.record import RunRecord, recorded


@dataclass(frozen=True, slots=True)
class Output:
    """What a report of a run stands on.

    Attributes:
        record: what the run says of itself.
        answers: the five answers by name.
        beside: the answers to `REPORT_QUESTIONS` by name.
    """

    record: RunRecord
    answers: Mapping[str, Answer]
    beside: Mapping[str, Answer]


def read_output(folder: Path) -> Output:
    """Ask the questions again, of the incidents that a run wrote.

    Args:
        folder: a run's output, by whatever engine.

    Returns:
        What a report stands on.

    Raises:
        InputError: the folder is not a run's output, or its incidents can't be read.
    """
    import duckdb

    from crime_pipelines.embedded.engine import DuckDBEngine

    record = recorded(folder)
    try:
        with DuckDBEngine() as engine:
            engine.attach(folder)
            answers = ask(engine, (*QUESTIONS, *REPORT_QUESTIONS), record.as_of, record.shift_years)
    except duckdb.Error as error:
        raise InputError(f"{folder / INCIDENTS}: can't be read ({str(error).splitlines()[0]})") from error
    beside = {question.name: answers.pop(question.name) for question in REPORT_QUESTIONS}
    return Output(record, answers, beside)
