"""The charts of the trend: the change a year, and the months that it comes from."""

from __future__ import annotations

import calendar
import math
from collections.abc import Mapping
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import (
    NARROW,
    WIDE,
    Chart,
    Edges,
    Spec,
    gutter,
    layer,
    month_axis,
    scaled,
    sheet,
    spots,
)
from crime_pipelines.report.coverage import Facts, Month
from crime_pipelines.report.formatting import NBSP, change, count, month, number, percent_sign
from crime_pipelines.report.tables import TableColumn, row_text

#: A change's axis ends here, whatever the interval: ten times as many a year.
_LARGEST_CHANGE: Final = 10.0


def trend(answers: Mapping[str, Answer], facts: Facts, columns: Mapping[str, TableColumn]) -> list[Chart]:
    """Return the change a year with its interval, and the months that it comes from.

    Args:
        answers: the answers by name.
        facts: what the data cover.
        columns: the columns of the table of `crime_trend`.

    Returns:
        Two charts; only the months where the change is not defined, and none without months.
    """
    (row,) = answers["crime_trend"].records()
    charts = []
    if row["change_per_year"] is not None:
        low, high = change(row["change_low"]), change(row["change_high"])
        label = (
            f"Change a year {change(row['change_per_year'])}, 95{NBSP}% interval {low} to {high}, "
            "beside the line of no change."
        )
        words = row_text(
            row, columns, "direction", ["change_per_year", "change_low", "change_high", "p_value"]
        )
        charts.append(Chart(label, _interval(row, words, NARROW), _interval(row, words, WIDE)))
    months = [
        each
        for each in facts.months(answers)
        if row["months"] and row["first_month"] <= each.first <= row["last_month"]
    ]
    if len(months) > 1:
        label = (
            f"Incidents per day in each of {len(months)} complete months"
            f"{', with the change a year as a line and its interval as a band' if charts else ''}."
        )
        charts.append(Chart(label, _days(months, row, NARROW, 190), _days(months, row, WIDE, 230)))
    return charts


def _interval(row: Mapping[str, Any], words: str, width: int) -> Spec:
    low, middle, high = (
        min(row[name], _LARGEST_CHANGE) for name in ("change_low", "change_per_year", "change_high")
    )
    reach = max(abs(low), abs(high), 0.01) * 1.25
    axis = {
        "tickCount": 5 if width == WIDE else 3,
        "grid": True,
        "domain": False,
        "ticks": False,
        "title": None,
        "labelExpr": f"(datum.value ? format(datum.value * 100, '+,.4~r') : '0') + '{percent_sign()}'",
    }
    x = scaled([-reach, reach], axis)
    hue = "var(--accent)"
    end = {"low": low, "middle": middle, "high": high, "zero": 0, "words": words}
    at = {"value": 36}
    # Away from the edge that the change is near.
    align = "right" if middle > 0.4 * reach else "left" if middle < -0.4 * reach else "center"
    text = {"align": align, "baseline": "bottom", "fontWeight": "bold", "fontSize": 14}
    layers = [
        layer(
            "rule",
            [end],
            {"stroke": "var(--ink)", "strokeWidth": 1.5},
            x={"field": "zero", **x},
            y={"value": 27},
            y2={"value": 54},
        ),
        layer(
            "rule",
            [end],
            {"stroke": hue, "strokeWidth": 6, "strokeOpacity": 0.45, "strokeCap": "round"},
            x={"field": "low", **x},
            x2={"field": "high"},
            y=at,
        ),
        layer("point", [end], {"filled": True, "fill": hue, "size": 130}, x={"field": "middle", **x}, y=at),
        layer(
            "text",
            [end],
            {**text, "text": f"{change(row['change_per_year'])} a year"},
            x={"field": "middle", **x},
            y={"value": 24},
        ),
    ]
    for side, direction in (("left", "\u2190 fewer each year"), ("right", "more each year \u2192")):
        style = {"align": side, "text": direction, "fill": "var(--muted)", "baseline": "bottom"}
        layers.append(
            layer(
                "text",
                [end],
                style,
                x={"value": 0 if side == "left" else {"expr": "width"}},
                y={"value": -6},
            )
        )
    layers.append(spots("point", [end], x={"field": "middle", **x}, y=at))
    return sheet(width, 54, Edges(22, 26, 24, 26), layers)


def _days(months: list[Month], row: Mapping[str, Any], width: int, height: int) -> Spec:
    points: list[dict[str, Any]] = []
    for each in months:
        daily = each.incidents / calendar.monthrange(each.first.year, each.first.month)[1]
        words = f"{month(each.first)}\nIncidents per day: {number(daily)}\nIncidents: {count(each.incidents)}"
        points.append({"x": each.ordinal, "y": daily, "words": words})
    least, most = min(each["y"] for each in points), max(each["y"] for each in points)
    room = (most - least or most or 1) * 0.12
    bottom, top = max(0.0, least - room), most + room
    x = month_axis([months[0].ordinal, months[-1].ordinal])
    axis = {"tickCount": 4, "domain": False, "ticks": False, "format": ",.3~r", "title": None}
    y = scaled([bottom, top], axis)
    place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
    layers = []
    if row["change_per_year"] is not None:
        fan = _fan(points, row, bottom, top)
        style = {"fill": "var(--accent)", "fillOpacity": 0.16}
        layers.append(layer("area", fan, style, x=place["x"], y={"field": "low", **y}, y2={"field": "high"}))
        layers.append(
            layer(
                "line",
                fan,
                {"stroke": "var(--accent)", "strokeWidth": 2},
                x=place["x"],
                y={"field": "fit", **y},
            )
        )
    layers.append(layer("point", points, {"filled": True, "fill": "var(--warm)", "size": 30}, **place))
    title = {"text": "incidents per day", "align": "left", "baseline": "bottom", "fill": "var(--muted)"}
    layers.append(spots("point", points, **place))
    left = gutter(top) + (8 if top < 10 else 0)
    layers.append(layer("text", [{}], title, x={"value": 4 - left}, y={"value": -8}))
    return sheet(width, height, Edges(26, 14, 24, left), layers)


def _fan(
    points: list[dict[str, Any]], row: Mapping[str, Any], bottom: float, top: float
) -> list[dict[str, Any]]:
    """Return the line of the yearly change through the middle of the months, and its interval about it.

    The answer holds changes, no level: the level is that of the months' mean logarithm.
    """
    level = sum(math.log(each["y"] + 1 / 60) for each in points) / len(points)
    middle = sum(each["x"] for each in points) / len(points)

    def at(each: Mapping[str, float], name: str) -> float:
        # -100 % a year has no logarithm; the plot ends long before either of these does.
        slope = math.log1p(max(row[name], -0.999999))
        exponent = level + slope * (each["x"] - middle) / 12
        return math.exp(min(exponent, 700.0))

    fan = []
    for each in points:
        ends = sorted(min(max(at(each, name), bottom), top) for name in ("change_low", "change_high"))
        fit = at(each, "change_per_year")
        # The line ends where it leaves the plot.
        inside = fit if bottom <= fit <= top else None
        fan.append({"x": each["x"], "fit": inside, "low": ends[0], "high": ends[1]})
    return fan
