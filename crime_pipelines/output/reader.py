"""A run's output, read back to report on it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crime_pipelines.engines.base import INCIDENTS, ask, find_period
from crime_pipelines.engines.embedded import embedded
from crime_pipelines.errors import InputError
from crime_pipelines.output.layout import ANALYSIS
from crime_pipelines.output.record import RunRecord, recorded
from crime_pipelines.questions import (
    ANALYSES,
    OPTIONAL_ANALYSES,
    QUESTIONS,
    REPORT_QUESTIONS,
    Answer,
)


@dataclass(frozen=True, slots=True)
class Output:
    """The data of a run that a report needs.

    Attributes:
        record: what the run says of itself.
        answers: the answers by name.
        beside: the answers to `REPORT_QUESTIONS` by name.
        analyses: the analyses by name; none where the run left them out.
    """

    record: RunRecord
    answers: Mapping[str, Answer]
    beside: Mapping[str, Answer]
    analyses: Mapping[str, Answer]


def read_analyses(folder: Path) -> Mapping[str, Answer]:
    """Make the analyses of the incidents that a run wrote, whether it made them or not.

    Args:
        folder: a run's output, by whatever engine.

    Returns:
        The analyses by name.

    Raises:
        InputError: the folder is not a run's output, or its incidents can't be read.
    """
    import duckdb

    record = recorded(folder)
    try:
        with embedded(folder) as engine:
            period = record.covered_period
            return ask(engine, ANALYSES, record.as_of, record.shift_years, period)
    except duckdb.Error as error:
        raise InputError(f"{folder / INCIDENTS}: can't be read ({str(error).splitlines()[0]})") from error


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

    from crime_pipelines.engines.duckdb.engine import DuckDBEngine

    record = recorded(folder)
    try:
        with DuckDBEngine() as engine:
            engine.attach(folder, record.known_areas)
            if record.covered_period is None and (found := find_period(engine)):
                record.covered_period, _ = found
            when = (record.as_of, record.shift_years, record.covered_period)
            answers = ask(engine, QUESTIONS, *when)
            beside = ask(engine, REPORT_QUESTIONS, *when)
            analyses = ask(engine, ANALYSES if (folder / ANALYSIS).is_dir() else (), *when)
        analyses |= _optional(folder / ANALYSIS)
    except duckdb.Error as error:
        raise InputError(f"{folder / INCIDENTS}: can't be read ({str(error).splitlines()[0]})") from error
    return Output(record, answers, beside, analyses)


def _optional(folder: Path) -> dict[str, Answer]:
    """Read the analyses that can't be made again from the incidents alone."""
    paths = {each: folder / f"{each.name}.csv" for each in OPTIONAL_ANALYSES}
    try:
        return {each.name: Answer.read_csv(each, path) for each, path in paths.items() if path.is_file()}
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: can't be read ({error})") from error
