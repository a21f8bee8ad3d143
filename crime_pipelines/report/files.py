"""The report's charts as files that stand alone: SVG and PNG, in the page's colours by day."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.record import RunRecord
from crime_pipelines.report.clock import clock
from crime_pipelines.report.draw import VERSION, Chart, Spec, layer
from crime_pipelines.report.facts import Facts
from crime_pipelines.report.map import area_map
from crime_pipelines.report.page import CHARTS, Extras, in_order, own_text

#: Pixels of a PNG to each of the chart's own, for screens of twice the density.
_SCALE: Final = 2
_TITLE_SIZE: Final = 15
_ROOM: Final = 12
_BACKGROUND: Final = "card"
#: The first block of the style sheet holds the colours by day.
_BY_DAY: Final = re.compile(r":root \{(.*?)\}", re.DOTALL)
_COLOUR: Final = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6})")
_USE: Final = re.compile(r"var\(--([a-z0-9-]+)\)")


#: The formats of a chart's file.
FORMATS: Final = ("svg", "png", "pdf")


def chart_files(
    record: RunRecord,
    answers: Mapping[str, Answer],
    extras: Extras | None = None,
    formats: Sequence[str] = ("svg", "png"),
) -> Iterator[tuple[str, bytes]]:
    """Draw every chart of the report, one after the other.

    Args:
        record: what the run says of itself, with `data_quality`.
        answers: the five answers by name.
        extras: what the report shows beside them: the map and the clock.
        formats: some of `FORMATS`.

    Yields:
        A file's name, such as ``monthly_trend.svg``, and its content. Those of an
        answer with several charts are numbered: ``theft_locations-1.svg``.

    Raises:
        KeyError: an answer is missing.
    """
    import vl_convert

    colours = dict(_COLOUR.findall(_by_day(own_text("style.css"))))
    for stem, title, chart in _charts(record, answers, extras or Extras()):
        spec = _coloured(_headed(chart.wide or chart.narrow, title), colours)
        svg: str = vl_convert.vegalite_to_svg(spec, vl_version=VERSION, allowed_base_urls=[])
        if "svg" in formats:
            yield f"{stem}.svg", svg.encode()
        if "png" in formats:
            png: bytes = vl_convert.svg_to_png(svg, scale=_SCALE)
            yield f"{stem}.png", png
        if "pdf" in formats:
            pdf: bytes = vl_convert.svg_to_pdf(svg)
            yield f"{stem}.pdf", pdf


def _charts(
    record: RunRecord, answers: Mapping[str, Answer], extras: Extras
) -> Iterator[tuple[str, str, Chart]]:
    """Each chart with its file's stem and its title."""
    facts = Facts.of(record)
    ordered = in_order(answers)
    for name, draw in CHARTS.items():
        charts = draw(ordered, facts)
        for number, chart in enumerate(charts, 1):
            stem = name if len(charts) == 1 else f"{name}-{number}"
            yield stem, ": ".join(filter(None, (ordered[name].question.title, chart.title))), chart
    shapes, counts = extras.outlines(), extras.counts()
    if shapes:
        yield "late_night_map", "Late-night incidents by area", area_map(ordered, facts, shapes)
    if counts:
        yield "late_night_clock", "Incidents by hour of the day", clock(counts.by_hour)


def _by_day(style: str) -> str:
    found = _BY_DAY.search(style)
    return found[1] if found else ""


def _headed(spec: Spec, title: str) -> Spec:
    """A chart with room around it and its title above."""
    inner = spec["padding"]
    style = {
        "text": title,
        "align": "left",
        "baseline": "bottom",
        "fontSize": _TITLE_SIZE,
        "fontWeight": "bold",
        "fill": "var(--ink)",
    }
    place = {"x": {"value": -inner["left"]}, "y": {"value": -inner["top"] - _ROOM}}
    padding = {side: width + _ROOM for side, width in inner.items()}
    padding["top"] += _TITLE_SIZE + _ROOM
    return {**spec, "padding": padding, "layer": [*spec["layer"], layer("text", [{}], style, **place)]}


def _coloured(spec: Spec, colours: Mapping[str, str]) -> Spec:
    """A spec with the page's colours written out, on the page's ground."""
    text = json.dumps({**spec, "background": f"var(--{_BACKGROUND})"})
    coloured: dict[str, Any] = json.loads(_USE.sub(lambda use: colours[use[1]], text))
    return coloured
