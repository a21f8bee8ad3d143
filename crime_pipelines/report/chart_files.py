"""The report's charts as files that stand alone: SVG and PNG, in the page's colours by day."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.clock import clock
from crime_pipelines.report.charts.draw import VERSION, Chart, Spec, layer
from crime_pipelines.report.charts.map import area_map
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.extras import Extras
from crime_pipelines.report.formatting import chart_numbers, counted, day, in_locale, moment, shown
from crime_pipelines.report.resources import static_text
from crime_pipelines.report.section_content import in_order
from crime_pipelines.report.sections import own_sections, section_of

#: Pixels of a PNG to each of the chart's own, for screens of twice the density.
_SCALE: Final = 2
_TITLE_SIZE: Final = 15
_SOURCE_SIZE: Final = 11
_SOURCE: Final = 60
#: Height of a line over the size of its letters, and width of a letter on average.
_LINE: Final = 1.3
_LETTER: Final = 0.56
_ROOM: Final = 12
_BACKGROUND: Final = "card"
#: The first block of the style sheet holds the colours by day.
_BY_DAY: Final = re.compile(r":root \{(.*?)\}", re.DOTALL)
_COLOUR: Final = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6})")
_USE: Final = re.compile(r"var\(--([a-z0-9-]+)\)")


#: What the numbers of a question's charts are, where its title does not say so.
_UNITS: Final[Mapping[str, str]] = {
    "monthly_trend": "incidents a month",
    "theft_locations": "thefts a year",
    "safest_areas": "late-night incidents per 1,000 residents a year where residents are on file",
    "arrest_rates": "share of incidents with an arrest",
    "monthly_forecasts": "incidents a month",
    "weekday_hours": "incidents of known time",
}
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
        answers: the answers by name.
        extras: what the report shows beside them: the map and the clock.
        formats: some of `FORMATS`.

    Yields:
        A file's name, such as ``monthly_trend.svg``, and its content. Those of an
        answer with several charts are numbered: ``theft_locations-1.svg``.

    Raises:
        KeyError: an answer is missing.
    """
    import vl_convert

    colours = dict(_COLOUR.findall(_by_day(static_text("style.css"))))
    for stem, title, chart in _charts(record, answers, extras or Extras()):
        headed = _headed(chart.wide or chart.narrow, in_locale(title), [chart.key, _origin(record)])
        spec = _coloured(headed, colours)
        svg: str = vl_convert.vegalite_to_svg(
            spec, vl_version=VERSION, allowed_base_urls=[], format_locale=chart_numbers()
        )
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
    everything = {**ordered, **extras.analyses}
    for name, answer in ordered.items():
        charts = section_of(answer.question).charts(everything, facts)
        for number, chart in enumerate(charts, 1):
            stem = name if len(charts) == 1 else f"{name}-{number}"
            yield stem, ": ".join(filter(None, (_titled(answer), chart.title))), chart
    for answer in own_sections(ordered, extras.analyses):
        for chart in section_of(answer.question).charts(everything, facts):
            yield answer.question.name, _titled(answer), chart
    shapes, counts = extras.outlines(record), extras.counts()
    if shapes:
        yield (
            "late_night_map",
            "Late-night incidents by area (per 1,000 residents a year where residents are on file)",
            area_map(ordered, shapes, section_of(ordered["safest_areas"].question).columns),
        )
    if counts:
        yield "late_night_clock", "Incidents by hour of the day", clock(counts.by_hour)


def _titled(answer: Answer) -> str:
    unit = _UNITS.get(answer.question.name)
    return f"{answer.question.title} ({unit})" if unit else answer.question.title


def _by_day(style: str) -> str:
    found = _BY_DAY.search(style)
    return found[1] if found else ""


def _origin(record: RunRecord) -> str:
    """Name a chart's source, the period of its data and their date shift."""
    facts = Facts.of(record)
    name = shown(record.source.rstrip("/").rpartition("/")[2] or record.source, _SOURCE)
    period = f", {day(facts.first_at)} to {day(facts.last_at)}" if facts.first_at and facts.last_at else ""
    shift = f", dates shifted by {counted(record.shift_years, 'year')}" if record.shift_years else ""
    return f"Source: {name}{period}{shift}. As of {moment(record.as_of)}."


def _wrapped(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines that fit, by the width of a letter on average."""
    return wrap(text, max(20, int(width / (size * _LETTER)))) or [""]


def _headed(spec: Spec, title: str, notes: Sequence[str]) -> Spec:
    """Return a chart with room around it, its title above, and notes below."""
    inner = spec["padding"]
    width = spec["width"] + inner["left"] + inner["right"]
    heading = _wrapped(title, width, _TITLE_SIZE)
    below = [line for note in notes if note for line in _wrapped(note, width, _SOURCE_SIZE)]
    style = {
        "text": heading,
        "align": "left",
        "baseline": "line-bottom",
        "lineHeight": _TITLE_SIZE * _LINE,
        "fontSize": _TITLE_SIZE,
        "fontWeight": "bold",
        "fill": "var(--ink)",
    }
    above = inner["top"] + _ROOM + (len(heading) - 1) * _TITLE_SIZE * _LINE
    place = {"x": {"value": -inner["left"]}, "y": {"value": -above}}
    padding = {side: edge + _ROOM for side, edge in inner.items()}
    padding["top"] += round(len(heading) * _TITLE_SIZE * _LINE) + _ROOM
    padding["bottom"] += round(len(below) * _SOURCE_SIZE * _LINE) + _ROOM
    small = {
        "text": below,
        "align": "left",
        "baseline": "line-top",
        "lineHeight": _SOURCE_SIZE * _LINE,
        "fontSize": _SOURCE_SIZE,
        "fill": "var(--muted)",
    }
    foot = {"x": {"value": -inner["left"]}, "y": {"value": spec["height"] + inner["bottom"] + _ROOM}}
    texts = [layer("text", [{}], style, **place), layer("text", [{}], small, **foot)]
    return {**spec, "padding": padding, "layer": [*spec["layer"], *texts]}


def _coloured(spec: Spec, colours: Mapping[str, str]) -> Spec:
    """Return a spec with the page's colours written out, on the page's ground."""
    text = json.dumps({**spec, "background": f"var(--{_BACKGROUND})"})
    coloured: dict[str, Any] = json.loads(_USE.sub(lambda use: colours[use[1]], text))
    return coloured
