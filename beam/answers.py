"""The answers' partial counts as Beam merges them, and the questions asked of what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

import apache_beam as beam
import pyarrow as pa

from crime_pipelines.beam.arrow import query
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.domain.periods.as_of import end_of_day
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.questions import COVERED_PERIOD, DATA_QUALITY, QUESTIONS, Answer, Question, period_of
from crime_pipelines.questions.condensed import CONDENSING, CONDENSINGS
from crime_pipelines.questions.model import Row
from crime_pipelines.schema.warehouse import AREAS

#: Condensed incidents, by the name of the question that they answer.
Condensed = Mapping[str, pa.Table]
_Parts = dict[str, list[pa.Table]]

_DIALECT: Final = "duckdb"
#: Parts of a question's groups that wait to be merged.
_MOST_PARTS: Final = 8


class CondenseFn(beam.CombineFn):
    """Condenses tables of incidents to the groups that the questions can tell apart; merges in any order."""

    def create_accumulator(self) -> _Parts:
        """No incidents."""
        return {}

    def add_input(self, mutable_accumulator: _Parts, element: pa.Table, *args: object) -> _Parts:
        """Add a table of incidents, one row per incident."""
        for each in CONDENSINGS:
            groups = query(each.condense_sql(_DIALECT, "incidents"), incidents=element)
            _add(mutable_accumulator, each.question.name, [groups])
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[_Parts], *args: object) -> _Parts:
        """Add up condensed incidents."""
        merged: _Parts = {}
        for accumulator in accumulators:
            for name, parts in accumulator.items():
                _add(merged, name, parts)
        return merged

    def compact(self, accumulator: _Parts, *args: object) -> _Parts:
        """Merge into one table per question, to be sent."""
        return {name: [_merged(name, parts)] for name, parts in accumulator.items()}

    def extract_output(self, accumulator: _Parts, *args: object) -> Condensed:
        """Return the groups by the question's name."""
        return {name: _merged(name, parts) for name, parts in accumulator.items()}


class AnswersFn(CondenseFn):
    """Answers the five questions, and that of the data's quality, from tables of incidents."""

    def __init__(self, as_of: date | None, shift_years: int, areas: Areas = CHICAGO.areas) -> None:
        """Say what is asked.

        Args:
            as_of: the day that the answers are as of; the end of the covered period if None.
            shift_years: the date shift that the incidents carry.
            areas: the areas of their department.
        """
        super().__init__()
        self._as_of = as_of
        self._shift_years = shift_years
        self._areas = areas

    def extract_output(self, accumulator: _Parts, *args: object) -> dict[str, Answer]:
        """Return the answers by the question's name; none without incidents."""
        condensed = super().extract_output(accumulator)
        return answers_of(condensed, self._as_of, self._shift_years, self._areas)


def answers_of(
    condensed: Condensed, as_of: date | None, shift_years: int, areas: Areas = CHICAGO.areas
) -> dict[str, Answer]:
    """Answer the five questions, and that of the data's quality, from condensed incidents.

    Args:
        condensed: the incidents, condensed.
        as_of: the day that the answers are as of; the end of the covered period if None.
        shift_years: the date shift that the incidents carry.
        areas: the areas of their department.

    Returns:
        The answers by the question's name; none without incidents.
    """
    found = period_of(ask(condensed, COVERED_PERIOD, None, 0)) if condensed else None
    if found is None:
        return {}
    covered, _ = found
    moment = covered.last if as_of is None else end_of_day(as_of)
    return {
        each.name: Answer(each, each.finish(ask(condensed, each, moment, shift_years, covered, areas)))
        for each in (*QUESTIONS, DATA_QUALITY)
    }


def ask(
    condensed: Condensed,
    question: Question,
    as_of: datetime | None,
    shift_years: int,
    covered: CoveredPeriod | None = None,
    areas: Areas = CHICAGO.areas,
) -> list[Row]:
    """Ask a question of condensed incidents.

    Args:
        condensed: the incidents, condensed.
        question: the question.
        as_of: the moment the answer is as of: the end of the covered period (None), or the last second of a
            day.
        shift_years: the run's date shift.
        covered: the covered period of all incidents; asked of them unless given.
        areas: the areas of their department.

    Returns:
        The rows that the question's SQL gives.
    """
    if covered is None and question is not COVERED_PERIOD:
        found = period_of(ask(condensed, COVERED_PERIOD, None, 0))
        covered = found and found[0]
    condensing = CONDENSING[question.name]
    representatives = query(condensing.representatives_sql("groups"), groups=condensed[question.name])
    columns = zip(*areas.all, strict=True) if areas.all else [()] * len(AREAS.columns)
    table = pa.table([list(column) for column in columns], schema=AREAS.arrow_schema())
    sql = condensing.question_sql(_DIALECT, as_of, shift_years, covered)
    found = query(sql, incidents=representatives, areas=table)
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def _add(parts: _Parts, name: str, more: list[pa.Table]) -> None:
    together = parts.setdefault(name, [])
    together += more
    if len(together) > _MOST_PARTS:
        parts[name] = [_merged(name, together)]


def _merged(name: str, parts: list[pa.Table]) -> pa.Table:
    if len(parts) == 1:
        return parts[0]
    return query(CONDENSING[name].merge_sql("parts"), parts=pa.concat_tables(parts))
