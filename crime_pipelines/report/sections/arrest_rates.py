"""The section of the arrest rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final

from crime_pipelines.domain.offences import FOUND_BY_POLICE
from crime_pipelines.domain.periods.arrest_years import ARREST_YEARS, FIRST_YEAR, LAST_YEAR
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.arrests import TYPES, arrests, small_mark
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.coverage import SMALL_NUMBER, Facts
from crime_pipelines.report.formatting import NONE_STATED, count, counted, day, listed, percent, shown
from crime_pipelines.report.sections.default import NAME, TILE, Section, Words
from crime_pipelines.report.tables import TableColumn

_FIRST_DAY: Final = date(FIRST_YEAR, 1, 1)
_LAST_DAY: Final = date(LAST_YEAR, 12, 31)


class ArrestRates(Section):
    """The types of crime by arrest rate, each with its interval."""

    key = (
        "Dot: share of incidents with an arrest; bar: its 95\u00a0% interval; hollow dot: fewer than "
        f"{SMALL_NUMBER} incidents; dashed line: all types together. At most "
        f"{TYPES} types are drawn."
    )
    columns: ClassVar[Mapping[str, TableColumn]] = {
        "primary_type": TableColumn("Type of crime", shown, numeric=False, heads=True),
        "incidents": TableColumn("Incidents", count),
        "arrests": TableColumn("Arrests", count),
        "arrest_rate": TableColumn("Arrest rate", percent),
        "rate_low": TableColumn("95\u00a0% interval from", percent),
        "rate_high": TableColumn("to", percent),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the answer in words; see `Section.words`."""
        rows = answers["arrest_rates"].records()
        if not facts.record.has_arrests:
            return Words(
                "The data say of no incident whether there was an arrest, so arrest rates can't be known.",
                "Not known",
                "the data hold no arrests",
            )
        if not rows:
            return Words(
                f"The data hold no incident of {ARREST_YEARS}.", "None", f"no incident of {ARREST_YEARS}"
            )
        incidents, arrested = (sum(row[name] for row in rows) for name in ("incidents", "arrests"))
        if not arrested:
            return Words(
                f"None of the {counted(incidents, 'incident')} of {ARREST_YEARS} had an arrest.",
                "0\u00a0%",
                f"of {counted(incidents, 'incident')} had an arrest",
            )
        top = rows[0]
        name = shown(top["primary_type"], NAME)
        first = "incidents without a stated type rank" if name == NONE_STATED else f"{name} ranks"
        # The rate that ranks first need not be the highest: a rate of few incidents is less certain.
        sentence = (
            f"By the lower end of its interval {first} first: {percent(top['arrest_rate'])} of "
            f"{counted(top['incidents'], 'incident')} had an arrest "
            f"(95\u00a0% interval {percent(top['rate_low'])} to {percent(top['rate_high'])})"
        )
        others = [
            f"{shown(row['primary_type'], NAME)} ({percent(row['arrest_rate'])} of {count(row['incidents'])})"
            for row in rows[1:3]
        ]
        if others:
            sentence += f"; next come {listed(others)}. Over all types it is {percent(arrested / incidents)}"
        sentence += _reported(rows)
        sure = f"95\u00a0% interval {percent(top['rate_low'])} to {percent(top['rate_high'])}"
        note = f"{percent(top['arrest_rate'])} with an arrest ({sure})"
        return Words(f"{sentence}.", shown(top["primary_type"], TILE), note)

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the charts; see `Section.charts`."""
        return arrests(answers, self.columns)

    def marks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Mark the rates of few incidents; see `Section.marks`."""
        return [small_mark(row) for row in answers["arrest_rates"].records()]

    def remarks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Say how much of the years the data cover; see `Section.remarks`."""
        if not facts.first_at or not facts.last_at or not facts.record.has_arrests:
            return []
        first, last = facts.first_at.date(), facts.last_at.date()
        if first > _LAST_DAY or last < _FIRST_DAY:
            return ["The data lie outside these years."]
        if first > _FIRST_DAY or last < _LAST_DAY:
            begin, end = max(first, _FIRST_DAY), min(last, _LAST_DAY)
            return [f"Of these years the data cover {day(begin)} to {day(end)}."]
        return []


def _reported(rows: Sequence[Mapping[str, Any]]) -> str:
    """Name the first type that victims report, where types that police find stand before it."""
    known = [row for row in rows if row["primary_type"] is not None]
    reported = next((row for row in known if row["primary_type"] not in FOUND_BY_POLICE), None)
    if reported is None or reported is known[0]:
        return ""
    return (
        ". The first types come to light through the arrest itself; of those that are mostly reported to the "
        f"police, {shown(reported['primary_type'], NAME)} ranks first ({percent(reported['arrest_rate'])} of "
        f"{count(reported['incidents'])})"
    )
