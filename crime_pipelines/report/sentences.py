"""The answers in words: one sentence each, with its numbers, computed from the answer's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.questions.trend import DECREASING, INCREASING, MINIMUM_MONTHS
from crime_pipelines.report.facts import Cover, Facts, Month
from crime_pipelines.report.intervals import poisson_interval
from crime_pipelines.report.text import (
    NONE_STATED,
    change,
    count,
    counted,
    listed,
    month,
    p_value,
    percent,
    rate,
    shown,
)

#: The greatest width of a name in a sentence and in a tile; it stands in full in the table.
_NAME: Final = 60
_TILE: Final = 28
_RATE: Final = "late_night_per_1000_residents_per_year"
_VERDICTS: Final = {INCREASING: "Crime is rising", DECREASING: "Crime is falling"}


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in words.

    Attributes:
        sentence: the answer in one sentence.
        figure: what matters most, for a tile.
        note: what the figure is.
        meaning: what the sentence means, where that needs saying.
    """

    sentence: str
    figure: str
    note: str
    meaning: str = ""


def words(answers: Mapping[str, Answer], facts: Facts) -> dict[str, Words]:
    """Each answer in words.

    Args:
        answers: the answers by name.
        facts: what the data cover.

    Returns:
        The words by the answer's name.
    """
    return {name: _WRITERS[name](answers, facts) for name in answers}


def _monthly(answers: Mapping[str, Answer], facts: Facts) -> Words:
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
    """Where a month stands among the same months of the years before."""
    before = [each.incidents for each in full if (last.ordinal - each.ordinal) % 12 == 0 and each is not last]
    if len(before) < 2:
        return ""
    low, high = min(before), max(before)
    place = "below" if last.incidents < low else "above" if last.incidents > high else "within"
    name = month(last.first).split()[0]
    return f" and {place} the range of the {len(before)} {name}s before ({count(low)} to {count(high)})"


def _thefts(answers: Mapping[str, Answer], facts: Facts) -> Words:
    by_year: dict[int, list[dict[str, Any]]] = {}
    for row in answers["theft_locations"].records():
        by_year.setdefault(row["year"], []).append(row)
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
        sentence = f"{shown(leaders[latest]['location'], _NAME)} {lead}: {listed(led)}"
    else:
        led = [
            f"{shown(row['location'], _NAME)} in {facts.year(year)} ({count(row['thefts'])})"
            for year, row in leaders.items()
        ]
        sentence = f"The most thefts were at {listed(led)}"
    if len(by_year[latest]) > 1:
        runner_up = by_year[latest][1]
        tied = runner_up["thefts"] == leaders[latest]["thefts"]
        follows = "as many as" if tied else "followed by"
        sentence += (
            f"; in {latest} {follows} {shown(runner_up['location'], _NAME)} ({count(runner_up['thefts'])})"
        )
    return Words(
        f"{sentence}.",
        shown(leaders[latest]["location"], _TILE),
        f"most thefts in {facts.year(latest)}: {count(leaders[latest]['thefts'])}",
    )


def _trend(answers: Mapping[str, Answer], facts: Facts) -> Words:
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
        f"{verdict}: {yearly} (95\u00a0% interval {low} to {high}, {p_value(row['p_value'])}), "
        f"from the {months} complete months {period}."
    )
    return Words(
        sentence, verdict, f"{yearly} (95\u00a0% interval {low} to {high})", _chance(row["p_value"], verdict)
    )


def _chance(p: float, verdict: str) -> str:
    times = round(100 * p)
    often = "fewer than 1" if p < 0.01 else f"about {times}" if p < 0.99 else "nearly all"
    clear = "" if verdict in _VERDICTS.values() else ", too often to call it a rise or a fall"
    return (
        f"Were crime neither rising nor falling, chance alone would show a change at least this large in "
        f"{often} of 100 such periods{clear}."
    )


