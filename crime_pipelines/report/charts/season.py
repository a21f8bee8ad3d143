"""The chart of the seasons: the latest year among the ones before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from crime_pipelines.report.charts.draw import (
    NARROW,
    WIDE,
    Chart,
    Edges,
    Spec,
    gutter,
    layer,
    scaled,
    sheet,
    spots,
)
from crime_pipelines.report.coverage import Cover, Month
from crime_pipelines.report.formatting import count, month, short_month

_MONTHS: Final = "JFMAMJJASOND"
_LONG: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


def season(months: Sequence[Month]) -> list[Chart]:
    """Return the latest year's complete months, on the range of the years before it.

    Args:
        months: the months of `monthly_trend`.

    Returns:
        One chart; none without a complete month in the latest year, or without two years before it.
    """
    full = [each for each in months if each.cover is Cover.FULL]
    if not full:
        return []
    year = full[-1].first.year
    latest = [each for each in full if each.first.year == year]
    ranges = []
    for number in range(1, 13):
        before = [each.incidents for each in full if each.first.month == number and each.first.year < year]
        if len(before) >= 2:
            ranges.append(
                {
                    "x": number,
                    "low": min(before),
                    "high": max(before),
                    "mean": sum(before) / len(before),
                }
            )
    if len(ranges) < 12:
        return []
    first = min(each.first.year for each in full)
    above = [each for each in latest if each.incidents > ranges[each.first.month - 1]["high"]]
    below = [each for each in latest if each.incidents < ranges[each.first.month - 1]["low"]]
    label = (
        f"The seasons: {year} month by month, beside the range and mean of {first} to {year - 1}. "
        f"Above that range: {_named(above)}; below it: {_named(below)}. The table below holds every number."
    )
    title = f"{year} beside the range and mean of the years before"
    places = _places(latest, ranges, first, year)
    return [
        Chart(
            label,
            _season(latest, ranges, places, NARROW, 170),
            _season(latest, ranges, places, WIDE, 200),
            title=title,
        )
    ]


def _places(
    latest: Sequence[Month], ranges: Sequence[dict[str, Any]], first: int, year: int
) -> list[dict[str, Any]]:
    """Return a place for each month of the year: its incidents, or the mean where they are still to come."""
    years = f"{first} to {year - 1}"
    own = {each.first.month: each for each in latest}
    places = []
    for each in ranges:
        now = own.get(each["x"])
        lines = [
            month(date(year, each["x"], 1)),
            *([f"Incidents: {count(now.incidents)}"] if now else []),
            f"Mean of {years}: {count(round(each['mean']))}",
            f"Range of {years}: {count(each['low'])} to {count(each['high'])}",
        ]
        places.append(
            {"x": each["x"], "y": now.incidents if now else each["mean"], "words": "\n".join(lines)}
        )
    return places


def _named(months: Sequence[Month]) -> str:
    return ", ".join(f"{short_month(each.first)} ({count(each.incidents)})" for each in months) or "none"


def _season(
    latest: Sequence[Month],
    ranges: list[dict[str, Any]],
    places: list[dict[str, Any]],
    width: int,
    height: int,
) -> Spec:
    numbers = [each["high"] for each in ranges] + [each.incidents for each in latest]
    lowest = min([each["low"] for each in ranges] + [each.incidents for each in latest])
    room = (max(numbers) - lowest or 1) * 0.15
    bottom, top = max(0.0, lowest - room), max(numbers) + room
    names = _LONG.split() if width == WIDE else list(_MONTHS)
    axis = {
        "values": list(range(1, 13)),
        "labelExpr": f"{names!r}[datum.value - 1]",
        "grid": False,
        "title": None,
    }
    x = scaled([0.6, 12.4], axis)
    y = scaled(
        [bottom, top],
        {"tickCount": 4, "domain": False, "ticks": False, "format": ",~r", "title": None, "tickMinStep": 1},
    )
    place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
    own = [{"x": each.first.month, "y": each.incidents} for each in latest]
    band = {"fill": "var(--axis)", "fillOpacity": 0.22}
    mean = {"stroke": "var(--axis)", "strokeDash": [5, 3], "strokeWidth": 1.5}
    end = {**own[-1], "text": str(latest[-1].first.year)}
    left = own[-1]["x"] > 10
    return sheet(
        width,
        height,
        Edges(8, 14, 24, gutter(top)),
        [
            layer("area", ranges, band, x=place["x"], y={"field": "low", **y}, y2={"field": "high"}),
            layer("line", ranges, mean, x=place["x"], y={"field": "mean", **y}),
            layer("line", own, {"stroke": "var(--accent)", "strokeWidth": 2.5}, **place),
            layer("point", own, {"filled": True, "fill": "var(--accent)", "size": 34}, **place),
            layer(
                "text",
                [end],
                {
                    "align": "right" if left else "left",
                    "dx": -4 if left else 8,
                    "dy": -12 if left else 0,
                    "fontWeight": "bold",
                    "fill": "var(--link)",
                },
                **place,
                text={"field": "text"},
            ),
            spots("point", places, **place),
        ],
    )
