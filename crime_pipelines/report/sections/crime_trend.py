"""The section of the trend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from crime_pipelines.analysis.trend import DECREASING, INCREASING, MINIMUM_MONTHS, RECENT_MONTHS
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.crime_trend import trend
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import NBSP, change, count, counted, month, p_value, shown
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.tables import TableColumn, or_dash

#: Of the months tested: what happened in the last of them the test does not say.
_VERDICTS: Final = {INCREASING: "Crime rose", DECREASING: "Crime fell"}


class CrimeTrend(Section):
    """The change a year, and the months that it comes from."""

    key = (
        "The bar is the change a year with its 95\u00a0% interval: where it crosses \u201c0\u201d, there may "
        "be no change. The points are incidents per day in each complete month, the line and its band that "
        "change about the middle of the period; their scale need not begin at 0. The test allows for the "
        "seasons, which the line leaves out."
    )
    columns: ClassVar[Mapping[str, TableColumn]] = {
        "direction": TableColumn("Direction", shown, numeric=False, heads=True),
        "change_per_year": TableColumn("Change a year", or_dash(change)),
        "change_low": TableColumn("95\u00a0% interval from", or_dash(change)),
        "change_high": TableColumn("to", or_dash(change)),
        "p_value": TableColumn("p value", or_dash(lambda p: p_value(p)[2:].removeprefix(f"={NBSP}"))),
        "first_month": TableColumn("First month", or_dash(month), numeric=False),
        "last_month": TableColumn("Last month", or_dash(month), numeric=False),
        "months": TableColumn("Months", count),
        "recent_change": TableColumn(f"Last {RECENT_MONTHS} months", or_dash(change)),
        "recent_low": TableColumn("95\u00a0% interval from", or_dash(change)),
        "recent_high": TableColumn("to", or_dash(change)),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the answer in words; see `Section.words`."""
        (row,) = answers["crime_trend"].records()
        months = row["months"]
        period = f"{month(row['first_month'])} to {month(row['last_month'])}" if months else ""
        if row["change_per_year"] is None:
            if months >= MINIMUM_MONTHS:
                sentence = (
                    f"A trend can't be tested: there is no incident in the {months} complete months {period}."
                )
            else:
                covered = (
                    f"only {counted(months, 'complete month')} ({period})" if months else "no complete month"
                )
                sentence = (
                    f"A trend can't be tested: the data cover {covered}, and a test needs {MINIMUM_MONTHS} "
                    "to tell it from the seasons."
                )
            return Words(sentence, "Not testable", f"{months} of {MINIMUM_MONTHS} months needed")
        yearly = f"{change(row['change_per_year'])} a year"
        low, high = change(row["change_low"]), change(row["change_high"])
        verdict = _VERDICTS.get(row["direction"], "No significant trend")
        sentence = (
            f"{verdict} over the {months} complete months {period}: {yearly} "
            f"(95\u00a0% interval {low} to {high}, {p_value(row['p_value'])}). {_recent(row)}"
        )
        recent = f"last {RECENT_MONTHS} months: {change(row['recent_change'])}"
        note = f"{period}: {yearly} (95\u00a0% interval {low} to {high}); {recent}"
        return Words(sentence, verdict, note, _chance(row["p_value"], verdict))

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the charts; see `Section.charts`."""
        return trend(answers, facts, self.columns)


def _recent(row: Mapping[str, Any]) -> str:
    """Say how the last months differ from those before, season allowed for."""
    low, high = row["recent_low"], row["recent_high"]
    clear = "more" if low > 0 else "fewer" if high < 0 else ""
    verdict = f"a clear change to {clear}" if clear else "not clearly more or fewer"
    return (
        f"The last {RECENT_MONTHS} of them had {change(row['recent_change'])} incidents a day against the "
        f"{RECENT_MONTHS} before (95{NBSP}% interval {change(low)} to {change(high)}): {verdict}."
    )


def _chance(p: float, verdict: str) -> str:
    times = round(100 * p)
    often = "fewer than 1" if p < 0.01 else f"about {times}" if p < 0.99 else "nearly all"
    clear = "" if verdict in _VERDICTS.values() else ", too often to call it a rise or a fall"
    return (
        f"Were crime neither rising nor falling, chance alone would show a change at least this large in "
        f"{often} of 100 such periods{clear}."
    )
