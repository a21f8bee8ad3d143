"""The answers as tables: headings in words, numbers as people write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.questions.catalogue import as_text
from crime_pipelines.report.facts import SMALL_NUMBER, Cover, Facts
from crime_pipelines.report.moves import MOVES, movements
from crime_pipelines.report.text import NBSP, change, count, month, p_value, percent, rate, shown

#: Longer tables are folded.
SHORT: Final = 12


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
        """Whether it is long enough to be folded."""
        return len(self.rows) > SHORT


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    write: Callable[[Any], str]
    numeric: bool = True
    heads: bool = False


def _or_dash(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "\u2013" if value is None else write(value)


_COLUMNS: Final[Mapping[str, Mapping[str, _Column]]] = {
    "monthly_trend": {
        "month": _Column("Month", month, numeric=False, heads=True),
        "incidents": _Column("Incidents", count),
        "complete": _Column("Complete", lambda complete: "yes" if complete else "no", numeric=False),
    },
    "theft_locations": {
        "year": _Column("Year", str),
        "rank": _Column("Rank", str),
        "location": _Column("Location", shown, numeric=False, heads=True),
        "thefts": _Column("Thefts", count),
    },
    "crime_trend": {
        "direction": _Column("Direction", shown, numeric=False, heads=True),
        "change_per_year": _Column("Change a year", _or_dash(change)),
        "change_low": _Column("95\u00a0% interval from", _or_dash(change)),
        "change_high": _Column("to", _or_dash(change)),
        "p_value": _Column("p value", _or_dash(lambda p: p_value(p)[2:].removeprefix(f"={NBSP}"))),
        "first_month": _Column("First month", _or_dash(month), numeric=False),
        "last_month": _Column("Last month", _or_dash(month), numeric=False),
        "months": _Column("Months", count),
    },
    "safest_areas": {
        "rank": _Column("Rank", str),
        "area": _Column("Area", str),
        "name": _Column("Name", shown, numeric=False, heads=True),
        "late_night_incidents": _Column("Late-night incidents", count),
        "incidents": _Column("Incidents at any time", count),
        "residents": _Column("Residents (2020)", _or_dash(count)),
        "late_night_per_1000_residents_per_year": _Column(
            "Late-night incidents per 1,000 residents a year", _or_dash(rate)
        ),
    },
    "arrest_rates": {
        "primary_type": _Column("Type of crime", shown, numeric=False, heads=True),
        "incidents": _Column("Incidents", count),
        "arrests": _Column("Arrests", count),
        "arrest_rate": _Column("Arrest rate", percent),
        "rate_low": _Column("95\u00a0% interval from", percent),
        "rate_high": _Column("to", percent),
    },
}


def table(answer: Answer, facts: Facts, answers: Mapping[str, Answer]) -> Table:
    """An answer as a table, all its rows.

    Args:
        answer: the answer.
        facts: what the data cover.
        answers: all answers by name.

    Returns:
        The table.
    """
    columns = _COLUMNS[answer.question.name]
    moves = movements(answer.records()) if answer.question.name == "theft_locations" else []
    covers = {each.first: each.cover for each in facts.months(answers)}
    rows = []
    for at, record in enumerate(answer.records()):
        mark = ""
        if answer.question.name == "monthly_trend" and covers[record["month"]] is not Cover.FULL:
            mark = covers[record["month"]].value
        if answer.question.name == "arrest_rates" and record["incidents"] < SMALL_NUMBER:
            mark = "small number"
        rows.append(
            [
                Cell(
                    column.write(record[name]),
                    column.numeric,
                    column.heads,
                    mark if column.heads else "",
                    _value(record[name]),
                )
                for name, column in columns.items()
            ]
        )
        if moves:
            told, value = moves[at]
            rows[-1].append(Cell(MOVES.get(told, told), numeric=True, value=value))
    headings = [Heading(column.heading, column.numeric, name) for name, column in columns.items()]
    if moves:
        headings.append(Heading("Since the year before", True, "movement"))
    return Table(answer.question.name, answer.question.title, headings, rows)


def _value(value: object) -> str:
    """As the answer's CSV has it, but for characters that have no place in a page."""
    return shown(value) if isinstance(value, str) and value else as_text(value)
