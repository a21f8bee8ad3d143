"""The chart of the week: incidents by weekday and hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import NARROW, WIDE, WORDS, Chart, Edges, Spec, layer, scaled, sheet
from crime_pipelines.report.formatting import clock, count, number

_DAYS: Final = "Mon Tue Wed Thu Fri Sat Sun"
_ROW: Final = 24


def week(answers: Mapping[str, Answer]) -> list[Chart]:
    """Return the hours of the week, darker where there are more incidents of known time.

    Args:
        answers: the answers by name, `weekday_hours` among them.

    Returns:
        One chart; none without incidents.
    """
    rows = answers["weekday_hours"].records()
    known = {(row["weekday"], row["hour"]): row["incidents"] - row["placeholders"] for row in rows}
    most = max(known.values(), default=0)
    if not most:
        return []
    (day, hour) = max(known, key=lambda place: known[place])
    label = (
        f"Incidents of known time by weekday and hour: most on {_DAYS.split()[day - 1]} at {clock(hour)} "
        f"({number(known[day, hour])}). The table below holds every number."
    )
    cells = [
        {
            "left": at_hour + 0.03,
            "right": at_hour + 0.97,
            "top": at_day + 0.04,
            "bottom": at_day + 0.96,
            "shade": 0.06 + 0.94 * incidents / most,
            "words": f"{row['weekday_name']} {clock(at_hour)}\nIncidents of known time: {count(incidents)}",
        }
        for ((at_day, at_hour), incidents), row in zip(known.items(), rows, strict=True)
    ]
    return [Chart(label, _week(cells, NARROW), _week(cells, WIDE), columns=24)]


def _week(cells: list[dict[str, Any]], width: int) -> Spec:
    step = 3 if width == WIDE else 6
    hours = list(range(0, 24, step))
    x_axis = {
        "values": hours,
        "labelExpr": f"{[clock(hour) for hour in hours]!r}[datum.value / {step}]",
        "grid": False,
        "title": None,
    }
    y_axis = {
        "values": [at + 0.5 for at in range(1, 8)],
        "labelExpr": f"{_DAYS.split()!r}[floor(datum.value) - 1]",
        "grid": False,
        "ticks": False,
        "domain": False,
        "title": None,
    }
    x, y = scaled([0, 24], x_axis), scaled([8, 1], y_axis)
    shade = {
        "field": "shade",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": [0, 1]},
        "legend": None,
    }
    marks = layer(
        "rect",
        cells,
        {"fill": "var(--accent)"},
        x={"field": "left", **x},
        x2={"field": "right"},
        y={"field": "top", **y},
        y2={"field": "bottom"},
        fillOpacity=shade,
        description=WORDS,
    )
    return sheet(width, 7 * _ROW, Edges(6, 14, 24, 40), [marks])
