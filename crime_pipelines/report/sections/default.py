"""A section of the report made of a question's own columns, and what other sections may do better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from crime_pipelines.questions import Answer, Column, Question
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.hexagons import Rings
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, counted, day, moment, number, shown
from crime_pipelines.report.tables import AddedColumn, Table, TableColumn, or_dash, table

#: The greatest width of a name in a sentence and in a tile; it stands in full in the table.
NAME: Final = 60
TILE: Final = 28
#: So many columns of the first row stand in the sentence.
_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in words.

    Attributes:
        sentence: the answer in one sentence.
        figure: what matters most, for a tile.
        note: what the figure is.
        meaning: what the sentence means, where that needs saying.
    """

    sentence: str
    figure: str
    note: str
    meaning: str = ""


class Section:
    """A section that shows a question's answer.

    As it stands, it knows no more of the answer than the question's columns: the first row in words, and a
    table. A class for one question overrides what it can do better.

    Attributes:
        key: how to read the charts.
        columns: how the table writes each column, by the column's name.
        beside: the analyses that it shows together with its answer, where they are made; they get no section
            of their own.
    """

    key: str = ""
    beside: tuple[str, ...] = ()
    columns: ClassVar[Mapping[str, TableColumn]] = {}

    def __init__(self, question: Question) -> None:
        """Make the section of a question.

        Args:
            question: the question.
        """
        self.question = question

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the answer in words.

        Args:
            answers: all answers by name, and the analyses where they are made.
            facts: what the data cover.

        Returns:
            The words.
        """
        rows = answers[self.question.name].records()
        if not rows:
            return Words("The data hold no row of this answer.", "None", "no rows")
        columns = _columns_of(self.question)
        written = {name: column.write(rows[0][name]) for name, column in columns.items()}
        parts = [
            f"{columns[name].heading[:1].lower()}{columns[name].heading[1:]} {shown(text, NAME)}"
            for name, text in written.items()
        ]
        first = ", ".join(parts[:_COLUMNS])
        place = f"first of {counted(len(rows), 'row')}" if len(rows) > 1 else "only row"
        head = next(iter(columns.values()))
        figure = shown(f"{head.heading} " * head.numeric + next(iter(written.values())), TILE)
        return Words(f"The {place}: {first}.", figure, ", ".join([*parts[1:2], f"the {place}"]))

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the charts.

        Args:
            answers: all answers by name.
            facts: what the data cover.

        Returns:
            The charts; none as a rule.
        """
        return []

    def maps(self, answers: Mapping[str, Answer], facts: Facts, shapes: Mapping[int, Rings]) -> list[Chart]:
        """Draw the charts that need the areas' outlines; they stand before the others.

        Args:
            answers: all answers by name.
            facts: what the data cover.
            shapes: the outlines by area.

        Returns:
            The charts; none as a rule.
        """
        return []

    def marks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Mark rows of the table.

        Args:
            answers: all answers by name.
            facts: what the data cover.

        Returns:
            A remark on each row, empty for most; or an empty list for none at all.
        """
        return []

    def added(self, answers: Mapping[str, Answer], facts: Facts) -> list[AddedColumn]:
        """Add columns to the table.

        Args:
            answers: all answers by name.
            facts: what the data cover.

        Returns:
            The columns; none as a rule.
        """
        return []

    def remarks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Say what holds for the answer in this run, beside its question's own caveats.

        Args:
            answers: all answers by name.
            facts: what the data cover.

        Returns:
            Sentences; none as a rule.
        """
        return []

    def table(self, answers: Mapping[str, Answer], facts: Facts) -> Table:
        """Lay out the answer as a table with all its rows.

        Args:
            answers: all answers by name.
            facts: what the data cover.

        Returns:
            The table.
        """
        return table(
            answers[self.question.name],
            self.columns or _columns_of(self.question),
            self.marks(answers, facts),
            self.added(answers, facts),
        )


def _columns_of(question: Question) -> dict[str, TableColumn]:
    return {
        column.name: TableColumn(
            column.name.replace("_", " ").capitalize(),
            _writer(column),
            numeric=column.type in ("integer", "decimal"),
            heads=at == 0,
        )
        for at, column in enumerate(question.columns)
    }


def _writer(column: Column) -> Callable[[Any], str]:
    # A year is no quantity.
    if column.type == "integer" and column.name.rpartition("_")[2] == "year":
        return or_dash(str)
    writers: Mapping[str, Callable[[Any], str]] = {
        "date": day,
        "datetime": moment,
        "integer": count,
        "decimal": number,
        "boolean": lambda value: "yes" if value else "no",
    }
    return or_dash(writers[column.type]) if column.type in writers else shown
