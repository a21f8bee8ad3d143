"""The clock: incidents by hour of the day, the late-night hours told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from crime_pipelines.domain.night import END_HOUR, LATE_NIGHT, START_HOUR, is_late_night
from crime_pipelines.report.charts.draw import NARROW, SELECTION, Chart, Edges, Spec, layer, sheet
from crime_pipelines.report.formatting import clock as clock_time
from crime_pipelines.report.formatting import count, has_am_pm, hour_mark, percent

_SIZE: Final = 300
_INNER: Final = 34
_OUTER: Final = 122
#: Hours that are named around the clock.
_NAMED: Final = (0, 3, 6, 9, 12, 15, 18, 21)
_GAP: Final = 0.012  # between two hours, in radians


def clock(hours: Sequence[int]) -> Chart:
    """Incidents by hour.

    Args:
        hours: incidents of each hour of the day, 24 of them.

    Returns:
        The chart. Its selection's rows are those of `clock_rows`.
    """
    rows = clock_rows(hours)
    total, late = sum(hours), sum(row["incidents"] for row in rows if row["late"])
    most = max(rows, key=lambda row: row["incidents"])
    label = (
        f"Incidents by hour of the day, as a clock of 24 hours. Late at night ({LATE_NIGHT}), "
        f"{count(late)} of {count(total)} ({percent(late / total if total else 0)}). "
        f"Most in the hour from {most['hour']}: {count(most['incidents'])}."
    )
    return Chart(label, _spec(rows), title="When")


def clock_rows(hours: Sequence[int]) -> list[dict[str, Any]]:
    """Return the rows of the clock's chart.

    Args:
        hours: incidents of each hour of the day.

    Returns:
        A row for each hour: `incidents`, `hour` as text, `late`, and the angles `from` and `to` in radians.
    """
    turn = 2 * math.pi / len(hours)
    return [
        {
            "at": at,
            "hour": clock_time(at),
            "incidents": incidents,
            "late": is_late_night(datetime(2000, 1, 1, at)),
            "from": round(at * turn + _GAP, 4),
            "to": round((at + 1) * turn - _GAP, 4),
        }
        for at, incidents in enumerate(hours)
    ]


def _spec(rows: list[dict[str, Any]]) -> Spec:
    def angle(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "scale": None}

    hue = {"condition": {"test": "datum.late", "value": "var(--warm)"}, "value": "var(--accent)"}
    wedges = layer(
        "arc",
        SELECTION,
        {"innerRadius": _INNER},
        theta={**angle("from"), "stack": None},
        theta2={"field": "to"},
        radius={"field": "reach", "type": "quantitative", "stack": None, "scale": None},
        fill=hue,
        tooltip=[
            {"field": "hour", "type": "nominal", "title": "Hour from"},
            {"field": "incidents", "type": "quantitative", "format": ",", "title": "Incidents"},
        ],
    )
    # The eye reads areas, so a wedge's area, not its length, is in proportion to its incidents.
    grown = f"{_OUTER**2 - _INNER**2} * datum.incidents / max(datum.most, 1)"
    wedges["transform"] = [
        {"joinaggregate": [{"op": "max", "field": "incidents", "as": "most"}]},
        {"calculate": f"sqrt({_INNER**2} + {grown})", "as": "reach"},
    ]

    def pixel(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "scale": None, "axis": None}

    ring = layer(
        "arc",
        [{"from": 0.0, "to": round(2 * math.pi, 4)}],
        {"innerRadius": _OUTER + 2, "outerRadius": _OUTER + 3, "fill": "var(--grid)"},
        theta={**angle("from"), "stack": None},
        theta2={"field": "to"},
    )
    texts = [
        layer(
            "text",
            named,
            {"baseline": "middle", "align": align},
            x=pixel("x"),
            y=pixel("y"),
            text={"field": "text", "type": "nominal"},
            color={"condition": {"test": "datum.late", "value": "var(--warm-text)"}, "value": "var(--muted)"},
        )
        for align, named in _names().items()
    ]
    return sheet(NARROW, _SIZE, Edges(0, 0, 0, 0), [wedges, ring, *texts], rows)


def _names() -> dict[str, list[Spec]]:
    """Return the hours around the clock with their places, by the way in which their texts are aligned."""
    names: dict[str, list[Spec]] = {}
    for hour in _NAMED:
        x, y = math.sin(2 * math.pi * hour / 24), math.cos(2 * math.pi * hour / 24)
        reach, align = _OUTER + 15.0, "center"
        if has_am_pm() and abs(x) > 0.1:  # longer texts begin, or end, at the ring
            reach = _OUTER + (6 if abs(y) < 0.1 else 11)
            align = "left" if x > 0 else "right"
        names.setdefault(align, []).append(
            {
                "x": NARROW / 2 + reach * x,
                "y": _SIZE / 2 - reach * y,
                "text": hour_mark(hour),
                "late": hour >= START_HOUR or hour <= END_HOUR,
            }
        )
    return names