def _areas(answers: Mapping[str, Answer], facts: Facts) -> Words:
    rows = answers["safest_areas"].records()
    if not rows:
        return Words("There are no areas to compare.", "None", "no areas")
    safest, worst = rows[0], rows[-1]
    rated = has_rates(rows)
    quiet = sum(not row["late_night_incidents"] for row in rows)
    unit = "late-night incidents per 1,000 residents a year" if rated else "late-night incidents"
    if quiet == len(rows):
        sentence = f"None of the {count(quiet)} areas had an incident late at night"
    elif quiet > 1:
        sentence = (
            f"{count(quiet)} of {count(len(rows))} areas had no incident late at night; the least safe is "
            f"{_area(worst)}, with {_measure(worst, rated)} {unit}"
        )
    else:
        next_ones = [f"{_area(row)} ({_measure(row, rated)})" for row in rows[1:3]]
        sentence = f"{_area(safest)} is the safest, with {_measure(safest, rated)} {unit}"
        sentence += _sure(safest, rated)
        if next_ones:
            sentence += f", followed by {listed(next_ones)}"
        if len(rows) > 3:
            sentence += f"; the least safe is {_area(worst)}, with {_measure(worst, rated)}"
            lowest, highest = (
                row[_RATE] if rated else row["late_night_incidents"] for row in (safest, worst)
            )
            if lowest:
                sentence += f", {highest / lowest:,.0f} times as many"
    short = "per 1,000 residents a year, late at night" if rated else "late-night incidents"
    if quiet > 1:
        return Words(f"{sentence}.", f"{count(quiet)} areas", "without an incident late at night")
    return Words(
        f"{sentence}.",
        shown(safest["name"], _TILE),
        f"{_measure(safest, rated)}{_sure(safest, rated)} {short}",
    )


def _sure(row: Mapping[str, Any], rated: bool) -> str:
    """How sure an area's rate is, were its late-night incidents a matter of chance."""
    late = row["late_night_incidents"]
    if not rated or not late:
        return ""
    low, high = (row[_RATE] * end / late for end in poisson_interval(late))
    return f" (95\u00a0% interval {rate(low)} to {rate(high)})"


def has_rates(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether areas are ranked by rate; where residents are not on file for all, it is by number."""
    return all(row[_RATE] is not None for row in rows)


def _area(row: Mapping[str, Any]) -> str:
    return shown(row["name"], _NAME) if row["name"] else f"Area {row['area']}"


def _measure(row: Mapping[str, Any], rated: bool) -> str:
    return rate(row[_RATE]) if rated else count(row["late_night_incidents"])


def _arrests(answers: Mapping[str, Answer], facts: Facts) -> Words:
    rows = answers["arrest_rates"].records()
    if not rows:
        return Words("The data hold no incident of 2016-2019.", "None", "no incident of 2016-2019")
    incidents, arrests = (sum(row[name] for row in rows) for name in ("incidents", "arrests"))
    if not arrests:
        return Words(
            f"None of the {counted(incidents, 'incident')} of 2016-2019 had an arrest.",
            "0\u00a0%",
            f"of {counted(incidents, 'incident')} had an arrest",
        )
    top = rows[0]
    name = shown(top["primary_type"], _NAME)
    leads = "Incidents without a stated type lead" if name == NONE_STATED else f"{name} leads"
    sentence = (
        f"{leads}: {percent(top['arrest_rate'])} of {counted(top['incidents'], 'incident')} had an arrest "
        f"(95\u00a0% interval {percent(top['rate_low'])} to {percent(top['rate_high'])})"
    )
    others = [
        f"{shown(row['primary_type'], _NAME)} ({percent(row['arrest_rate'])} of {count(row['incidents'])})"
        for row in rows[1:3]
    ]
    if others:
        sentence += f", ahead of {listed(others)}; over all types it is {percent(arrests / incidents)}"
    sure = f"95\u00a0% interval {percent(top['rate_low'])} to {percent(top['rate_high'])}"
    note = f"{percent(top['arrest_rate'])} with an arrest ({sure})"
    return Words(f"{sentence}.", shown(top["primary_type"], _TILE), note)


_WRITERS: Final[Mapping[str, Callable[[Mapping[str, Answer], Facts], Words]]] = {
    "monthly_trend": _monthly,
    "theft_locations": _thefts,
    "crime_trend": _trend,
    "safest_areas": _areas,
    "arrest_rates": _arrests,
}
