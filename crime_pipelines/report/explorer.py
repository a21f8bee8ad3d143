"""The part of the page that its filters change: what it starts with, and what its script needs."""

from __future__ import annotations

import json
import math
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.clock import clock, clock_rows
from crime_pipelines.report.charts.draw import (
    NARROW,
    SELECTION,
    WIDE,
    Chart,
    Edges,
    Spec,
    layer,
    scaled,
    sheet,
)
from crime_pipelines.report.charts.hexagons import Rings
from crime_pipelines.report.charts.map import area_map
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.filter_counts import Counts
from crime_pipelines.report.formatting import NBSP, count, counted, month, percent, percent_of, shown

#: z of a 95 % interval, as in the answers.
_Z: Final = 1.959963984540054
_NAME: Final = 60
_UNKNOWN_AREA: Final = "Area not known"
_UNKNOWN_DISTRICT: Final = "District not known"
#: How to read the charts that the filters change.
KEYS: Final = {
    "months": "Incidents a month; paler: months not chosen; orange: months that the data cover in part.",
    "clock": (
        "Incidents by hour; a wedge\u2019s area is its number. Orange: late at night. Midnight and noon hold "
        "those whose time was not known."
    ),
    "map": (
        "Late at night: per 1,000 residents a year, or incidents where no residents are on file. Choose "
        "areas by a click on them, or above."
    ),
}


