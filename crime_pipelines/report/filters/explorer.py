"""The part of the page that its filters change: what it starts with, and what its script needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from crime_pipelines.domain.confidence import Z_95
from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.clock import clock, clock_rows
from crime_pipelines.report.charts.draw import Chart
from crime_pipelines.report.charts.hexagons import Rings
from crime_pipelines.report.charts.map import selection_map
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.filters.counts import Counts, epoch_day, first_day
from crime_pipelines.report.filters.measures import MEASURES, Measure, measures
from crime_pipelines.report.filters.months_chart import months_chart
from crime_pipelines.report.filters.start import YEAR, Start
from crime_pipelines.report.formatting import day, in_locale, shown
from crime_pipelines.support.locales import writing

_NAME: Final = 60
_UNKNOWN_AREA: Final = "Area not known"
#: How to read the charts that the filters change.
KEYS: Final = {
    "months": (
        f"{MEASURES[0].title} by month. Paler: months not chosen; orange: months that the data cover in "
        "part, or of which a part is chosen."
    ),
    "clock": (
        "Incidents by hour; a wedge\u2019s area is its number. Orange: late at night. Midnight and noon hold "
        "those whose time was not known."
    ),
    "map": f"{MEASURES[0].title}. Choose areas by a click on them, or above. Grey: no number.",
}


@dataclass(frozen=True, slots=True)
class Explorer:
    """The state that the filters start with.

    Attributes:
        choices: the filters of which several values can be chosen.
        first_day: the first day that can be chosen.
        last_day: the last one.
        by_day: a sentence that says from which day on single days can be chosen; empty if all can.
        measures: the measures to choose from.
        has_residents: whether the residents of every area are known.
        charts: the charts over all incidents, by name.
        payload: what the script needs, as JSON that may stand inside a script element.
        numbers: the numbers over all incidents, by the place that they stand in.
    """

    choices: tuple[Choice, ...]
    first_day: date
    last_day: date
    by_day: str
    measures: tuple[Measure, ...]
    has_residents: bool
    charts: dict[str, Chart]
    payload: str
    numbers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter of which several values can be chosen.

    Attributes:
        name: its name in the page's script and address.
        label: its heading.
        every: what it says while nothing is chosen.
        options: the values, each with its position and name, in the order of the list.
        compared: a heading of the values chosen, where the page sets them side by side; empty where not.
    """

    name: str
    label: str
    every: str
    options: list[tuple[int, str]]
    compared: str = ""


def explorer(
    answers: Mapping[str, Answer], counts: Counts, facts: Facts, shapes: Mapping[int, Rings]
) -> Explorer:
    """Put together what the filters need.

    Args:
        answers: the answers by name.
        counts: the counts that the filters add up.
        facts: what the data cover.
        shapes: the areas' outlines; none for no map.

    Returns:
        The explorer.
    """
    rows = {row["area"]: row for row in answers["safest_areas"].records()}
    names = {
        area: shown(rows[area]["name"] or f"Area {area}", _NAME) if area in rows else _UNKNOWN_AREA
        for area in counts.areas
    }
    residents = {area: row["residents"] for area, row in rows.items()}
    everybody = sum(residents.values()) if residents and all(residents.values()) else None
    charts = {"months": months_chart(counts, facts), "clock": clock(counts.by_hour)}
    if shapes:
        charts["map"] = selection_map(
            dict(zip(counts.areas, counts.by_area, strict=True)),
            names | {area: row["name"] for area, row in rows.items()},
            shapes,
        )
    choices = _choices(counts, list(names.values()))
    shown_measures = measures(residents=bool(everybody), arrests=facts.record.has_arrests)
    width, data = counts.packed()
    first, end = first_day(counts.first_month), first_day(counts.first_month + counts.months)
    payload = {
        "types": [name for _, name in choices[0].options],
        "districts": [_named(name) for name in counts.districts],
        "beats": [_named(name) for name in counts.beats],
        "arrests": facts.record.has_arrests,
        "areas": [
            {"area": area, "name": name, "residents": residents.get(area)} for area, name in names.items()
        ],
        "residents": everybody,
        "first_month": counts.first_month,
        "months": counts.months,
        "whole_months": counts.whole_months,
        "first_day": epoch_day(first),
        "groups": len(counts.groups),
        "cells": len(counts.cells),
        "width": width,
        "data": data,
        "covered": [epoch_day(facts.first_at.date()), epoch_day(facts.last_at.date())]
        if facts.first_at and facts.last_at
        else None,
        "measures": [
            {
                "name": each.name,
                "title": in_locale(each.title),
                "unit": each.unit,
                "said": in_locale(each.said),
            }
            for each in shown_measures
        ],
        "z": Z_95,
        "year": YEAR,
        "late_night": in_locale(LATE_NIGHT),
        **_locale(),
        "late_hours": [row["late"] for row in clock_rows(counts.by_hour)],
        "charts": {
            name: {"narrow": chart.narrow} | ({"wide": chart.wide} if chart.wide else {})
            for name, chart in charts.items()
        },
    }
    # Inside a script element only these could end it, or begin what hides its end.
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    everything = [each.every for each in choices]
    return Explorer(
        choices,
        first,
        end - timedelta(days=1),
        _by_day(counts),
        shown_measures,
        bool(everybody),
        charts,
        text,
        Start.of(counts, facts, everybody).texts(everything),
    )


def _locale() -> dict[str, Any]:
    """Return what the script needs of the reader's locale; nothing for our own way to write."""
    way = writing()
    return {"locale": way.tag, "chart_numbers": way.chart_numbers} if way else {}


def _named(name: str | None) -> str:
    return "Not known" if name is None else shown(name, _NAME)


def _choices(counts: Counts, areas: Sequence[str]) -> tuple[Choice, ...]:
    """Return the filters; no districts and beats where the data know none."""
    lists: list[tuple[str, str, str, list[Any]]] = [
        ("district", "District", "All districts", counts.districts),
        ("beat", "Beat", "All beats", counts.beats),
    ]
    types = [shown(name, _NAME) for name in counts.types]
    return (
        Choice("type", "Type of crime", "All types", list(enumerate(types)), "Types of crime"),
        Choice("area", "Area", "All areas", sorted(enumerate(areas), key=lambda each: each[1]), "Areas"),
        *(
            Choice(name, label, every, list(enumerate(map(_named, values))))
            for name, label, every, values in lists
            if any(values)
        ),
    )


def _by_day(counts: Counts) -> str:
    if not counts.whole_months:
        return ""
    if counts.days_from is None:
        return "The period goes by whole months: by day, the counts would make this page too large."
    return (
        f"From {day(counts.days_from)} on the period goes by day; before, by whole months, since the counts "
        "of all days would make this page too large."
    )
