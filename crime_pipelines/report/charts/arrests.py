"""The chart of the arrest rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import (
    NARROW,
    STEP,
    WIDE,
    Chart,
    Edges,
    Spec,
    layer,
    scaled,
    sheet,
    spots,
)
from crime_pipelines.report.coverage import SMALL_NUMBER
from crime_pipelines.report.formatting import count, percent, percent_sign, shown
from crime_pipelines.report.tables import TableColumn, row_text

#: How many types are drawn at most. The table holds all.
TYPES: Final = 40
_READ_OUT: Final = 10
_NAME: Final = 31  # characters that fit beside a number on a phone
_SMALL_NAME: Final = 24  # the same beside a rate and its number of incidents
_WIDE_NAME: Final = 34
_WIDE_STEP: Final = 24
#: The columns that a mark has words for.
_TOLD: Final = ("arrest_rate", "rate_low", "rate_high", "arrests", "incidents")
_ALL: Final = "The table below holds every number."


def arrests(answers: Mapping[str, Answer], columns: Mapping[str, TableColumn]) -> list[Chart]:
    """Arrest rates with their intervals, small numbers hollow, and the rate over all types as a line.

    Args:
        answers: the answers by name.
        columns: the columns of the table of `arrest_rates`.

    Returns:
        One chart, or none without types.
    """
    found = answers["arrest_rates"].records()
    if not found:
        return []
    overall = sum(row["arrests"] for row in found) / sum(row["incidents"] for row in found)
    drawn = found[:TYPES]
    rows = [
        {
            "name": shown(row["primary_type"], _WIDE_NAME),
            "low": row["rate_low"],
            "rate": row["arrest_rate"],
            "high": row["rate_high"],
            "number": percent(row["arrest_rate"]),
            "of": f"of {count(row['incidents'])}",
            "small": row["incidents"] < SMALL_NUMBER,
            "words": row_text(row, columns, "primary_type", _TOLD, small_mark(row)),
        }
        for row in drawn
    ]
    told = "; ".join(f"{row['name']}, {row['number']} {row['of']}" for row in rows[:_READ_OUT])
    first = ", the first ten" if len(rows) > _READ_OUT else ""
    label = (
        f"Arrest rates with 95\u00a0% intervals by type of crime{first}: {told}. "
        f"Over all types {percent(overall)}. {_ALL}"
    )
    return [Chart(label, _whiskers(rows, overall, NARROW), _whiskers(rows, overall, WIDE))]


def small_mark(row: Mapping[str, Any]) -> str:
    """Return the remark on a rate of few incidents; empty for others."""
    return "small number" if row["incidents"] < SMALL_NUMBER else ""


def _whiskers(rows: Sequence[Mapping[str, Any]], overall: float, width: int) -> Spec:
    wide = width == WIDE
    placed = [
        {
            **row,
            "y": at + (0.5 if wide else 0.74),
            "text": at + (0.5 if wide else 0.4),
            "begin": at,
            "end": at + 1,
        }
        for at, row in enumerate(rows)
    ]
    height = (_WIDE_STEP if wide else STEP) * len(rows)
    axis = {
        "values": [0, 0.25, 0.5, 0.75, 1],
        "labelExpr": f"format(datum.value * 100, 'd') + '{percent_sign()}'",
        "domain": False,
        "ticks": False,
        "title": None,
        "labelFlush": not wide,
    }
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": axis}
    y, line = ({"field": name, **scaled([len(rows), 0])} for name in ("y", "text"))
    point = {"filled": True, "size": 62, "strokeWidth": 2, "stroke": "var(--accent)"}
    middle = {"baseline": "middle"}
    layers = [
        layer(
            "rule",
            [{"at": overall}],
            {"stroke": "var(--warm)", "strokeDash": [4, 3], "strokeWidth": 1.5},
            x={"field": "at", **x},
            y={"value": -4},
            y2={"value": height},
        ),
        layer(
            "text",
            [{"at": overall, "text": f"all types {percent(overall)}"}],
            {
                "align": "right" if overall > 0.5 else "left",
                "fill": "var(--warm-text)",
                "baseline": "bottom",
                "dx": -3,
            },
            x={"field": "at", **x},
            y={"value": -6},
            text={"field": "text"},
        ),
        layer(
            "rule",
            placed,
            {"stroke": "var(--accent)", "strokeWidth": 5, "strokeOpacity": 0.4},
            x={"field": "low", **x},
            x2={"field": "high"},
            y=y,
        ),
    ]
    for small, fill in ((False, "var(--accent)"), (True, "var(--card)")):
        chosen = [row for row in placed if row["small"] is small]
        if chosen:
            layers.append(layer("point", chosen, {**point, "fill": fill}, x={"field": "rate", **x}, y=y))
    if wide:
        edges = Edges(24, 150, 24, 290)
        texts: tuple[tuple[str, Any, str, bool], ...] = (
            ("name", -14, "right", False),
            ("number", {"expr": "width + 72"}, "right", True),
            ("of", {"expr": "width + 78"}, "left", False),
        )
    else:
        edges = Edges(24, 14, 24, 14)
        placed = [
            {
                **row,
                "name": shown(row["name"], _SMALL_NAME if row["small"] else _NAME),
                "number": f"{row['number']} {row['of']}" if row["small"] else row["number"],
            }
            for row in placed
        ]
        texts = (("name", -13, "left", False), ("number", {"expr": "width + 13"}, "right", True))
    for field, place, align, bold in texts:
        style = {**middle, "align": align, "fontWeight": "bold" if bold else "normal"}
        if field == "of":
            style["fill"] = "var(--muted)"
        layers.append(layer("text", placed, style, x={"value": place}, y=line, text={"field": field}))
    across = {"x": {"value": -edges.left}, "x2": {"value": {"expr": f"width + {edges.right}"}}}
    down = {"y": {"field": "begin", **scaled([len(rows), 0])}, "y2": {"field": "end"}}
    layers.append(spots("rect", placed, **across, **down))
    return sheet(width, height, edges, layers)
