"""The section of the months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.months import cover_mark, monthly
from crime_pipelines.report.coverage import Cover, Facts, Month
from crime_pipelines.report.formatting import change, count, counted, month, percent
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.tables import TableColumn


class MonthlyTrend(Section):
    """The months in a row, and the last complete one among the same months of other years."""

    key = (
        "First: incidents a month; the scale begins at 0. Second: the latest year\u2019s complete months, on "
        "the range and the mean (dashed) of the same month in the years before: crime has seasons, and a "
        "month is best compared with its own kind. That scale need not begin at 0."
    )
    columns: ClassVar[Mapping[str, TableColumn]] = {
        "month": TableColumn("Month", month, numeric=False, heads=True),
        "incidents": TableColumn("Incidents", count),
        "complete": TableColumn("Complete", lambda complete: "yes" if complete else "no", numeric=False),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the answer in words; see `Section.words`."""
        months = facts.months(answers)
        full = [each for each in months if each.cover is Cover.FULL]
        if not full:
            counting = [each for each in months if each.incidents]
            total = sum(each.incidents for each in counting)
            spread = f" in {month(counting[-1].first)}" if len(counting) == 1 else ""
            return Words(
                f"The data cover no complete month: they hold {counted(total, 'incident')}{spread}.",
                count(total),
                f"incident{'' if total == 1 else 's'}, no complete month",
            )
        last = full[-1]
        before = next((each for each in full if each.ordinal == last.ordinal - 12), None)
        compared = _compared(last, before)
        sentence = (
            f"{month(last.first)}, the last complete month, had {counted(last.incidents, 'incident')}"
            f"{f', {compared}' if compared else ''}{_usual(last, full)}"
        )
        most = max(full, key=lambda each: each.incidents)
        least = min(full, key=lambda each: each.incidents)
        if most.incidents > least.incidents:
            sentence += (
                f"; of {counted(len(full), 'complete month')}, {month(most.first)} had the most "
                f"({count(most.incidents)}) and {month(least.first)} the fewest ({count(least.incidents)})"
            )
        note = f"incident{'' if last.incidents == 1 else 's'} in {month(last.first)}"
        if before and before.incidents:
            note += f", {change(last.incidents / before.incidents - 1)} on a year before"
        return Words(f"{sentence}.", count(last.incidents), note)

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the charts; see `Section.charts`."""
        return monthly(answers, facts, self.columns)

    def marks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Mark the months that the data cover in part or not at all; see `Section.marks`."""
        return [cover_mark(each) for each in facts.months(answers)]

    def remarks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Say what a 0 means where there are no data; see `Section.remarks`."""
        if any(each.cover is Cover.NONE for each in facts.months(answers)):
            return ["Months that the data do not cover show 0 in the table; their band in the chart says so."]
        return []


def _compared(last: Month, before: Month | None) -> str:
    if before is None:
        return ""
    if last.incidents == before.incidents:
        return f"as many as {month(before.first)}"
    more = "more" if last.incidents > before.incidents else "fewer"
    if not before.incidents:
        return f"{more} than {month(before.first)} ({count(before.incidents)})"
    difference = percent(abs(last.incidents / before.incidents - 1))
    return f"{difference} {more} than {month(before.first)} ({count(before.incidents)})"


def _usual(last: Month, full: Sequence[Month]) -> str:
    """Return a month's place among the same months of the years before."""
    before = [each.incidents for each in full if (last.ordinal - each.ordinal) % 12 == 0 and each is not last]
    if len(before) < 2:
        return ""
    low, high = min(before), max(before)
    place = "below" if last.incidents < low else "above" if last.incidents > high else "within"
    name = month(last.first).split()[0]
    usual = f" and {place} the range of the {len(before)} {name}s before ({count(low)} to {count(high)})"
    # the newest of n + 1 alike is the least or the greatest
    chance = percent(2 / (len(before) + 1))
    return usual if place == "within" else f"{usual}, outside which chance alone puts {chance} of months"
