"""Maps of the areas: by their late-night rate, and as the page's filters change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import (
    NARROW,
    SELECTION,
    WORDS,
    Chart,
    Edges,
    Spec,
    layer,
    sheet,
    unit_of,
    unit_text,
)
from crime_pipelines.report.charts.hexagons import Rings, features
from crime_pipelines.report.charts.rankings import area_words, has_rates
from crime_pipelines.report.formatting import count, rate, shown
from crime_pipelines.report.tables import TableColumn

#: The classes of the map, from few to many: colours of the style sheet.
CLASSES: Final = tuple(f"var(--map-{at})" for at in range(7))
_RATE: Final = "late_night_per_1000_residents_per_year"
_HEIGHT: Final = 390
_KEY_STEP: Final = 17
#: How many areas of either end are named on the map.
_NAMED: Final = 2
_NAME: Final = 22


def area_map(
    answers: Mapping[str, Answer], shapes: Mapping[int, Rings], columns: Mapping[str, TableColumn]
) -> Chart:
    """Return the areas by how many late-night incidents they have for their residents.

    Args:
        answers: the answers by name.
        shapes: the areas' outlines.
        columns: the columns of the table of `safest_areas`.

    Returns:
        The chart, on which the safest and the least safe areas are named.
    """
    rows = {row["area"]: row for row in answers["safest_areas"].records()}
    rated = has_rates(list(rows.values()))
    drawn = features(shapes)
    for feature in drawn:
        row = rows.get(feature["properties"]["area"])
        value = row[_RATE] if row and rated else row["late_night_incidents"] if row else None
        feature["properties"] |= {
            "words": area_words(row, columns) if row else shown(None),
            "value": value,
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
        for row in extremes
    ]
    said = {"description": {**WORDS, "field": f"properties.{WORDS['field']}"}}
    return Chart(label, _spec(drawn, labels, "rate" if rated else "count", said), title="Where")


def selection_map(
    incidents: Mapping[int | None, int], names: Mapping[int | None, str], shapes: Mapping[int, Rings]
) -> Chart:
    """Return the areas by their incidents, as the page's filters change them.

    Args:
        incidents: the incidents by area.
        names: the areas' names.
        shapes: the areas' outlines.

    Returns:
        The chart. Its selection's features carry the properties `area`, `name`, `value` (of the measure),
        `said` (the same in words), `incidents` and `outlined`.
    """
    drawn = features(shapes)
    for feature in drawn:
        area = feature["properties"]["area"]
        number = incidents.get(area, 0)
        feature["properties"] |= {
            "name": shown(names.get(area), 60),
            "value": number,
            "said": count(number),
            "incidents": count(number),
            "outlined": False,
        }
    label = f"Map of {len(drawn)} areas by incidents. The table of areas holds every number."
    tooltip = [
        {"field": f"properties.{name}", "type": "nominal", "title": title}
        for name, title in (("name", "Area"), ("said", "Shown"), ("incidents", "Incidents"))
    ]
    return Chart(label, _spec(drawn, [], "count", {"tooltip": tooltip}), title="Where")


def _middle(rings: Rings) -> tuple[float, float]:
    """Return the middle of a shape's longest outline."""
    ring = max(rings, key=len)
    across, up = [x for x, _ in ring], [y for _, y in ring]
    return (min(across) + max(across)) / 2, (min(up) + max(up)) / 2


def _spec(drawn: list[dict[str, Any]], labels: list[dict[str, Any]], unit: str, said: Spec) -> Spec:
    projection = {"type": "identity", "reflectY": True}
    unrated = layer("geoshape", SELECTION, {"fill": "var(--track)"}, **said)
    unrated["transform"] = [{"filter": "!isValid(datum.properties.value)"}]
    edge = {"condition": {"test": "datum.properties.outlined", "value": "var(--ink)"}, "value": "var(--card)"}
    thick = {"condition": {"test": "datum.properties.outlined", "value": 2.5}, "value": 0.8}
    hue = {"type": "ordinal", "scale": {"domain": list(range(len(CLASSES))), "range": list(CLASSES)}}
    shapes = layer(
        "geoshape",
        SELECTION,
        fill={"field": "class", **hue, "legend": None},
        stroke=edge,
        strokeWidth=thick,
        **said,
    )
    # Equally many areas in each class; those of one rate are never parted.
    classed: list[Spec] = [
        {"calculate": "datum.properties.value", "as": "value"},
        {"filter": "isValid(datum.value)"},
        {"window": [{"op": "rank", "as": "place"}], "sort": [{"field": "value"}]},
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
    return {
        **sheet(NARROW, _HEIGHT, Edges(2, 2, 2, 2), [*layers, *_legend(classed, hue)], drawn),
        **unit_of(unit),
    }


def _legend(classed: list[Spec], hue: Spec) -> list[Spec]:
    """Return a key with the least and the greatest number of each class."""
    transform = [
        *classed,
        {
            "aggregate": [
                {"op": "min", "field": "value", "as": "least"},
                {"op": "max", "field": "value", "as": "most"},
            ],
            "groupby": ["class"],
        },
        {"calculate": unit_text("datum.least"), "as": "from"},
        {"calculate": unit_text("datum.most"), "as": "to"},
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