@dataclass(frozen=True, slots=True)
class Explorer:
    """The state that the filters start with.

    Attributes:
        choices: the filters of which several values can be chosen.
        months: the months to choose from, each with its place from the first one, by year.
        charts: the charts over all incidents, by name.
        payload: what the script needs, as JSON that may stand inside a script element.
        numbers: the numbers over all incidents, by the place that they stand in.
    """

    choices: tuple[Choice, ...]
    months: dict[int, list[tuple[int, str]]]
    charts: dict[str, Chart]
    payload: str
    numbers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter of which several values can be chosen.

    Attributes:
        name: its name in the page's script and address.
        label: its heading.
        every: what it says while nothing is chosen.
        options: the values, each with its position and name, in the order of the list.
    """

    name: str
    label: str
    every: str
    options: list[tuple[int, str]]


def explorer(
    answers: Mapping[str, Answer], counts: Counts, facts: Facts, shapes: Mapping[int, Rings]
) -> Explorer:
    """Put together what the filters need.

    Args:
        answers: the answers by name.
        counts: the counts that the filters add up.
        facts: what the data cover.
        shapes: the areas' outlines; none for no map.

    Returns:
        The explorer.
    """
    rows = {row["area"]: row for row in answers["safest_areas"].records()}
    charts = {"months": months_chart(counts, facts), "clock": clock(counts.by_hour)}
    if shapes:
        charts["map"] = area_map(answers, facts, shapes, named=False)
    areas = [
        {
            "area": area,
            "name": shown(rows[area]["name"] or f"Area {area}", _NAME) if area in rows else _UNKNOWN_AREA,
            "residents": rows[area]["residents"] if area in rows else None,
        }
        for area in counts.areas
    ]
    choices = _choices(counts, [str(each["name"]) for each in areas])
    width, data = counts.packed()
    days = _days(counts, facts)
    payload = {
        "types": [name for _, name in choices[0].options],
        "districts": [_UNKNOWN_DISTRICT if name is None else name for name in counts.districts],
        "arrests": facts.record.has_arrests,
        "areas": areas,
        "first_month": counts.first_month,
        "months": counts.months,
        "groups": len(counts.groups),
        "cells": len(counts.cells),
        "width": width,
        "data": data,
        "days": days,
        "z": _Z,
        "late_night": LATE_NIGHT,
        "late_hours": [row["late"] for row in clock_rows(counts.by_hour)],
        "charts": {
            name: {"narrow": chart.narrow} | ({"wide": chart.wide} if chart.wide else {})
            for name, chart in charts.items()
        },
    }
    # Inside a script element only these could end it, or begin what hides its end.
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return Explorer(choices, _months(counts), charts, text, _numbers(counts, choices, days))


def _choices(counts: Counts, areas: list[str]) -> tuple[Choice, ...]:
    """Return the filters; no districts where the data know none."""
    types = [shown(name, _NAME) for name in counts.types]
    districts = [_UNKNOWN_DISTRICT if name is None else shown(name, _NAME) for name in counts.districts]
    choices = (
        Choice("type", "Type of crime", "All types", list(enumerate(types))),
        Choice("area", "Area", "All areas", sorted(enumerate(areas), key=lambda each: each[1])),
        Choice("district", "District", "All districts", list(enumerate(districts))),
    )
    return choices if any(counts.districts) else choices[:-1]


def _months(counts: Counts) -> dict[int, list[tuple[int, str]]]:
    months: dict[int, list[tuple[int, str]]] = {}
    for at in range(counts.months):
        first = _first_day(counts.first_month + at)
        months.setdefault(first.year, []).append((at, month(first)))
    return months


def _first_day(ordinal: int) -> date:
    return date(ordinal // 12, ordinal % 12 + 1, 1)


def _numbers(counts: Counts, choices: Sequence[Choice], days: list[int]) -> dict[str, str]:
    """Return what the script writes while no filter is chosen, for pages without it."""
    hours = counts.by_hour
    total, arrests = sum(hours), counts.arrests
    late = sum(row["incidents"] for row in clock_rows(hours) if row["late"])
    low, high = (percent(end) for end in _wilson(arrests, total))
    daily = total / sum(days) if days else None
    ends = [month(_first_day(counts.first_month + at)) for at in (0, counts.months - 1)]
    period = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return {
        "words": f"{'; '.join([*(each.every for each in choices), period])}: {counted(total, 'incident')}",
        "incidents": count(total),
        "incidents-note": f"{percent_of(total, total)} of all",
        "arrests": percent_of(arrests, total),
        "arrests-note": f"{count(arrests)} with an arrest; 95{NBSP}% interval {low} to {high}",
        "late": percent_of(late, total),
        "late-note": f"{count(late)} in the hours {LATE_NIGHT}",
        "daily": "\u2013" if daily is None else f"{daily:.{2 if daily < 10 else 1}f}",
    }


def _wilson(part: int, whole: int) -> tuple[float, float]:
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, _Z * _Z
    middle = share + square / (2 * whole)
    reach = _Z * math.sqrt((share * (1 - share) + square / (4 * whole)) / whole)
    under = 1 + square / whole
    return max(0.0, (middle - reach) / under), min(1.0, (middle + reach) / under)


def _days(counts: Counts, facts: Facts) -> list[int]:
    """Return the days of each month that the data cover; none where that is not known."""
    if not facts.first_at or not facts.last_at:
        return []
    first, last = facts.first_at.date(), facts.last_at.date()
    days = []
    for at in range(counts.months):
        begins = _first_day(counts.first_month + at)
        ends = begins.replace(day=monthrange(begins.year, begins.month)[1])
        days.append(max(0, (min(last, ends) - max(first, begins)).days + 1))
    return days


def months_chart(counts: Counts, facts: Facts) -> Chart:
    """Incidents of every month there is.

    Args:
        counts: the counts.
        facts: what the data cover.

    Returns:
        The chart. Its selection's rows have `month` (see `Month.ordinal`), `name`, `incidents`, `whole`
        (whether the data cover all of it) and `chosen`.
    """
    first = counts.first_month
    rows: list[dict[str, Any]] = [
        {
            "month": ordinal,
            "name": f"{ordinal // 12}-{ordinal % 12 + 1:02d}",
            "incidents": incidents,
            "chosen": True,
            "whole": _whole(ordinal, facts),
        }
        for ordinal, incidents in enumerate(counts.by_month, first)
    ]
    last = first + counts.months - 1
    label = (
        f"Column chart of incidents by month, {counted(len(rows), 'month')}. "
        "The table of months holds every number."
    )
    return Chart(label, _columns(rows, first, last, NARROW, 170), _columns(rows, first, last, WIDE, 200))


def _whole(ordinal: int, facts: Facts) -> bool:
    """Tell whether the data cover a month from its first day to its last."""
    if not facts.first_at or not facts.last_at:
        return True
    begins = _first_day(ordinal)
    ends = begins.replace(day=monthrange(begins.year, begins.month)[1])
    return facts.first_at.date() <= begins and ends <= facts.last_at.date()


def _columns(rows: list[dict[str, Any]], first: int, last: int, width: int, height: int) -> Spec:
    years = [at for at in range(first, last + 1) if at % 12 == 0] or [first]
    step = max(1, round(len(years) / (12 if width == WIDE else 5)))
    axis = {
        "values": years[::step],
        "labelExpr": "format(floor(datum.value / 12), 'd')",
        "grid": False,
        "title": None,
        "labelFlush": True,
    }
    edges = Edges(8, 10, 22, 52)
    plot = width - edges.left - edges.right
    hue = {
        "condition": [
            {"test": "!datum.chosen", "value": "var(--pale)"},
            {"test": "!datum.whole", "value": "var(--warm)"},
        ],
        "value": "var(--accent)",
    }
    y_axis = {
        "tickCount": 4,
        "tickMinStep": 1,
        "domain": False,
        "ticks": False,
        "format": ",~r",
        "title": None,
    }
    columns = layer(
        "bar",
        SELECTION,
        {"width": round(max(1.0, 0.82 * plot / (last - first + 1)), 2)},
        x={"field": "month", **scaled([first - 0.5, last + 0.5], axis)},
        y={"field": "incidents", "type": "quantitative", "axis": y_axis, "stack": None},
        fill=hue,
        tooltip=[
            {"field": "name", "type": "nominal", "title": "Month"},
            {"field": "incidents", "type": "quantitative", "format": ",", "title": "Incidents"},
        ],
    )
    return sheet(width, height, edges, [columns], rows)
