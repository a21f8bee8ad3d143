"""The answers as tables: headings in words, numbers as people write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.questions.model import as_text
from crime_pipelines.report.formatting import shown

#: Longer tables are folded.
SHORT: Final = 12
#: The greatest width of a name beside a chart's mark.
_NAME: Final = 60
#: The headings of an interval's two columns end with these words.
_INTERVAL_START: Final = " from"
_INTERVAL_END: Final = "to"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what it says.
        numeric: whether it is a number, to be set to the right.
        heads: whether it names its row.
        mark: a remark on it, or nothing.
        value: what it says as the answer's CSV has it, to sort by and to download.
    """

    text: str
    numeric: bool = False
    heads: bool = False
    mark: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a table.

    Attributes:
        text: what it says.
        numeric: whether its column is one of numbers.
        name: the column's name in the answer's CSV.
    """

    text: str
    numeric: bool
    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: the name of its file.
        caption: what it is.
        headings: its headings.
        rows: its rows.
    """

    name: str
    caption: str
    headings: list[Heading]
    rows: list[list[Cell]]

    @property
    def folded(self) -> bool:
        """True if it is long enough to be folded."""
        return len(self.rows) > SHORT


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of an answer as its table shows it.

    Attributes:
        heading: its heading.
        write: writes a value of it.
        numeric: whether it is one of numbers.
        heads: whether it names its row.
    """

    heading: str
    write: Callable[[Any], str]
    numeric: bool = True
    heads: bool = False


@dataclass(frozen=True, slots=True)
class AddedColumn:
    """A column that a table has beside those of its answer.

    Attributes:
        heading: its heading.
        cells: its cells, one for each row.
    """

    heading: Heading
    cells: Sequence[Cell]


def or_dash(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """Make a writer that shows a dash where there is no value.

    Args:
        write: writes a value.

    Returns:
        The writer.
    """
    return lambda value: "\u2013" if value is None else write(value)


def table(
    answer: Answer, columns: Mapping[str, TableColumn], marks: Sequence[str], added: Sequence[AddedColumn]
) -> Table:
    """Lay out an answer as a table, all its rows.

    Args:
        answer: the answer.
        columns: how to show its columns, by name.
        marks: a remark on each row; empty for none.
        added: columns beside those of the answer.

    Returns:
        The table.
    """
    rows = []
    for at, record in enumerate(answer.records()):
        mark = marks[at] if marks else ""
        cells = [
            Cell(
                column.write(record[name]),
                column.numeric,
                column.heads,
                mark if column.heads else "",
                _value(record[name]),
            )
            for name, column in columns.items()
        ]
        rows.append([*cells, *(column.cells[at] for column in added)])
    headings = [Heading(column.heading, column.numeric, name) for name, column in columns.items()]
    headings += [column.heading for column in added]
    return Table(answer.question.name, answer.question.title, headings, rows)


def row_text(
    record: Mapping[str, Any],
    columns: Mapping[str, TableColumn],
    head: str,
    names: Sequence[str],
    mark: str = "",
) -> str:
    """Return cells of a row as lines of text, as its table writes them, for a chart's mark.

    Args:
        record: the row of the answer.
        columns: how its table shows its columns, by name.
        head: the column that names the row; a long name is cut.
        names: the columns that follow, each after its heading.
        mark: a remark on the row; empty for none.

    Returns:
        The lines, such as ``March 2016``, ``Incidents: 2,301`` and ``95 % interval from 2,100 to 2,500``.
    """
    value = record[head]
    name = shown(value, _NAME) if isinstance(value, str) else columns[head].write(value)
    lines = [f"{name} ({mark})" if mark else name]
    for column in names:
        heading, cell = columns[column].heading, columns[column].write(record[column])
        if heading == _INTERVAL_END:
            lines[-1] += f" {heading} {cell}"
        else:
            lines.append(f"{heading}{'' if heading.endswith(_INTERVAL_START) else ':'} {cell}")
    return "\n".join(lines)


def _value(value: object) -> str:
    """As the answer's CSV has it, but for characters that have no place in a page."""
    return shown(value) if isinstance(value, str) and value else as_text(value)
