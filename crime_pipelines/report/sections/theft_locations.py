"""The section of the theft locations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.rankings import MOVED, MOVES, movements, thefts
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, listed, shown
from crime_pipelines.report.sections.default import NAME, TILE, Section, Words
from crime_pipelines.report.tables import AddedColumn, Cell, Heading, TableColumn


class TheftLocations(Section):
    """The locations year by year, and how they moved up and down."""

    key = (
        "Thefts a year, all years to one scale. \u25b2 and \u25bc: ranks risen and fallen since the year "
        "before; new: not among that year\u2019s ten."
    )
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
            f"{sentence}.",
            shown(leaders[latest]["location"], TILE),
            f"most thefts in {facts.year(latest)}: {count(leaders[latest]['thefts'])}",
        )

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the charts; see `Section.charts`."""
        return thefts(answers, facts, self.columns)

    def added(self, answers: Mapping[str, Answer], facts: Facts) -> list[AddedColumn]:
        """Add how each location's rank changed; see `Section.added`."""
        moves = movements(answers["theft_locations"].records())
        if not moves:
            return []
        cells = [Cell(MOVES.get(move, move), numeric=True, value=value) for move, value in moves]
        return [AddedColumn(Heading(MOVED, True, "movement"), cells)]
