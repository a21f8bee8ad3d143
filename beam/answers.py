"""The answers' partial counts as Beam merges them, and the questions asked of what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

import apache_beam as beam
import pyarrow as pa

from crime_pipelines.beam.tables import query
from crime_pipelines.domain.areas import AREAS
from crime_pipelines.domain.dates import end_of_day
from crime_pipelines.questions import DATA_QUALITY, QUESTIONS, Answer, Question
from crime_pipelines.questions.catalogue import Row
from crime_pipelines.questions.condensed import CONDENSING, CONDENSINGS

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
        """One table per question, to be sent."""
        return {name: [_merged(name, parts)] for name, parts in accumulator.items()}

    def extract_output(self, accumulator: _Parts, *args: object) -> Condensed:
        """The groups by the question's name."""
        return {name: _merged(name, parts) for name, parts in accumulator.items()}


class AnswersFn(CondenseFn):
    """Answers the five questions, and that of the data's quality, from tables of incidents."""

    def __init__(self, as_of: date | None, shift_years: int) -> None:
        """Say what is asked.

        Args:
            as_of: the day that the answers are as of; the latest incident's moment if None.
            shift_years: the date shift that the incidents carry.
        """
        super().__init__()
        self._as_of = as_of
        self._shift_years = shift_years

    def extract_output(self, accumulator: _Parts, *args: object) -> dict[str, Answer]:
        """The answers by the question's name; none without incidents."""
        condensed = super().extract_output(accumulator)
        if not condensed:
            return {}
        moment = latest_moment(condensed) if self._as_of is None else end_of_day(self._as_of)
        return {
            each.name: Answer(each, each.finish(ask(condensed, each, moment, self._shift_years)))
            for each in (*QUESTIONS, DATA_QUALITY)
        }


def ask(condensed: Condensed, question: Question, as_of: datetime, shift_years: int) -> list[Row]:
    """Ask a question of condensed incidents.

    Args:
        condensed: the incidents, condensed.
        question: the question.
        as_of: the moment the answer is as of: the latest incident's, or the last second of a day.
        shift_years: the run's date shift.

    Returns:
        The rows that the question's SQL gives.
    """
    condensing = CONDENSING[question.name]
    representatives = query(condensing.representatives_sql("groups"), groups=condensed[question.name])
    areas = pa.Table.from_pylist(
        [{"area": number, "name": name, "residents": residents} for number, name, residents in AREAS]
    )
    sql = condensing.question_sql(_DIALECT, as_of, shift_years)
    found = query(sql, incidents=representatives, areas=areas)
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def latest_moment(condensed: Condensed) -> datetime:
    """When the latest incident occurred.

    Args:
        condensed: the incidents, condensed; at least one.

    Returns:
        Local civil time.
    """
    quality = query("SELECT MAX(latest) AS latest FROM groups", groups=condensed[DATA_QUALITY.name])
    moment: datetime = quality["latest"][0].as_py()
    return moment


def _add(parts: _Parts, name: str, more: list[pa.Table]) -> None:
    together = parts.setdefault(name, [])
    together += more
    if len(together) > _MOST_PARTS:
        parts[name] = [_merged(name, together)]


def _merged(name: str, parts: list[pa.Table]) -> pa.Table:
    if len(parts) == 1:
        return parts[0]
    return query(CONDENSING[name].merge_sql("parts"), parts=pa.concat_tables(parts))
