"""The map of the areas by their late-night rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.report.draw import NARROW, SELECTION, Chart, Edges, Spec, layer, sheet
from crime_pipelines.report.facts import Facts
from crime_pipelines.report.hexagons import Rings, features
from crime_pipelines.report.sentences import has_rates
from crime_pipelines.report.text import count, rate, shown

#: The classes of the map, from few to many: colours of the style sheet.
CLASSES: Final = tuple(f"var(--map-{at})" for at in range(7))
_RATE: Final = "late_night_per_1000_residents_per_year"
_HEIGHT: Final = 390
#: How many areas of either end are named on the map.
_NAMED: Final = 2
_NAME: Final = 22


def area_map(answers: Mapping[str, Answer], facts: Facts, shapes: Mapping[int, Rings]) -> Chart:
    """The areas by how many late-night incidents they have for their residents.

    Args:
        answers: the answers by name.
        facts: what the data cover.
        shapes: the areas' outlines.

    Returns:
        The chart. Its first layer's features carry the properties `area`, `name`, `rate`, `said`, `late` and
        `outlined`.
    """
    rows = {row["area"]: row for row in answers["safest_areas"].records()}
    rated = has_rates(list(rows.values()))
    drawn = features(shapes)
    for feature in drawn:
        row = rows.get(feature["properties"]["area"])
        value = row[_RATE] if row and rated else row["late_night_incidents"] if row else None
        feature["properties"] |= {
            "name": shown(row["name"] if row else None, 60),
            "rate": value,
            "said": "" if value is None else rate(value) if rated else count(value),
            "late": count(row["late_night_incidents"]) if row else "",
            "outlined": False,
        }
    ends = [each for each in rows.values() if each["area"] in shapes]
    named = (ends[:_NAMED] + ends[-_NAMED:]) if len(ends) > 2 * _NAMED else []
    unit = "late-night incidents per 1,000 residents a year" if rated else "late-night incidents"
    listed = "; ".join(
        f"{shown(row['name'], _NAME)}, {rate(row[_RATE]) if rated else count(row['late_night_incidents'])}"
        for row in named
    )
    label = (
        f"Map of {len(drawn)} areas by {unit}. The fewest and the most: {listed}. "
        "The table holds every number."
    )
    labels = [
        {
            "name": shown(row["name"], _NAME),
            "x": _middle(shapes[row["area"]])[0],
            "y": _middle(shapes[row["area"]])[1],
        }
        for row in named
    ]
    return Chart(label, _spec(drawn, labels, rated), title="Where")


def _middle(rings: Rings) -> tuple[float, float]:
    """The middle of a shape's longest outline."""
    ring = max(rings, key=len)
    across, up = [x for x, _ in ring], [y for _, y in ring]
    return (min(across) + max(across)) / 2, (min(up) + max(up)) / 2


def _spec(drawn: list[dict[str, Any]], labels: list[dict[str, Any]], rated: bool) -> Spec:
    projection = {"type": "identity", "reflectY": True}
    fill = {
        "condition": {
            "test": "isValid(datum.properties.rate)",
            "field": "properties.rate",
            "type": "quantitative",
            "scale": {"type": "quantile", "range": list(CLASSES)},
            "legend": {
                "title": None,
                "type": "symbol",
                "orient": "none",
                "legendX": 0,
                "legendY": _HEIGHT - 118,
                "format": ",.1f" if rated else ",.0f",
                "labelColor": "var(--ink)",
                "labelFontSize": 11.5,
                "symbolType": "square",
                "symbolSize": 150,
                "symbolStrokeWidth": 0,
                "rowPadding": 1,
            },
        },
        "value": "var(--track)",
    }
    edge = {"condition": {"test": "datum.properties.outlined", "value": "var(--ink)"}, "value": "var(--card)"}
    thick = {"condition": {"test": "datum.properties.outlined", "value": 2.5}, "value": 0.8}
    shape = layer("geoshape", drawn, fill=fill, stroke=edge, strokeWidth=thick)
    shape["data"]["name"] = SELECTION
    shape["encoding"]["tooltip"] = [
        {"field": f"properties.{name}", "type": "nominal", "title": title}
        for name, title in (
            ("name", "Area"),
            ("said", "Per 1,000 residents a year" if rated else "Late at night"),
            ("late", "Late-night incidents"),
        )
    ]
    halo = {"stroke": "var(--card)", "strokeWidth": 3, "strokeJoin": "round", "fill": "var(--card)"}
    texts = [
        layer(
            "text",
            labels,
            {"fontWeight": "bold", "fontSize": 11.5, **style},
            longitude={"field": "x", "type": "quantitative"},
            latitude={"field": "y", "type": "quantitative"},
            text={"field": "name", "type": "nominal"},
        )
        for style in (halo, {})
    ]
    layers = [{**each, "projection": projection} for each in [shape, *(texts if labels else [])]]
    return sheet(NARROW, _HEIGHT, Edges(2, 2, 2, 2), layers)
