"""The tables of the answers' dataset, and their names in statements."""

from __future__ import annotations

from typing import Final

from crime_pipelines.output.publishing import PUBLISHABLE
from crime_pipelines.questions import ANALYSES, QUESTIONS
from crime_pipelines.schema.columns import Column, Table


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
#: The place of a row in an analysis, which its other columns do not tell.
ROW: Final = Column("row", "integer", "The row's place, from 1 on.")
#: The tables of the analyses, likewise.
ANALYSIS_TABLES: Final = {
    question.name: Table(
        f"analysis_{question.name}",
        f"{question.wording} {' '.join(question.caveats)}",
        (ROW, *question.columns),
    )
    for question in ANALYSES
}
#: The day that published rows are as of.
AS_OF: Final = Column("as_of", "date", "The day that the row is as of, shifted local civil time.")
#: The tables of what is fit to be published, likewise.
PUBLISHED_TABLES: Final = {
    question.name: Table(
        f"published_{question.name}",
        f"{question.wording} {' '.join(question.caveats)} Without what may not be published.",
        (AS_OF, ROW, *question.columns),
    )
    for question in (*QUESTIONS, *ANALYSES)
    if question.name in PUBLISHABLE
}
#: All tables of the answers' dataset.
ANSWER_TABLES: Final = (*ANSWERS.values(), *ANALYSIS_TABLES.values(), *PUBLISHED_TABLES.values())
