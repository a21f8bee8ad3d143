"""The part of the page that its filters change: what it starts with, and what its script needs."""

from __future__ import annotations

import json
import math
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.clock import clock
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
from crime_pipelines.report.filter_counts import MEASURES, Counts
from crime_pipelines.report.formatting import NBSP, count, counted, percent, percent_of, shown

#: z of a 95 % interval, as in the answers.
_Z: Final = 1.959963984540054
_NAME: Final = 60
_UNKNOWN_AREA: Final = "Area not known"
#: How to read the charts that the filters change.
KEYS: Final = {
    "months": "Incidents a month; paler: years not chosen; orange: months that the data cover in part.",
    "clock": (
        "Incidents by hour; a wedge\u2019s area is its number. Orange: late at night. Midnight and noon hold "
        "those whose time was not known."
    ),
    "map": (
        "Late at night: per 1,000 residents a year, or incidents where no residents are on file. Choose an "
        "area by a click on it, or above."
    ),
}


@dataclass(frozen=True, slots=True)
class Explorer:
    """The state that the filters start with.

    Attributes:
        years: the years to choose from.
        types: the types to choose from, the most frequent first.
        areas: the areas to choose from, each with its position and name, by name.
        charts: the charts over all incidents, by name.
        payload: what the script needs, as JSON that may stand inside a script element.
        numbers: the numbers over all incidents, by the place that they stand in.
    """

    years: list[int]
    types: list[str]
    areas: list[tuple[int, str]]
    charts: dict[str, Chart]
    payload: str
    numbers: dict[str, str]


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
    types = [shown(name, _NAME) for name in counts.types]
    areas = [
        {
            "area": area,
            "name": shown(rows[area]["name"] or f"Area {area}", _NAME) if area in rows else _UNKNOWN_AREA,
            "residents": rows[area]["residents"] if area in rows else None,
        }
        for area in counts.areas
    ]
    width, data = counts.packed()
    payload = {
        "years": counts.years,
        "types": types,
        "arrests": facts.record.has_arrests,
        "areas": areas,
        "cells": len(counts.keys),
        "columns": counts.keys.shape[1] + MEASURES,
        "width": width,
        "data": data,
        "days": _days(counts.years, facts),
        "z": _Z,
        "late_night": LATE_NIGHT,
        "charts": {
            name: {"narrow": chart.narrow} | ({"wide": chart.wide} if chart.wide else {})
            for name, chart in charts.items()
        },
    }
    # Inside a script element only these could end it, or begin what hides its end.
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    by_name = sorted(((at, str(each["name"])) for at, each in enumerate(areas)), key=lambda each: each[1])
    return Explorer(counts.years, types, by_name, charts, text, _numbers(counts, payload["days"]))


def _numbers(counts: Counts, days: Mapping[str, int]) -> dict[str, str]:
    """Return what the script writes while no filter is chosen, for pages without it."""
    arrests, late = (int(counts.measures[:, at].sum()) for at in (0, 1))
    total = sum(counts.by_hour)
    low, high = (percent(end) for end in _wilson(arrests, total))
    daily = total / days["all"] if days.get("all") else None
    return {
        "words": f"All years, All types, All areas: {counted(total, 'incident')}",
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


def _days(years: list[int], facts: Facts) -> dict[str, int]:
    """Return the days that the data cover, of each year and in all; none where not known."""
    if not facts.first_at or not facts.last_at:
        return {}
    first, last = facts.first_at.date(), facts.last_at.date()
    days = {"all": (last - first).days + 1}
    for year in years:
        begin, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
        days[str(year)] = (end - begin).days + 1
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
    rows: list[dict[str, Any]] = [
        {"month": year * 12 + at, "name": f"{year}-{at + 1:02d}", "incidents": incidents, "chosen": True}
        for year, months in counts.by_month.items()
        for at, incidents in enumerate(months)
    ]
    first, last = _ends(facts, rows)
    rows = [{**row, "whole": _whole(row["month"], facts)} for row in rows if first <= row["month"] <= last]
    label = (
        f"Column chart of incidents by month, {counted(len(rows), 'month')}. "
        "The table of months holds every number."
    )
    return Chart(label, _columns(rows, first, last, NARROW, 170), _columns(rows, first, last, WIDE, 200))


def _ends(facts: Facts, rows: list[dict[str, Any]]) -> tuple[int, int]:
    if facts.first_at and facts.last_at:
        return (
            facts.first_at.year * 12 + facts.first_at.month - 1,
            facts.last_at.year * 12 + facts.last_at.month - 1,
        )
    filled = [row["month"] for row in rows if row["incidents"]] or [0]
    return min(filled), max(filled)


def _whole(month: int, facts: Facts) -> bool:
    """Tell whether the data cover a month from its first day to its last."""
    if not facts.first_at or not facts.last_at:
        return True
    year, of_year = month // 12, month % 12 + 1
    begins, ends = date(year, of_year, 1), date(year, of_year, monthrange(year, of_year)[1])
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
