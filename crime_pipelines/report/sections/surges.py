"""The section of surges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from crime_pipelines.analysis.surges import FIRST_DAYS, LEAST_DAYS
from crime_pipelines.questions import Answer
from crime_pipelines.questions.surges.question import RECENT_DAYS
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, counted, day, number, shown
from crime_pipelines.report.sections.default import NAME, Section, Words
from crime_pipelines.report.tables import TableColumn


class Surges(Section):
    """The areas with far more incidents than usual, of late."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "day": TableColumn("Day", day, numeric=False),
        "name": TableColumn("Area", shown, numeric=False, heads=True),
        "rule": TableColumn("Rule", shown, numeric=False),
        "since": TableColumn("Since", day, numeric=False),
        "incidents": TableColumn("Incidents", count),
        "expected": TableColumn("Expected", number),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Name the latest; see `Section.words`."""
        rows = answers["surges"].records()
        if not rows:
            days = (facts.last_at - facts.first_at).days if facts.first_at and facts.last_at else 0
            if days < FIRST_DAYS + LEAST_DAYS + RECENT_DAYS:
                return Words("Surges can't be told: that needs two years of data.", "Unknown", "too few data")
            return Words(
                f"No area had far more incidents than usual in the last {RECENT_DAYS} days.", "None", "surges"
            )
        last = rows[-1]
        span = (
            f"on {day(last['day'])}"
            if last["days"] == 1
            else f"from {day(last['since'])} to {day(last['day'])}"
        )
        return Words(
            f"{counted(len(rows), 'surge')} in the last {RECENT_DAYS} days, the latest in "
            f"{shown(last['name'], NAME)}: {counted(last['incidents'], 'incident')} {span}, where "
            f"{number(last['expected'])} were to be expected.",
            count(len(rows)),
            f"in the last {RECENT_DAYS} days",
        )
