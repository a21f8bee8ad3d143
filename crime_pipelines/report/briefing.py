"""The first screen: which data, what changed, and what is to be expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from crime_pipelines.analysis.changes import FEWER, MORE, TOO_SHORT
from crime_pipelines.analysis.day_series import before_shift
from crime_pipelines.domain.periods.as_of import END_OF_DAY
from crime_pipelines.questions import Answer
from crime_pipelines.questions.changes.question import LAST_12_MONTHS, LAST_28_DAYS, YEAR_TO_DATE
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import (
    change,
    clock,
    count,
    counted,
    day,
    month,
    number,
    percent,
    shown,
)
from crime_pipelines.report.sections.changes import name_of
from crime_pipelines.report.sections.forecasts import interval

#: So many types of crime stand on the first screen: clear changes, then these, then the largest.
_TYPES: Final = 9
_SERIOUS: Final = frozenset(
    {"HOMICIDE", "CRIMINAL SEXUAL ASSAULT", "ROBBERY", "BURGLARY", "WEAPONS VIOLATION"}
)
_NAME: Final = 34


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the briefing.

    Attributes:
        name: what it is of.
        figure: the number that matters.
        note: what the number is.
        clear: whether it is a clear change.
    """

    name: str
    figure: str
    note: str
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Briefing:
    """The parts of the first screen beside the tiles.

    Attributes:
        shift: that dates are shifted, and what the original ones are; empty where they are not.
        until: to which day the data go, and what is known of late reports.
        compared: what the changes are of.
        changes: the changes, the clear ones first.
        chance: how many of them chance would mark.
        expected: what is to be expected.
    """

    shift: str
    until: str
    compared: str
    changes: tuple[Line, ...]
    chance: str
    expected: tuple[Line, ...]


def briefing(analyses: Mapping[str, Answer], facts: Facts) -> Briefing:
    """Put the first screen together.

    Args:
        analyses: the analyses by name; without them, nothing is compared or forecast.
        facts: what the data cover.

    Returns:
        Its parts.
    """
    changes = analyses["changes"].records() if "changes" in analyses else []
    compared, lines, chance = _changes(changes)
    return Briefing(_shift(facts), _until(facts), compared, lines, chance, tuple(_expected(analyses)))


def _shift(facts: Facts) -> str:
    years = facts.record.shift_years
    if not years or not facts.first_at or not facts.last_at:
        return ""
    first, last = (_original(at.date(), years) for at in (facts.first_at, facts.last_at))
    moved = f"{'later' if years > 0 else 'earlier'} than they happened"
    return (
        f"All dates here are {counted(abs(years), 'year')} {moved}: the incidents are of {first} to {last}. "
        "Days of the week are those of the original dates."
    )


def _original(at: date, years: int) -> str:
    return day(before_shift(at, years))


def _until(facts: Facts) -> str:
    if not facts.last_at:
        return ""
    at = facts.last_at
    time = "" if at.time() == END_OF_DAY else f" at {clock(at.hour, at.minute)}"
    return (
        f"The data end on {day(facts.last_at)}{time}. They hold no date of report, so how "
        "many incidents of the last days are still to be reported is not known."
    )


def _changes(rows: list[dict[str, Any]]) -> tuple[str, tuple[Line, ...], str]:
    """Return what is compared, and the changes by type of crime."""
    chosen: list[dict[str, Any]] = []
    for comparison in (YEAR_TO_DATE, LAST_12_MONTHS, LAST_28_DAYS):
        chosen = [row for row in rows if row["comparison"] == comparison and row["scope"] != "area"]
        if chosen and chosen[0]["verdict"] != TOO_SHORT:
            break
    else:
        reason = "the data hold less than two years, or do not reach back far enough" if rows else ""
        return reason, (), ""
    whole, *types = sorted(chosen, key=lambda row: (row["scope"] != "all", -row["incidents"]))
    types = [row for row in types if row["change"] is not None]
    types.sort(key=lambda row: (row["verdict"] not in (MORE, FEWER), row["name"] not in _SERIOUS))
    compared = (
        f"{day(whole['first_day'])} to {day(whole['last_day'])} against {day(whole['first_day_before'])} to "
        f"{day(whole['last_day_before'])}"
    )
    chance = (
        f"Of {counted(len(types), 'type')} compared, chance alone would mark about "
        f"{number(round(len(types) / 20, 1))} as clear."
    )
    return compared, tuple(_line(row) for row in (whole, *types[:_TYPES])), chance


def _line(row: Mapping[str, Any]) -> Line:
    clear = row["verdict"] in (MORE, FEWER)
    verdict = f"clearly {row['verdict']}" if clear else row["verdict"]
    if row["change"] is None:
        return Line(shown(name_of(row), _NAME), "\u2013", verdict)
    before = f"{count(row['incidents'])} after {count(row['incidents_before'])}"
    return Line(shown(name_of(row), _NAME), change(row["change"]), f"{before}; {verdict}", clear)


def _expected(analyses: Mapping[str, Answer]) -> list[Line]:
    found = []
    if "monthly_forecasts" in analyses:
        rows = [row for row in analyses["monthly_forecasts"].records() if row["months_ahead"] in (1, None)]
        whole = [row for row in rows if row["scope"] == "all"]
        types = sorted(
            (row for row in rows if row["scope"] == "type" and row["expected"] is not None),
            key=lambda row: -row["expected"],
        )
        found += [_month(row) for row in (*whole, *types[:3])]
    for name, what in (("weekly_forecasts", "Week from"), ("daily_forecasts", "Day of")):
        rows = analyses[name].records()[:1] if name in analyses else []
        found += [
            Line(f"{what} {day(row['first_day'])}", count(round(row["expected"])), _sure(row))
            for row in rows
            if row["expected"] is not None
        ]
    return found


def _month(row: Mapping[str, Any]) -> Line:
    name = "All incidents" if row["scope"] == "all" else shown(row["name"], _NAME)
    if row["expected"] is None:
        return Line(name, "\u2013", row["note"] or "no forecast")
    doubt = f"; {row['note']}" if row["note"] else ""
    return Line(f"{name}, {month(row['month'])}", count(round(row["expected"])), f"{_sure(row)}{doubt}")


def _sure(row: Mapping[str, Any]) -> str:
    found = interval(row).strip(" ()") or "no interval yet"
    return f"{found}; past error {percent(row['error'])}" if row["error"] is not None else found
