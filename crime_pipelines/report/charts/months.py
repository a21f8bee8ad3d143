"""The chart of the months."""

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
from crime_pipelines.report.charts.season import season
from crime_pipelines.report.coverage import Cover, Facts, Month
from crime_pipelines.report.formatting import count, short_month
from crime_pipelines.report.tables import TableColumn, row_text

#: Room that the label of an incomplete month takes, in pixels.
_LABEL: Final = 160
#: Below this share of the scale there is no room for a label under a point.
_LOW: Final = 0.15


def monthly(answers: Mapping[str, Answer], facts: Facts, columns: Mapping[str, TableColumn]) -> list[Chart]:
    """Incidents by month, what is incomplete marked as such.

    Args:
        answers: the answers by name.
        facts: what the data cover.
        columns: the columns of the table of `monthly_trend`.

    Returns:
        The months in a row, and where there are years to compare, the last year among the others; none
        without months.
    """
    months = facts.months(answers)
    if not months:
        return []
    parts = [short_month(each.first) for each in months if each.cover in (Cover.CUT, Cover.BEGUN)]
    label = (
        f"Line chart of incidents by month, {short_month(months[0].first)} to {short_month(months[-1].first)}"
        f"{'; incomplete: ' + ', '.join(parts) if parts else ''}. The table below holds every number."
    )
    rows = answers["monthly_trend"].records()
    places = [
        {
            "x": each.ordinal,
            "y": each.incidents,
            "words": row_text(row, columns, "month", ["incidents"], cover_mark(each)),
        }
        for each, row in zip(months, rows, strict=True)
    ]
    charts = [Chart(label, _monthly(months, places, NARROW, 200), _monthly(months, places, WIDE, 240))]
    return charts + season(months)


def cover_mark(month: Month) -> str:
    """Return the remark on a month that the data do not cover whole; empty for one that they do."""
    return "" if month.cover is Cover.FULL else month.cover.value


def _monthly(months: list[Month], places: list[dict[str, Any]], width: int, height: int) -> Spec:
    top = max(each.incidents for each in months) * 1.14 or 1
    x = month_axis([months[0].ordinal, months[-1].ordinal])
    axis = {"tickCount": 4, "tickMinStep": 1, "domain": False, "ticks": False, "format": ",~r", "title": None}
    y = scaled([0, top], axis)
    full = [each for each in months if each.cover is Cover.FULL]
    layers = [layer("rule", [{"at": 0}], {"stroke": "var(--axis)"}, y={"field": "at", **y})]
    layers += _gaps(months, x)
    if full:
        points = [{"x": each.ordinal, "y": each.incidents} for each in full]
        place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
        layers.append(layer("area", points, {"fill": "var(--accent)", "fillOpacity": 0.14}, **place))
        layers.append(layer("line", points, {"stroke": "var(--accent)", "strokeWidth": 2}, **place))
        layers += _extremes(full, top, x, y)
    partial = [each for each in months if each.cover in (Cover.CUT, Cover.BEGUN)]
    for each in partial:
        # Two labels need room between them; the last month's is the one that matters.
        apart = (partial[-1].ordinal - each.ordinal) / len(months) * width
        layers += _incomplete(each, months, each is partial[-1] or apart > 2 * _LABEL, x, y)
    layers.append(spots("point", places, x={"field": "x", **x}, y={"field": "y", **y}))
    return sheet(width, height, Edges(24, 14, 24, gutter(top)), layers)


def _gaps(months: list[Month], x: Spec) -> list[Spec]:
    """Return a band over the months that the data do not cover, which are not months without crime."""
    layers = []
    for gap in (_leading(months), _leading(months[::-1])):
        if gap and len(gap) < len(months):
            band = {"from": min(gap) - 0.5, "to": max(gap) + 0.5, "middle": (min(gap) + max(gap)) / 2}
            style = {"fill": "var(--track)", "fillOpacity": 0.8}
            layers.append(layer("rect", [band], style, x={"field": "from", **x}, x2={"field": "to"}))
            if len(gap) >= 12:
                layers.append(
                    layer(
                        "text",
                        [band],
                        {"text": "no data", "fill": "var(--muted)"},
                        x={"field": "middle", **x},
                        y={"value": {"expr": "height / 2"}},
                    )
                )
    return layers


def _leading(months: list[Month]) -> list[int]:
    found = []
    for each in months:
        if each.cover is not Cover.NONE:
            break
        found.append(each.ordinal)
    return found


def _extremes(full: list[Month], top: float, x: Spec, y: Spec) -> list[Spec]:
    most = max(full, key=lambda each: each.incidents)
    least = min(full, key=lambda each: each.incidents)
    middle = (full[0].ordinal + full[-1].ordinal) / 2
    layers = []
    for each, up in ((most, True), (least, False))[: 1 if most == least else 2]:
        row: dict[str, Any] = {"x": each.ordinal, "y": each.incidents}
        row["text"] = f"{short_month(each.first)}: {count(each.incidents)}"
        place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
        # Leaning towards the middle, so that no label leaves the chart.
        style = {
            "align": "right" if each.ordinal > middle else "left",
            "dy": -11 if up or each.incidents < _LOW * top else 15,
        }
        layers.append(layer("point", [row], {"filled": True, "fill": "var(--accent)", "size": 46}, **place))
        layers.append(layer("text", [row], style, **place, text={"field": "text"}))
    return layers


def _incomplete(each: Month, months: list[Month], labelled: bool, x: Spec, y: Spec) -> list[Spec]:
    late = each.cover is Cover.CUT
    row: dict[str, Any] = {"x": each.ordinal, "y": each.incidents}
    row["text"] = f"{short_month(each.first)}: incomplete" if labelled else ""
    neighbour = each.ordinal + (-1 if late else 1)
    joined = [row] + [
        {"x": other.ordinal, "y": other.incidents}
        for other in months
        if other.ordinal == neighbour and other.cover is Cover.FULL
    ]
    place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}}
    at = {"field": "x", **x}
    above = {
        "align": "right" if late else "left",
        "baseline": "bottom",
        "fill": "var(--warm-text)",
        "dx": 6 if late else -6,
    }
    style = {"stroke": "var(--warm)", "fill": "var(--card)", "filled": True, "strokeWidth": 2, "size": 60}
    dotted = {"stroke": "var(--warm)", "strokeDash": [2, 3], "strokeWidth": 1}
    return [
        layer("rule", [row], dotted, x=at, y={"value": -4}, y2={"value": {"expr": "height"}}),
        layer("line", joined, {"stroke": "var(--warm)", "strokeDash": [4, 3], "strokeWidth": 1.5}, **place),
        layer("point", [row], style, **place),
        layer("text", [row], above, x=at, y={"value": -7}, text={"field": "text"}),
    ]
