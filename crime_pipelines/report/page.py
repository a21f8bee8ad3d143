"""Putting the page together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from crime_pipelines.questions import QUESTIONS, Answer
from crime_pipelines.record import RunRecord
from crime_pipelines.report import cautions, draw, months, ranks, sentences, slope, tables, text
from crime_pipelines.report.facts import SMALL_NUMBER, Facts

PAGE: Final = "index.html"
#: So many files are named on the page; run.json names all.
_FILES: Final = 40
_PATH: Final = 300

#: What draws the charts of each answer.
CHARTS: Final = {
    "monthly_trend": months.monthly,
    "theft_locations": ranks.thefts,
    "crime_trend": slope.trend,
    "safest_areas": ranks.areas,
    "arrest_rates": ranks.arrests,
}
#: How to read the charts of an answer.
_KEYS: Final = {
    "monthly_trend": "Incidents a month; the scale begins at 0.",
    "theft_locations": "Thefts a year, all years to one scale.",
    "crime_trend": (
        "The bar is the change a year with its 95\u00a0% interval: where it crosses \u201c0\u201d, there may "
        "be no change. The points are incidents per day in each complete month, the line and its band that "
        "change about the middle of the period; their scale need not begin at 0. The test allows for the "
        "seasons, which the line leaves out."
    ),
    "safest_areas": "Late-night incidents, per 1,000 residents a year where these are on file; one scale.",
    "arrest_rates": (
        "Dot: share of incidents with an arrest; bar: its 95\u00a0% interval; hollow dot: fewer than "
        f"{SMALL_NUMBER} incidents; dashed line: all types together. At most "
        f"{ranks.TYPES} types are drawn."
    ),
}


@dataclass(frozen=True, slots=True)
class _Picture:
    label: str
    title: str
    narrow: str
    wide: str | None


def write_report(folder: Path, record: RunRecord, answers: Mapping[str, Answer]) -> Path:
    """Write the report of a run as one file that opens offline.

    Args:
        folder: the folder to write it in; made if need be.
        record: what the run says of itself, with `data_quality`.
        answers: the five answers by name.

    Returns:
        The path of the page.

    Raises:
        KeyError: an answer is missing.
        OSError: the page can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PAGE
    path.write_text(_page(record, answers), encoding="utf-8", newline="\n")
    return path


def _page(record: RunRecord, answers: Mapping[str, Answer]) -> str:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(count=text.count, shown=text.shown, plural=text.counted)
    template = environment.from_string(own_text("template.html.jinja"))
    return template.render(
        # The two texts below hold nothing from the data that their makers have not escaped.
        style=Markup(own_text("style.css")),  # noqa: S704
        svg=Markup,
        **_content(record, answers),
    )


def own_text(name: str) -> str:
    """A file of this package.

    Args:
        name: its name.

    Returns:
        Its text.
    """
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _content(record: RunRecord, answers: Mapping[str, Answer]) -> dict[str, Any]:
    facts = Facts.of(record)
    ordered = {question.name: answers[question.name] for question in QUESTIONS}
    told = sentences.words(ordered, facts)
    return {
        "record": record,
        "source": text.shown(record.source, _PATH),
        "files": [text.shown(name, _PATH) for name in record.files[:_FILES]],
        "more_files": max(0, len(record.files) - _FILES),
        "as_of": text.moment(record.as_of),
        "period": _period(facts),
        "rejected_share": cautions.rejected_share(facts),
        "reasons": [
            (text.shown(name), number, cautions.reason(name)) for name, number in _largest(record.rejected)
        ],
        "warnings": [
            (text.shown(name), number, cautions.warned(name)) for name, number in _largest(record.warnings)
        ],
        "sections": [
            {
                "question": answer.question,
                "words": told[name],
                "charts": [_picture(chart) for chart in CHARTS[name](ordered, facts)],
                "key": _KEYS[name],
                "table": tables.table(answer, facts, ordered),
                "caveats": [*answer.question.caveats, *cautions.remarks(name, ordered, facts)],
            }
            for name, answer in ordered.items()
        ],
        "cautions": cautions.cautions(ordered, facts),
        "seconds": sum(record.seconds.values()),
        "versions": [
            f"{text.shown(name)} {text.shown(version)}" for name, version in record.versions.items()
        ],
    }


def _period(facts: Facts) -> str:
    if not facts.first_at or not facts.last_at:
        return ""
    return f"{text.day(facts.first_at)} to {text.day(facts.last_at)}"


def _largest(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(
        ((name, number) for name, number in numbers.items() if number), key=lambda each: (-each[1], each[0])
    )


def _picture(chart: draw.Chart) -> _Picture:
    return _Picture(
        chart.label,
        chart.title,
        draw.svg(chart.narrow),
        draw.svg(chart.wide) if chart.wide is not None else None,
    )
