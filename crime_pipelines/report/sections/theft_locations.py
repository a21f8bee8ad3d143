"""The section of the theft locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from crime_pipelines.analysis.changes import FEWER, MORE
from crime_pipelines.questions import Answer
from crime_pipelines.questions.model import as_text
from crime_pipelines.questions.theft_changes.question import QUESTION
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.rankings import (
    MOVED,
    MOVES,
    SIGNS,
    movements,
    theft_changes,
    thefts,
)
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import change, count, day, listed, shown
from crime_pipelines.report.sections.default import NAME, TILE, Section, Words
from crime_pipelines.report.tables import AddedColumn, Cell, Heading, TableColumn, or_dash

#: What the table adds of `theft_changes`, by its columns' names.
_COMPARED: Final[Mapping[str, TableColumn]] = {
    "rank_low": TableColumn("95\u00a0% interval of the rank from", or_dash(str)),
    "rank_high": TableColumn("to", or_dash(str)),
    "thefts_before": TableColumn("Same days of the year before", or_dash(count)),
    "change": TableColumn("Change", or_dash(change)),
    "verdict": TableColumn("Verdict", or_dash(shown), numeric=False),
}
_VERDICTS: Final = {FEWER: "clearly fewer", MORE: "clearly more"}


class TheftLocations(Section):
    """The locations year by year, like for like with the year before, and how they moved up and down."""

    beside = ("theft_changes",)
    key = f"Thefts a year, all years to one scale. {SIGNS}"
    columns: ClassVar[Mapping[str, TableColumn]] = {
        "year": TableColumn("Year", str),
        "rank": TableColumn("Rank", str),
        "location": TableColumn("Location", shown, numeric=False, heads=True),
        "thefts": TableColumn("Thefts", count),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the answer in words; see `Section.words`."""
        by_year: dict[int, list[dict[str, Any]]] = {}
        for row in answers["theft_locations"].records():
            by_year.setdefault(row["year"], []).append(row)
        if not by_year and facts.why_no_theft:
            return Words(f"{facts.why_no_theft}.", "Not known", "no theft can be placed")
        if not by_year:
            first, _, last = facts.years
            return Words(
                f"The data hold no theft with a stated location in {first} to {last}.",
                "None",
                f"{first} to {last}",
            )
        leaders = {year: rows[0] for year, rows in sorted(by_year.items())}
        latest = max(leaders)
        if len({row["location"] for row in leaders.values()}) == 1:
            led = [f"{count(row['thefts'])} in {facts.year(year)}" for year, row in leaders.items()]
            lead = "had the most thefts" + (" in each year" if len(leaders) > 1 else "")
            sentence = f"{shown(leaders[latest]['location'], NAME)} {lead}: {listed(led)}"
        else:
            led = [
                f"{shown(row['location'], NAME)} in {facts.year(year)} ({count(row['thefts'])})"
                for year, row in leaders.items()
            ]
            sentence = f"The most thefts were at {listed(led)}"
        if len(by_year[latest]) > 1:
            runner_up = by_year[latest][1]
            tied = runner_up["thefts"] == leaders[latest]["thefts"]
            follows = "as many as" if tied else "followed by"
            sentence += (
                f"; in {latest} {follows} {shown(runner_up['location'], NAME)} ({count(runner_up['thefts'])})"
            )
        return Words(
            f"{sentence}.{_like_for_like(by_year[latest], answers)}",
            shown(leaders[latest]["location"], TILE),
            f"most thefts in {facts.year(latest)}: {count(leaders[latest]['thefts'])}",
        )

    def remarks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Say on which days ranks and thefts are compared; see `Section.remarks`."""
        if not theft_changes(answers):
            return []
        return [
            "Whether a rank or a number changed by more than chance is judged on the same days of both "
            f"years; chance marks at most one in 20. {QUESTION.caveats[0]}"
        ]

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the charts; see `Section.charts`."""
        return thefts(answers, facts, self.columns)

    def added(self, answers: Mapping[str, Answer], facts: Facts) -> list[AddedColumn]:
        """Add how each location's rank and thefts changed; see `Section.added`."""
        rows = answers["theft_locations"].records()
        if not rows:
            return []
        changes = theft_changes(answers)
        moves = movements(rows, changes)
        cells = [Cell(MOVES.get(move, move), numeric=True, value=value) for move, value in moves]
        columns = [AddedColumn(Heading(MOVED, True, "movement"), cells)]
        if changes:
            found = [changes.get((row["year"], row["location"]), {}) for row in rows]
            columns += [_column(name, column, found) for name, column in _COMPARED.items()]
        return columns


def _column(name: str, column: TableColumn, rows: Sequence[Mapping[str, Any]]) -> AddedColumn:
    values = [row.get(name) for row in rows]
    cells = [Cell(column.write(value), column.numeric, value=as_text(value)) for value in values]
    return AddedColumn(Heading(column.heading, column.numeric, name), cells)


def _like_for_like(rows: Sequence[Mapping[str, Any]], answers: Mapping[str, Answer]) -> str:
    """Compare the latest year's first location with the same days a year before; and name clear changes."""
    changes = theft_changes(answers)
    found = [
        row
        for each in rows
        if (row := changes.get((each["year"], each["location"]))) and row["change"] is not None
    ]
    if not found or found[0]["location"] != rows[0]["location"]:
        return ""
    first = found[0]
    told = (
        f" Up to {day(first['last_day'])}, {shown(first['location'], NAME)} had "
        f"{count(first['thefts'])}, {change(first['change'])} against the same days of the year before "
        f"({count(first['thefts_before'])}): {_VERDICTS.get(first['verdict'], first['verdict'])}."
    )
    for verdict, words in _VERDICTS.items():
        clear = [
            f"{shown(row['location'], NAME)} ({change(row['change'])})"
            for row in found[1:]
            if row["verdict"] == verdict
        ]
        told += f" {words.capitalize()}: {listed(clear)}." if clear else ""
    return told
