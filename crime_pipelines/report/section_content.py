"""The content of the page's sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import QUESTIONS, Answer
from crime_pipelines.report.charts.hexagons import Rings
from crime_pipelines.report.charts.pictures import Picture, picture
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.sections import Words, section_of


def draw_answers(record: RunRecord, answers: Mapping[str, Answer]) -> dict[str, list[Picture]]:
    """Draw the charts of the answers that need nothing else.

    Args:
        record: as for `write_report`.
        answers: as for `write_report`.

    Returns:
        The pictures by the answer's name; none of one that is shown together with an analysis.

    Raises:
        KeyError: an answer is missing.
    """
    facts, ordered = Facts.of(record), in_order(answers)
    return {
        name: drawn_charts(answer, ordered, facts)
        for name, answer in ordered.items()
        if not section_of(answer.question).beside
    }


def in_order(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers in the order of `QUESTIONS`.

    Args:
        answers: the answers by name.

    Returns:
        The same.

    Raises:
        KeyError: one is missing.
    """
    return {question.name: answers[question.name] for question in QUESTIONS}


def section_content(
    answer: Answer,
    answers: Mapping[str, Answer],
    facts: Facts,
    shapes: Mapping[int, Rings],
    drawn: Sequence[Picture],
    left_out: str = "",
) -> dict[str, Any]:
    """Put a section together for the page's template.

    Args:
        answer: the answer that it shows.
        answers: all answers and analyses by name.
        facts: what the data cover.
        shapes: the areas' outlines; none for a section without maps.
        drawn: its charts.
        left_out: on a page for publication, what is left out of it.

    Returns:
        The section by the names that the template knows.
    """
    section = section_of(answer.question)
    if left_out and not answer.rows:
        words = Words("This answer is left out: too small counts would show.", "\u2013", "left out")
    else:
        words = section.words(answers, facts)
    maps = section.maps(answers, facts, shapes) if shapes and answer.rows else []
    return {
        "question": answer.question,
        "words": words,
        "charts": [*(picture(chart) for chart in maps), *drawn],
        "key": section.key,
        "table": section.table(answers, facts),
        "caveats": [
            *([left_out] if left_out else []),
            *answer.question.caveats,
            *section.remarks(answers, facts),
        ],
    }


def drawn_charts(answer: Answer, answers: Mapping[str, Answer], facts: Facts) -> list[Picture]:
    """Draw the charts of an answer's section.

    Args:
        answer: the answer.
        answers: all answers and analyses by name.
        facts: what the data cover.

    Returns:
        The pictures.
    """
    return [picture(chart) for chart in section_of(answer.question).charts(answers, facts)]
