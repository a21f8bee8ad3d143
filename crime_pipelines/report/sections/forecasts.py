"""The sections of the forecasts: the next months, weeks and days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.forecast import forecast
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import NBSP, count, day, month, percent, shown
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.tables import Table, TableColumn, or_dash

_ENDS: Mapping[str, TableColumn] = {
    "expected": TableColumn("Expected", or_dash(lambda number: count(round(number)))),
    "low_80": TableColumn("80\u00a0% interval from", or_dash(count)),
    "high_80": TableColumn("to", or_dash(count)),
    "low_95": TableColumn("95\u00a0% interval from", or_dash(count)),
    "high_95": TableColumn("to", or_dash(count)),
    "error": TableColumn("Error of past forecasts", or_dash(percent)),
}


def interval(row: Mapping[str, Any]) -> str:
    """Return a forecast's 95 % interval in words; empty where there is none."""
    if row["low_95"] is None or row["high_95"] is None:
        return ""
    return f" (95{NBSP}% interval {count(row['low_95'])} to {count(row['high_95'])})"


def accuracy(row: Mapping[str, Any], naive: str, what: str) -> str:
    """Say how good past forecasts were, and how good the simplest one would have been.

    Args:
        row: a forecast.
        naive: the column of the simplest forecast's error.
        what: what that one repeats, such as ``last year's month``.

    Returns:
        A sentence; empty without past forecasts.
    """
    if row["error"] is None or row[naive] is None:
        return ""
    held = (
        f"; the 95{NBSP}% interval held {percent(row['inside_95'])} of the time" if row["inside_95"] else ""
    )
    return (
        f"In {count(row['past_forecasts'])} past forecasts the error was {percent(row['error'])} on average; "
        f"{what} would have missed by {percent(row[naive])}{held}."
    )


class MonthlyForecasts(Section):
    """The next months: a chart of all incidents, and every series as a table."""

    key = (
        "Line: incidents a month; dashed: what is to be expected; bands: the intervals that are to hold "
        "80\u00a0% and 95\u00a0% of such months. The scale begins at 0."
    )
    columns: ClassVar[Mapping[str, TableColumn]] = {
        "name": TableColumn("Type or area", lambda name: shown(name) if name else "", False, True),
        "scope": TableColumn("Of", lambda scope: {"all": "all incidents"}.get(scope, scope), numeric=False),
        "month": TableColumn("Month", or_dash(month), numeric=False),
        **_ENDS,
        "last_years_error": TableColumn("Error of last year\u2019s month", or_dash(percent)),
        "note": TableColumn("Note", lambda note: note or "", numeric=False),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the next month in words; see `Section.words`."""
        rows = answers["monthly_forecasts"].records()
        first = next((row for row in rows if row["scope"] == "all"), None)
        if first is None or first["expected"] is None:
            reason = first["note"].removeprefix("no forecast: ") if first else "no complete month"
            return Words(f"There is no forecast: {reason}.", "None", "no forecast")
        expected = count(round(first["expected"]))
        sentence = (
            f"{month(first['month'])} is expected to have {expected} incidents{interval(first)}. "
            f"{accuracy(first, 'last_years_error', 'the same month of the year before')}"
        )
        note = f" {first['note'][:1].upper()}{first['note'][1:]}." if first["note"] else ""
        return Words(f"{sentence.strip()}{note}", expected, f"incidents expected in {month(first['month'])}")

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the chart; see `Section.charts`."""
        return forecast(answers, facts, self.columns)

    def table(self, answers: Mapping[str, Answer], facts: Facts) -> Table:
        """Lay out all months of all incidents, the next one of types and areas; see `Section.table`."""
        answer = answers[self.question.name]
        near = [
            row
            for row, record in zip(answer.rows, answer.records(), strict=True)
            if record["scope"] == "all" or record["months_ahead"] == 1
        ]
        return super().table({**answers, self.question.name: Answer(self.question, near)}, facts)

    def remarks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Say how many series have no forecast; see `Section.remarks`."""
        refused = [row for row in answers["monthly_forecasts"].records() if row["expected"] is None]
        if not refused or refused[0]["scope"] == "all":
            return []
        return [
            f"{count(len(refused))} types and areas have too few incidents to be forecast. The later months "
            "of the others are in analysis/monthly_forecasts.csv."
        ]


class StepForecasts(Section):
    """The next weeks or days of all incidents."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "first_day": TableColumn("First day", or_dash(day), numeric=False, heads=True),
        "first_day_before_shift": TableColumn(
            "Before the date shift", or_dash(lambda at: f"{at:%a} {day(at)}"), False
        ),
        **_ENDS,
        "naive_error": TableColumn("Error of repeating the past", or_dash(percent)),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the next step in words; see `Section.words`."""
        rows = answers[self.question.name].records()
        if not rows or rows[0]["expected"] is None:
            reason = rows[0]["note"].removeprefix("no forecast: ") if rows else "no incident"
            return Words(f"There is no forecast: {reason}.", "None", "no forecast")
        first = rows[0]
        expected = count(round(first["expected"]))
        period, what = (
            ("The week from", "the same week of the year before")
            if first["days"] == 7
            else ("The day", "the same weekday of the week before")
        )
        sentence = (
            f"{period} {day(first['first_day'])} is expected to have {expected} incidents{interval(first)}. "
            f"{accuracy(first, 'naive_error', what)}"
        )
        return Words(sentence.strip(), expected, f"incidents expected from {day(first['first_day'])}")
