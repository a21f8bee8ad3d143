"""The section of weekdays and hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.week import week
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import clock, count, number, percent_of, shown
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.tables import TableColumn, or_dash


class WeekdayHours(Section):
    """Incidents by day of the week and hour, as a chart and a table."""

    key = (
        "Darker: more incidents in that hour of such a day, over the last 12 months. Incidents at 00:00, "
        "00:01 and 12:00 are left out of the chart, as these times often stand for no known one."
    )
    columns: ClassVar[Mapping[str, TableColumn]] = {
        "weekday_name": TableColumn("Weekday", shown, numeric=False, heads=True),
        "hour": TableColumn("Hour", clock),
        "incidents": TableColumn("Incidents", count),
        "placeholders": TableColumn("At 00:00, 00:01 or 12:00", count),
        "per_day": TableColumn("A day", or_dash(number)),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the busiest hour in words; see `Section.words`."""
        rows = answers["weekday_hours"].records()
        total = sum(row["incidents"] for row in rows)
        if not total:
            return Words("The last 12 months hold no incident.", "None", "no incident")
        if facts.why_no_time:
            return Words(f"{facts.why_no_time}.", "Not known", "no times of day")
        busiest = max(rows, key=lambda row: row["incidents"] - row["placeholders"])
        placed = sum(row["placeholders"] for row in rows)
        hour = f"{busiest['weekday_name']} {clock(busiest['hour'])}-{clock((busiest['hour'] + 1) % 24)}"
        return Words(
            f"Most incidents of known time occur on {hour}; {percent_of(placed, total)} of all carry 00:00, "
            "00:01 or 12:00, often because the time was not known.",
            hour,
            "the busiest hour of the week",
        )

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the week; see `Section.charts`."""
        return week(answers)
