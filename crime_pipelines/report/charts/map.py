"""The map of the areas by their late-night rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import NARROW, SELECTION, Chart, Edges, Spec, layer, sheet
from crime_pipelines.report.charts.hexagons import Rings, features
from crime_pipelines.report.charts.rankings import has_rates
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, rate, shown

#: The classes of the map, from few to many: colours of the style sheet.
CLASSES: Final = tuple(f"var(--map-{at})" for at in range(7))
_RATE: Final = "late_night_per_1000_residents_per_year"
_HEIGHT: Final = 390
_KEY_STEP: Final = 17
#: How many areas of either end are named on the map.
_NAMED: Final = 2
_NAME: Final = 22


def area_map(
    answers: Mapping[str, Answer], facts: Facts, shapes: Mapping[int, Rings], *, named: bool = True
) -> Chart:
    """Return the areas by how many late-night incidents they have for their residents.

    Args:
        answers: the answers by name.
        facts: what the data cover.
        shapes: the areas' outlines.
        named: whether the safest and the least safe are named on it.

    Returns:
        The chart. Its selection's features carry the properties `area`, `name`, `rate`, `said`, `late` and
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
    extremes = (ends[:_NAMED] + ends[-_NAMED:]) if len(ends) > 2 * _NAMED else []
    unit = "late-night incidents per 1,000 residents a year" if rated else "late-night incidents"
    listed = "; ".join(
        f"{shown(row['name'], _NAME)}, {rate(row[_RATE]) if rated else count(row['late_night_incidents'])}"
        for row in extremes
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
        for row in (extremes if named else [])
    ]
    return Chart(label, _spec(drawn, labels, rated), title="Where")


def _middle(rings: Rings) -> tuple[float, float]:
    """Return the middle of a shape's longest outline."""
    ring = max(rings, key=len)
    across, up = [x for x, _ in ring], [y for _, y in ring]
    return (min(across) + max(across)) / 2, (min(up) + max(up)) / 2


def _spec(drawn: list[dict[str, Any]], labels: list[dict[str, Any]], rated: bool) -> Spec:
    projection = {"type": "identity", "reflectY": True}
    said = "Per 1,000 residents a year" if rated else "Late at night"
    tooltip = [
        {"field": f"properties.{name}", "type": "nominal", "title": title}
        for name, title in (("name", "Area"), ("said", said), ("late", "Late-night incidents"))
    ]
    unrated = layer("geoshape", SELECTION, {"fill": "var(--track)"}, tooltip=tooltip)
    unrated["transform"] = [{"filter": "!isValid(datum.properties.rate)"}]
    edge = {"condition": {"test": "datum.properties.outlined", "value": "var(--ink)"}, "value": "var(--card)"}
    thick = {"condition": {"test": "datum.properties.outlined", "value": 2.5}, "value": 0.8}
    hue = {"type": "ordinal", "scale": {"domain": list(range(len(CLASSES))), "range": list(CLASSES)}}
    shapes = layer(
        "geoshape",
        SELECTION,
        fill={"field": "class", **hue, "legend": None},
        stroke=edge,
        strokeWidth=thick,
        tooltip=tooltip,
    )
    # Equally many areas in each class; those of one rate are never parted.
    classed: list[Spec] = [
        {"calculate": "datum.properties.rate", "as": "rate"},
        {"filter": "isValid(datum.rate)"},
        {"window": [{"op": "rank", "as": "place"}], "sort": [{"field": "rate"}]},
        {"joinaggregate": [{"op": "count", "as": "areas"}]},
        {"calculate": f"floor((datum.place - 1) * {len(CLASSES)} / datum.areas)", "as": "class"},
    ]
    shapes["transform"] = classed
    texts = [
        layer(
            "text",
            labels,
            {"fontWeight": "bold", "fontSize": 11.5, **style},
            longitude={"field": "x", "type": "quantitative"},
            latitude={"field": "y", "type": "quantitative"},
            text={"field": "name", "type": "nominal"},
        )
        for style in ({"stroke": "var(--card)", "strokeWidth": 3, "strokeJoin": "round"}, {})
    ]
    layers = [{**each, "projection": projection} for each in [unrated, shapes, *(texts if labels else [])]]
    return sheet(NARROW, _HEIGHT, Edges(2, 2, 2, 2), [*layers, *_legend(classed, hue, rated)], drawn)


def _legend(classed: list[Spec], hue: Spec, rated: bool) -> list[Spec]:
    """Return a key with the least and the greatest rate of each class."""
    transform = [
        *classed,
        {
            "aggregate": [
                {"op": "min", "field": "rate", "as": "least"},
                {"op": "max", "field": "rate", "as": "most"},
            ],
            "groupby": ["class"],
        },
        {"calculate": _said("datum.least", rated), "as": "from"},
        {"calculate": _said("datum.most", rated), "as": "to"},
        {
            "calculate": "datum.from === datum.to ? datum.from : datum.from + ' \u2013 ' + datum.to",
            "as": "text",
        },
        {"calculate": f"{_HEIGHT - 10} - {_KEY_STEP} * ({len(CLASSES)} - 1 - datum.class)", "as": "y"},
    ]
    y = {"field": "y", "type": "quantitative", "scale": None, "axis": None}
    box = layer(
        "square",
        SELECTION,
        {"size": 150, "opacity": 1},
        x={"value": 8},
        y=y,
        fill={"field": "class", **hue, "legend": None},
    )
    text = layer(
        "text",
        SELECTION,
        {"align": "left", "baseline": "middle", "fontSize": 11.5},
        x={"value": 20},
        y=y,
        text={"field": "text", "type": "nominal"},
    )
    return [{**each, "transform": transform} for each in (box, text)]


def _said(value: str, rated: bool) -> str:
    """Return Vega's expression for the text of a rate, or of a count: as many digits as it needs."""
    if not rated:
        return f"format({value}, ',d')"
    digits = f"{value} < 0.02 ? ',.4f' : {value} < 0.2 ? ',.3f' : {value} < 2 ? ',.2f' : ',.1f'"
    return f"{value} === 0 ? '0' : format({value}, {digits})"
