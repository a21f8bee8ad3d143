"""The section of the areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from crime_pipelines.analysis.rates import MINIMUM_MONTHS
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.hexagons import Rings
from crime_pipelines.report.charts.map import area_map
from crime_pipelines.report.charts.rankings import areas, has_rates
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, counted, fixed, in_words, listed, percent_of, rate, shown
from crime_pipelines.report.sections.default import NAME, TILE, Section, Words
from crime_pipelines.report.tables import TableColumn, or_dash

_RATE: Final = "late_night_per_1000_residents_per_year"


class SafestAreas(Section):
    """The areas by late-night rate: the safest, the least safe, and a map."""

    key = (
        "Late-night incidents, per 1,000 residents a year where these are on file; the bars to one scale, "
        "the map\u2019s colours for seven groups of equally many areas."
    )
    columns: ClassVar[Mapping[str, TableColumn]] = {
        "rank": TableColumn("Rank", str),
        "area": TableColumn("Area", str),
        "name": TableColumn("Name", shown, numeric=False, heads=True),
        "late_night_incidents": TableColumn("Late-night incidents", count),
        "incidents": TableColumn("Incidents at any time", count),
        "residents": TableColumn("Residents (2020)", or_dash(count)),
        "late_night_per_1000_residents_per_year": TableColumn(
            "Late-night incidents per 1,000 residents a year", or_dash(rate)
        ),
        "rate_low": TableColumn("95\u00a0% interval from", or_dash(rate)),
        "rate_high": TableColumn("to", or_dash(rate)),
        "rank_low": TableColumn("95\u00a0% interval of the rank from", str),
        "rank_high": TableColumn("to", str),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Put the answer in words; see `Section.words`."""
        rows = answers["safest_areas"].records()
        if not rows:
            return Words("There are no areas to compare.", "None", "no areas")
        if facts.why_no_area:
            return Words(f"{facts.why_no_area}.", "Not known", "no area can be called safest")
        held = [row for row in rows if row["incidents"]]
        if len(held) == 1 < len(rows):
            return Words(
                f"All incidents with a known area lie in {_area(held[0])}, so areas can't be compared: the "
                "data seem to hold no other area.",
                "Not known",
                f"the data hold {_area(held[0])} alone",
            )
        safest, worst = rows[0], rows[-1]
        rated = has_rates(rows)
        quiet = sum(not row["late_night_incidents"] for row in rows)
        if quiet == len(rows):
            sentence = f"None of the {count(quiet)} areas had an incident late at night"
        elif quiet > 1:
            sentence = (
                f"{count(quiet)} of {count(len(rows))} areas had no incident late at night; the least safe "
                f"is {_area(worst)}, with {_amount(worst, rated)}"
            )
        else:
            next_ones = [f"{_area(row)} ({_measure(row, rated)})" for row in rows[1:3]]
            sentence = f"{_area(safest)} is the safest, with {_amount(safest, rated)}"
            sentence += _sure(safest)
            if next_ones:
                sentence += f", followed by {listed(next_ones)}"
            if len(rows) > 3:
                sentence += f"; the least safe is {_area(worst)}, with {_measure(worst, rated)}"
                lowest, highest = (
                    row[_RATE] if rated else row["late_night_incidents"] for row in (safest, worst)
                )
                if lowest:
                    sentence += f", {fixed(highest / lowest, 0)} times as many"
            sentence += f"{_rivals(rows)}{_brief(facts)}"
        if not rated:
            sentence += "; residents are not on file for all, so these are numbers, and rates can't be known"
        if quiet > 1:
            return Words(f"{sentence}.", f"{count(quiet)} areas", "without an incident late at night")
        return Words(
            f"{sentence}.",
            shown(safest["name"], TILE),
            f"{_measure(safest, rated)}{_sure(safest)} per 1,000 residents a year, late at night"
            if rated
            else _amount(safest, rated),
        )

    def charts(self, answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
        """Draw the charts; see `Section.charts`."""
        return areas(answers, facts, self.columns)

    def maps(self, answers: Mapping[str, Answer], facts: Facts, shapes: Mapping[int, Rings]) -> list[Chart]:
        """Draw the map of the areas; see `Section.maps`."""
        return [area_map(answers, shapes, self.columns)] if answers["safest_areas"].rows else []

    def remarks(self, answers: Mapping[str, Answer], facts: Facts) -> list[str]:
        """Say what the intervals allow for, and how many times are placeholders; see `Section.remarks`."""
        said = [
            "The intervals of rates and ranks allow for counts that vary more than chance alone makes them."
            if facts.complete_months >= MINIMUM_MONTHS
            else f"The intervals of rates and ranks allow for chance alone: with fewer than {MINIMUM_MONTHS} "
            "complete months nothing more can be measured, so they are likely too narrow."
        ]
        midnight = facts.quality("at_midnight")
        if midnight:
            share = percent_of(midnight, facts.quality("late_night"))
            said.append(
                f"In this run {share} of the late-night incidents carry exactly midnight as their time."
            )
        return said


def _sure(row: Mapping[str, Any]) -> str:
    """Return the interval of an area's rate, overdispersion allowed for."""
    if not row["late_night_incidents"] or row["rate_low"] is None:
        return ""
    return f" (95\u00a0% interval {rate(row['rate_low'])} to {rate(row['rate_high'])})"


def _rivals(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how sure the first rank is."""
    rivals = sum(row["rank_low"] == 1 for row in rows) - 1
    if rivals < 1:
        return ". No other area could be first by chance alone"
    others = "one other area" if rivals == 1 else f"{in_words(rivals)} other areas"
    return f". Chance alone could put {others} first"


def _brief(facts: Facts) -> str:
    """Say that a rate a year comes from less than a year, whose season it carries."""
    if not facts.first_at or not facts.last_at:
        return ""
    days = (facts.last_at.date() - facts.first_at.date()).days + 1
    return f". The data cover {counted(days, 'day')} alone: a rate a year is a guess" if days < 365 else ""


def _area(row: Mapping[str, Any]) -> str:
    return shown(row["name"], NAME) if row["name"] else f"Area {row['area']}"


def _amount(row: Mapping[str, Any], rated: bool) -> str:
    """Return an area's measure with what it counts."""
    if rated:
        return f"{_measure(row, rated)} late-night incidents per 1,000 residents a year"
    return counted(row["late_night_incidents"], "late-night incident")


def _measure(row: Mapping[str, Any], rated: bool) -> str:
    return rate(row[_RATE]) if rated else count(row["late_night_incidents"])
