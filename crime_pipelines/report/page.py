"""Putting the page together."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.questions import QUESTIONS, Answer
from crime_pipelines.record import RunRecord
from crime_pipelines.report import arrests, cautions, draw, months, ranks, sentences, slope, tables, text
from crime_pipelines.report.counts import Counts
from crime_pipelines.report.explorer import explorer
from crime_pipelines.report.facts import Facts
from crime_pipelines.report.hexagons import Rings, area_shapes
from crime_pipelines.report.keys import EXPLORER_KEYS, KEYS
from crime_pipelines.report.map import area_map
from crime_pipelines.report.methods import METHODS
from crime_pipelines.report.vega import vega

if TYPE_CHECKING:
    from jinja2 import Template

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
    "arrest_rates": arrests.arrests,
}


@dataclass(frozen=True, slots=True)
class Extras:
    """What the report shows beside the five answers.

    Attributes:
        answers: the answers to `REPORT_QUESTIONS` by name; without one of them, what it feeds is left out.
        shapes: the areas' true outlines; None to put them together of hexagons.
        live: the version of what is shown, where the page is served and asks its server for news.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    shapes: Mapping[int, Rings] | None = None
    live: str = ""

    def outlines(self) -> Mapping[int, Rings]:
        """The areas' outlines, true or of hexagons; none where neither is known."""
        if self.shapes is not None:
            return self.shapes
        hexagons = self.answers.get("hexagons")
        return area_shapes(hexagons) if hexagons else {}

    def counts(self) -> Counts | None:
        """The counts that the filters add up; None where not known."""
        counts = self.answers.get("incident_counts")
        return Counts.of(counts) if counts and counts.rows else None


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, drawn.

    Attributes:
        label: what it shows, in words, for those who don't see it.
        title: the line above it.
        narrow: the `<svg>` element for a phone.
        wide: the one for a screen; None if it is the same.
    """

    label: str
    title: str
    narrow: str
    wide: str | None


def warm_up() -> None:
    """Get ready what takes its time before the first page, and needs no answer.

    Whoever will write a report later may call it early, in a thread of its own.
    """
    draw.warm_up()
    vega()
    _template()


def draw_answers(record: RunRecord, answers: Mapping[str, Answer]) -> dict[str, list[Picture]]:
    """Draw the charts of the answers, which need nothing else.

    Args:
        record: as for `write_report`.
        answers: as for `write_report`.

    Returns:
        The pictures by the answer's name.

    Raises:
        KeyError: an answer is missing.
    """
    facts, ordered = Facts.of(record), in_order(answers)
    return {name: [_picture(chart) for chart in chosen(ordered, facts)] for name, chosen in CHARTS.items()}


def write_report(
    folder: Path,
    record: RunRecord,
    answers: Mapping[str, Answer],
    extras: Extras | None = None,
    drawn: Mapping[str, list[Picture]] | None = None,
) -> Path:
    """Write the report of a run as one file that opens offline.

    Args:
        folder: the folder to write it in; made if need be.
        record: what the run says of itself, with `data_quality`.
        answers: the five answers by name.
        extras: what it shows beside them.
        drawn: what `draw_answers` gave for them, where that was done ahead.

    Returns:
        The path of the page.

    Raises:
        KeyError: an answer is missing.
        OSError: the page can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PAGE
    # Never half a page where a reader finds it.
    new = folder / f".{PAGE}.new"
    new.write_text(page_text(record, answers, extras, drawn), encoding="utf-8", newline="\n")
    new.replace(path)
    return path


def page_text(
    record: RunRecord,
    answers: Mapping[str, Answer],
    extras: Extras | None = None,
    drawn: Mapping[str, list[Picture]] | None = None,
) -> str:
    """The page as text; see `write_report`.

    Args:
        record: what the run says of itself, with `data_quality`.
        answers: the five answers by name.
        extras: what it shows beside them.
        drawn: what `draw_answers` gave for them, where that was done ahead.

    Returns:
        The page.

    Raises:
        KeyError: an answer is missing.
    """
    from markupsafe import Markup

    extras = extras or Extras()
    content = _content(record, answers, extras, drawn or draw_answers(record, answers))
    scripts = [own_text("page.js")]
    library = None
    if content["explorer"]:
        scripts.append(own_text("explorer.js"))
        library = vega()
    if extras.live:
        scripts.append(own_text("live.js"))
    return _template().render(
        # The texts below hold nothing from the data that their makers have not escaped.
        style=Markup(own_text("style.css")),  # noqa: S704
        scripts=[Markup(f"\n{script}") for script in scripts],  # noqa: S704
        vega=library.packed if library else "",
        payload=Markup(content["explorer"].payload) if content["explorer"] else "",  # noqa: S704
        hashes=[
            *(_hash(f"\n{script}") for script in scripts),
            *([_hash(library.script)] if library else []),
        ],
        live=extras.live,
        svg=Markup,
        **content,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        count=text.count, shown=text.shown, plural=text.counted, numbered=lambda each: list(enumerate(each))
    )
    return environment.from_string(own_text("template.html.jinja"))


def _hash(script: str) -> str:
    """A script's name in a content security policy: no other may run in the page."""
    return f"sha256-{b64encode(sha256(script.encode()).digest()).decode('ascii')}"


def own_text(name: str) -> str:
    """A file of this package.

    Args:
        name: its name.

    Returns:
        Its text.
    """
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def in_order(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """The five answers in the order of `QUESTIONS`.

    Args:
        answers: the answers by name.

    Returns:
        The same.

    Raises:
        KeyError: one is missing.
    """
    return {question.name: answers[question.name] for question in QUESTIONS}


def _content(
    record: RunRecord, answers: Mapping[str, Answer], extras: Extras, drawn: Mapping[str, list[Picture]]
) -> dict[str, Any]:
    facts = Facts.of(record)
    ordered = in_order(answers)
    told = sentences.words(ordered, facts)
    shapes, counts = extras.outlines(), extras.counts()
    explored = explorer(ordered, counts, facts, shapes) if counts else None
    pictures = dict(drawn)
    if shapes and pictures["safest_areas"]:
        pictures["safest_areas"] = [_picture(area_map(ordered, facts, shapes)), *pictures["safest_areas"]]
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
                "charts": pictures[name],
                "key": KEYS[name],
                "table": tables.table(answer, facts, ordered),
                "caveats": [*answer.question.caveats, *cautions.remarks(name, ordered, facts)],
            }
            for name, answer in ordered.items()
        ],
        "explorer": explored,
        "explored": {name: (_picture(chart), EXPLORER_KEYS[name]) for name, chart in explored.charts.items()}
        if explored
        else {},
        "cautions": cautions.cautions(ordered, facts),
        "methods": METHODS,
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


def _picture(chart: draw.Chart) -> Picture:
    return Picture(
        chart.label,
        chart.title,
        draw.svg(chart.narrow),
        draw.svg(chart.wide) if chart.wide is not None else None,
    )
