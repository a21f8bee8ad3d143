"""The chart of months that follows the filters."""

from __future__ import annotations

from calendar import monthrange
from typing import Any

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
    unit_of,
    unit_text,
)
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.filters.counts import Counts, first_day
from crime_pipelines.report.filters.measures import MEASURES
from crime_pipelines.report.formatting import count, counted


def months_chart(counts: Counts, facts: Facts) -> Chart:
    """Incidents of every month there is.

    Args:
        counts: the counts.
        facts: what the data cover.

    Returns:
        The chart. Its selection's rows have `month` (see `Month.ordinal`), `name`, `value` (of the measure),
        `said` (the same in words), `incidents`, `whole` (whether the data cover all of it and all of it is
        chosen, or none) and `chosen`.
    """
    first = counts.first_month
    rows: list[dict[str, Any]] = [
        {
            "month": ordinal,
            "name": f"{ordinal // 12}-{ordinal % 12 + 1:02d}",
            "value": incidents,
            "said": count(incidents),
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
    begins = first_day(ordinal)
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
    edges = Edges(8, 10, 22, 58)
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
        "domain": False,
        "ticks": False,
        "labelExpr": unit_text("datum.value", axis=True),
        "title": None,
    }
    columns = layer(
        "bar",
        SELECTION,
        {"width": round(max(1.0, 0.82 * plot / (last - first + 1)), 2)},
        x={"field": "month", **scaled([first - 0.5, last + 0.5], axis)},
        y={"field": "value", "type": "quantitative", "axis": y_axis, "stack": None},
        fill=hue,
        tooltip=[
            {"field": "name", "type": "nominal", "title": "Month"},
            {"field": "said", "type": "nominal", "title": "Shown"},
            {"field": "incidents", "type": "quantitative", "format": ",", "title": "Incidents"},
        ],
    )
    return {**sheet(width, height, edges, [columns], rows), **unit_of(MEASURES[0].unit)}
