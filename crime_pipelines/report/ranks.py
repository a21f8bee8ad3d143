"""Charts of what is ranked: locations, areas, and types of crime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.report.draw import NARROW, WIDE, Chart, Edges, Spec, layer, scaled, sheet
from crime_pipelines.report.facts import SMALL_NUMBER, Facts
from crime_pipelines.report.sentences import has_rates
from crime_pipelines.report.text import NBSP, count, percent, rate, shown

#: How many areas of either end are drawn, and how many types at most. The tables hold all.
ENDS: Final = 10
TYPES: Final = 40

#: Width of a panel, where two of them stand side by side on a desk.
_HALF: Final = 430
_STEP: Final = 36  # height of a row with its text above its bar, in pixels
_NAME: Final = 31  # characters that fit beside a number in a panel of a phone
_SMALL_NAME: Final = 24  # the same beside a rate and its number of incidents
_WIDE_NAME: Final = 34
_WIDE_STEP: Final = 24
_RATE: Final = "late_night_per_1000_residents_per_year"
_ALL: Final = "The table below holds every number."


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    value: float
    number: str


def thefts(answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
    """The ten locations with most thefts, a panel for each year, all to one scale.

    Args:
        answers: the answers by name.
        facts: what the data cover.

    Returns:
        A chart for each year that has thefts.
    """
    rows = answers["theft_locations"].records()
    most = max((row["thefts"] for row in rows), default=0)
    charts = []
    for year in sorted({row["year"] for row in rows}):
        bars = [
            _Bar(f"{row['rank']}  {shown(row['location'], _NAME)}", row["thefts"], count(row["thefts"]))
            for row in rows
            if row["year"] == year
        ]
        label = f"Thefts by location in {facts.year(year)}: {_read_out(bars)}. {_ALL}"
        charts.append(Chart(label, _panel(bars, most, NARROW, "var(--accent)"), title=facts.year(year)))
    return charts


def areas(answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
    """The safest and the least safe areas, to one scale.

    Args:
        answers: the answers by name.
        facts: what the data cover.

    Returns:
        Two charts; one where they would overlap, and none without areas.
    """
    rows = answers["safest_areas"].records()
    if not rows:
        return []
    rated = has_rates(rows)
    bars = [
        _Bar(
            f"{row['rank']}  {shown(row['name'], _NAME) if row['name'] else 'Area ' + str(row['area'])}",
            row[_RATE] if rated else row["late_night_incidents"],
            rate(row[_RATE]) if rated else count(row["late_night_incidents"]),
        )
        for row in rows
    ]
    most = max(bar.value for bar in bars)
    if len(bars) <= 2 * ENDS:
        groups = [("All areas, the safest first", bars, "var(--accent)")]
    else:
        groups = [
            (f"The {ENDS} safest", bars[:ENDS], "var(--accent)"),
            (f"The {ENDS} least safe", bars[-ENDS:], "var(--warm)"),
        ]
    return [
        Chart(
            f"{title}, late-night incidents{' per 1,000 residents a year' if rated else ''}: "
            f"{_read_out(group)}. {_ALL}",
            _panel(group, most, NARROW, hue),
            _panel(group, most, _HALF, hue),
            title,
        )
        for title, group, hue in groups
    ]


def _read_out(bars: Sequence[_Bar]) -> str:
    return "; ".join(f"{bar.name.replace('  ', ' ')}, {bar.number}" for bar in bars)


def _panel(bars: Sequence[_Bar], most: float, width: int, hue: str) -> Spec:
    rows = [
        {
            "name": bar.name,
            "value": bar.value,
            "number": bar.number,
            "zero": 0,
            "most": most or 1,
            **_lines(at),
        }
        for at, bar in enumerate(bars)
    ]
    x = scaled([0, most or 1])
    y = scaled([len(rows), 0])
    band: Spec = {"x": {"field": "zero", **x}, "y": {"field": "top", **y}, "y2": {"field": "bottom"}}
    line = {"field": "text", **y}
    return sheet(
        width,
        _STEP * len(rows),
        Edges(0, 1, 2, 1),
        [
            layer("rect", rows, {"fill": "var(--track)"}, **band, x2={"field": "most"}),
            layer("rect", rows, {"fill": hue}, **band, x2={"field": "value"}),
            layer("text", rows, {"align": "left"}, x={"value": 0}, y=line, text={"field": "name"}),
            layer(
                "text",
                rows,
                {"align": "right", "fontWeight": "bold"},
                x={"value": {"expr": "width"}},
                y=line,
                text={"field": "number"},
            ),
        ],
    )


def _lines(at: int) -> dict[str, float]:
    """Where in its row a text stands, and the bar below it."""
    return {"text": at + 0.4, "top": at + 0.64, "bottom": at + 0.86}


def arrests(answers: Mapping[str, Answer], facts: Facts) -> list[Chart]:
    """Arrest rates with their intervals, small numbers hollow, and the rate over all types as a line.

    Args:
        answers: the answers by name.
        facts: what the data cover.

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
        }
        for row in drawn
    ]
    told = "; ".join(f"{row['name']}, {row['number']} {row['of']}" for row in rows[:ENDS])
    label = (
        "Arrest rates with 95\u00a0% intervals by type of "
        f"crime{', the first ten' if len(rows) > ENDS else ''}: {told}. Over all types {percent(overall)}. "
        f"{_ALL}"
    )
    return [Chart(label, _whiskers(rows, overall, NARROW), _whiskers(rows, overall, WIDE))]


def _whiskers(rows: Sequence[Mapping[str, Any]], overall: float, width: int) -> Spec:
    wide = width == WIDE
    placed = [
        {**row, "y": at + (0.5 if wide else 0.74), "text": at + (0.5 if wide else 0.4)}
        for at, row in enumerate(rows)
    ]
    height = (_WIDE_STEP if wide else _STEP) * len(rows)
    axis = {
        "values": [0, 0.25, 0.5, 0.75, 1],
        "labelExpr": f"format(datum.value * 100, 'd') + '{NBSP}%'",
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
    return sheet(width, height, edges, layers)
