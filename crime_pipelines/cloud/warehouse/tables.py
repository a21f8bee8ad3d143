"""The tables of the answers' dataset, and how statements name tables."""

from __future__ import annotations

from typing import Final

from crime_pipelines.questions import QUESTIONS
from crime_pipelines.schema.columns import Table


def full_name(project: str, dataset: str, table: Table) -> str:
    """Give a table's name in a statement.

    Args:
        project: its project.
        dataset: its dataset.
        table: the table.

    Returns:
        The full name, quoted.
    """
    return f"`{project}`.`{dataset}`.`{table.name}`"


#: The tables of the answers' dataset, by the name of their question.
ANSWERS: Final = {
    question.name: Table(
        question.name,
        f"{question.wording} {' '.join(question.caveats)}",
        question.columns,
    )
    for question in QUESTIONS
}
