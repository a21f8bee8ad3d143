"""The section of the comparisons: what changed, by type of crime and by area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from crime_pipelines.analysis.changes import FEWER, MORE, TOO_SHORT
from crime_pipelines.questions import Answer
from crime_pipelines.questions.changes.question import YEAR_TO_DATE
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import NBSP, change, count, counted, day, listed, shown
from crime_pipelines.report.sections.default import NAME, Section, Words
from crime_pipelines.report.tables import TableColumn, or_dash

#: So many changes are named in a sentence.
_NAMED: Final = 3


def name_of(row: Mapping[str, Any]) -> str:
    """Return the name of a row's series, fit to be shown."""
    return "All incidents" if row["scope"] == "all" else shown(row["name"], NAME)


class Changes(Section):
    """The comparisons: a sentence on the year to date, and all of them as a table."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "name": TableColumn("Type or area", lambda name: shown(name) if name else "", False, True),
        "scope": TableColumn("Of", lambda scope: {"all": "all incidents"}.get(scope, scope), numeric=False),
        "comparison": TableColumn("Comparison", shown, numeric=False),
        "incidents": TableColumn("Incidents", count),
        "incidents_before": TableColumn("Before", or_dash(count)),
        "change": TableColumn("Change", or_dash(change)),
        "change_low": TableColumn("95\u00a0% interval from", or_dash(change)),
        "change_high": TableColumn("to", or_dash(change)),
        "expected_low": TableColumn("If nothing changed: from", or_dash(count)),
        "expected_high": TableColumn("to", or_dash(count)),
        "verdict": TableColumn("Verdict", shown, numeric=False),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the comparisons in words; see `Section.words`."""
        rows = [row for row in answers["changes"].records() if row["comparison"] == YEAR_TO_DATE]
        if not rows:
            return Words("The data hold no incident to compare.", "None", "no comparison")
        whole = next(row for row in rows if row["scope"] == "all")
        if whole["change"] is None:
            reason = (
                "the data do not reach back to the beginning of last year, or hold less than two years"
                if whole["verdict"] == TOO_SHORT
                else "there are too few incidents"
            )
            return Words(f"Nothing can be compared: {reason}.", "Not known", "nothing to compare with")
        sentence = (
            f"From {day(whole['first_day'])} to {day(whole['last_day'])} there were "
            f"{counted(whole['incidents'], 'incident')}, {change(whole['change'])} against the same days of "
            f"the year before ({count(whole['incidents_before'])}; 95{NBSP}% interval "
            f"{change(whole['change_low'])} to {change(whole['change_high'])})"
        )
        types = [row for row in rows if row["scope"] == "type"]
        parts = [
            f"clearly {verdict}: {listed(found)}"
            for verdict in (FEWER, MORE)
            if (found := _named(types, verdict))
        ]
        told = f". By type of crime, {'; '.join(parts)}" if parts else ". No type of crime changed clearly"
        return Words(f"{sentence}{told}.", change(whole["change"]), "incidents, year to date")

    def remarks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Say how many comparisons chance marks; see `Section.remarks`."""
        tested = sum(row["change"] is not None for row in answers["changes"].records())
        marked = sum(row["verdict"] in (MORE, FEWER) for row in answers["changes"].records())
        if not tested:
            return []
        return [
            f"{count(marked)} of {counted(tested, 'comparison')} are marked as more or fewer; if nothing had "
            f"changed anywhere, chance would mark about {count(round(tested / 20))}."
        ]


def _named(rows: list[dict[str, Any]], verdict: str) -> list[str]:
    found = sorted((row for row in rows if row["verdict"] == verdict), key=lambda row: -row["incidents"])
    named = [f"{name_of(row)} ({change(row['change'])})" for row in found[:_NAMED]]
    return named + ([f"{len(found) - _NAMED} more"] if len(found) > _NAMED else [])
