"""The chart of the next months: what was, what is to be expected, and how far it may be off."""

from __future__ import annotations

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
from crime_pipelines.report.coverage import Cover, Facts
from crime_pipelines.report.formatting import count, month, short_month
from crime_pipelines.report.tables import TableColumn, row_text

#: So many past months stand before the forecast.
_PAST: Final = 36
#: The columns that a month ahead has words for.
_TOLD: Final = ("expected", "low_80", "high_80", "low_95", "high_95")


def forecast(answers: Mapping[str, Answer], facts: Facts, columns: Mapping[str, TableColumn]) -> list[Chart]:
    """Return the forecast of all incidents behind the months before it.

    Args:
        answers: the answers by name, `monthly_forecasts` among them.
        facts: what the data cover.
        columns: the columns of the table of `monthly_forecasts`.

    Returns:
        One chart; none without a forecast.
    """
    rows = [row for row in answers["monthly_forecasts"].records() if row["scope"] == "all"]
    if not rows or rows[0]["expected"] is None:
        return []
    past = [
        {
            "x": each.ordinal,
            "y": each.incidents,
            "words": f"{month(each.first)}\nIncidents: {count(each.incidents)}",
        }
        for each in facts.months(answers)
        if each.cover is Cover.FULL and each.first < rows[0]["month"]
    ][-_PAST:]
    ahead = [
        {
            "x": row["month"].year * 12 + row["month"].month - 1,
            "words": row_text(row, columns, "month", _TOLD),
            **row,
        }
        for row in rows
    ]
    label = (
        f"Forecast of all incidents by month, {short_month(rows[0]['month'])} "
        f"({count(round(rows[0]['expected']))}) to {short_month(rows[-1]['month'])} "
        f"({count(round(rows[-1]['expected']))}), with bands for its intervals. "
        "The table below holds every number."
    )
    return [Chart(label, _forecast(past, ahead, NARROW, 200), _forecast(past, ahead, WIDE, 240))]


def _forecast(past: list[dict[str, Any]], ahead: list[dict[str, Any]], width: int, height: int) -> Spec:
    known = [row for row in ahead if row["high_95"] is not None]
    numbers = [row["y"] for row in past] + [row["expected"] for row in ahead]
    top = max([*numbers, *(row["high_95"] for row in known)]) * 1.1 or 1
    x = month_axis([past[0]["x"] if past else ahead[0]["x"], ahead[-1]["x"]])
    axis = {"tickCount": 4, "tickMinStep": 1, "domain": False, "ticks": False, "format": ",~r", "title": None}
    y = scaled([0, top], axis)
    place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
    middles = [*past[-1:], *({"x": row["x"], "y": row["expected"]} for row in ahead)]
    layers = [layer("rule", [{"at": 0}], {"stroke": "var(--axis)"}, y={"field": "at", **y})]
    for level, opacity in ((95, 0.16), (80, 0.22)):
        band = [{"x": row["x"], "low": row[f"low_{level}"], "high": row[f"high_{level}"]} for row in known]
        if band:
            style = {"fill": "var(--warm)", "fillOpacity": opacity}
            layers.append(
                layer("area", band, style, x=place["x"], y={"field": "low", **y}, y2={"field": "high"})
            )
    if past:
        layers.append(layer("line", past, {"stroke": "var(--accent)", "strokeWidth": 2}, **place))
    layers.append(
        layer("line", middles, {"stroke": "var(--warm)", "strokeWidth": 2, "strokeDash": [5, 3]}, **place)
    )
    named = [*past, *({"x": row["x"], "y": row["expected"], "words": row["words"]} for row in ahead)]
    layers.append(spots("point", named, **place))
    return sheet(width, height, Edges(8, 14, 24, gutter(top)), layers)
