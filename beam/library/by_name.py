"""The steps as Beam YAML calls them: outputs by name, and elements that are rows (`providers.yaml`)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, NamedTuple

import apache_beam as beam

from crime_pipelines.beam.library.incidents import AnswerQuestions
from crime_pipelines.beam.library.reading import ReadIncidents
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.questions import Answer
from crime_pipelines.questions.model import as_text


class RejectedRow(NamedTuple):
    """A rejected row.

    Attributes:
        reason: why it can't become an incident.
        source_file: the file that it stands in.
        raw_row: the row as it stands there.
    """

    reason: str
    source_file: str
    raw_row: str


class AnswerRow(NamedTuple):
    """A row of an answer.

    Attributes:
        question: the question's name.
        values: the row's values by column, as text, empty for null: a JSON object.
    """

    question: str
    values: str


class _ReadRows(beam.PTransform):
    """`ReadIncidents` with the outputs `incidents` (rows) and `rejects`."""

    def __init__(self, reading: ReadIncidents) -> None:
        super().__init__()
        self._reading = reading

    def expand(self, start: Any) -> dict[str, beam.PCollection]:
        """Wire it."""
        read = start | self._reading
        rejects = read.rejects | "RejectedRows" >> beam.FlatMapTuple(
            lambda _, table: [RejectedRow(**row) for row in table.to_pylist()]
        ).with_output_types(RejectedRow)
        return {"incidents": read.incidents, "rejects": rejects}


def read_incidents(source: str, shift_years: int = DEFAULT_SHIFT_YEARS) -> beam.PTransform:
    """Read incidents as rows.

    Args:
        source: a file, a glob or a folder, local or a URI.
        shift_years: calendar years to move dates by.

    Returns:
        The step; its outputs are `incidents` and `rejects`.
    """
    return _ReadRows(ReadIncidents(source, shift_years=shift_years, rows=True))


def answer_questions(
    as_of: str | None = None, shift_years: int = DEFAULT_SHIFT_YEARS, questions: list[str] | None = None
) -> beam.PTransform:
    """Answer the questions; the rows of the answers are rows (`AnswerRow`).

    Args:
        as_of: the day, YYYY-MM-DD; the end of the covered period if None.
        shift_years: the date shift that the incidents carry.
        questions: the names of the questions; all unless given.

    Returns:
        The step.

    Raises:
        ValueError: `as_of` is no day, or there is no such question.
    """
    day = date.fromisoformat(as_of) if as_of else None
    return _AnswerRows(AnswerQuestions(day, shift_years=shift_years, questions=questions))


class _AnswerRows(beam.PTransform):
    """`AnswerQuestions` with rows."""

    def __init__(self, answering: AnswerQuestions) -> None:
        super().__init__()
        self._answering = answering

    def expand(self, incidents: beam.PCollection) -> beam.PCollection:
        """Wire it."""
        return incidents | self._answering | "AsRows" >> beam.FlatMap(_rows).with_output_types(AnswerRow)


def _rows(answer: Answer) -> list[AnswerRow]:
    return [
        AnswerRow(answer.question.name, json.dumps({name: as_text(value) for name, value in record.items()}))
        for record in answer.records()
    ]
