"""Putting the page together."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.output.layout import PAGE
from crime_pipelines.output.publishing import publish
from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import ANALYSES, OPTIONAL_ANALYSES, Answer
from crime_pipelines.report import caveats as cautions
from crime_pipelines.report import formatting as text
from crime_pipelines.report.briefing import briefing
from crime_pipelines.report.charts import pictures
from crime_pipelines.report.charts.pictures import Picture, picture
from crime_pipelines.report.charts.vega import vega
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.extras import Extras
from crime_pipelines.report.filters.explorer import KEYS, explorer
from crime_pipelines.report.methods import methods
from crime_pipelines.report.resources import static_text
from crime_pipelines.report.section_content import (
    draw_answers,
    drawn_charts,
    in_order,
    section_content,
)
from crime_pipelines.report.sections import own_sections

if TYPE_CHECKING:
    from jinja2 import Template

#: So many files are named on the page; run.json names all.
_FILES: Final = 40
_PATH: Final = 300
_NAME: Final = 60


def warm_up() -> None:
    """Get ready what takes its time before the first page, and needs no answer.

    Whoever will write a report later may call it early, in a thread of its own.
    """
    pictures.warm_up()
    vega()
    _template()


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
        answers: the answers by name.
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
    try:
        new.write_text(page_text(record, answers, extras, drawn), encoding="utf-8", newline="\n")
        new.replace(path)
    finally:  # interrupted, as by a terminal that closes
        new.unlink(missing_ok=True)
    return path


def write_public(
    folder: Path, record: RunRecord, answers: Mapping[str, Answer], extras: Extras | None = None
) -> Path:
    """Write what of a run is fit to be published: the page, and its answers and analyses as CSV.

    Args:
        folder: the folder to write it in; made if need be.
        record: as for `write_report`.
        answers: as for `write_report`.
        extras: as for `write_report`.

    Returns:
        The path of the page.

    Raises:
        InputError: nothing can be published.
        OSError: it can't be written.
    """
    extras = extras or Extras()
    public = publish(folder, record, answers, extras.analyses)
    shown = replace(extras, answers={}, analyses=public.analyses, published=public.left_out)
    return write_report(folder, public.record, public.answers, shown)


def page_text(
    record: RunRecord,
    answers: Mapping[str, Answer],
    extras: Extras | None = None,
    drawn: Mapping[str, list[Picture]] | None = None,
) -> str:
    """Return the page as text; see `write_report`.

    Args:
        record: what the run says of itself, with `data_quality`.
        answers: the answers by name.
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
    scripts = [static_text("page.js"), static_text("tooltips.js")]
    library = None
    if content["explorer"]:
        scripts += map(static_text, ("counts.js", "calendar.js", "measures.js", "choices.js", "explorer.js"))
        library = vega()
    if extras.live:
        scripts.append(static_text("live.js"))
    return _template().render(
        # The texts below hold nothing from the data that their makers have not escaped.
        style=Markup(static_text("style.css")),  # noqa: S704
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
    environment.finalize = text.finalized
    environment.filters.update(count=text.count, fixed=text.fixed, shown=text.shown, plural=text.counted)
    return environment.from_string(static_text("template.html.jinja"))


def _hash(script: str) -> str:
    """Return a script's name in a content security policy: no other may run in the page."""
    return f"sha256-{b64encode(sha256(script.encode()).digest()).decode('ascii')}"


def _content(
    record: RunRecord, answers: Mapping[str, Answer], extras: Extras, drawn: Mapping[str, list[Picture]]
) -> dict[str, Any]:
    facts = Facts.of(record)
    ordered = in_order(answers)
    shapes, counts = extras.outlines(record), extras.counts()
    explored = explorer(ordered, counts, facts, shapes) if counts else None
    analysed = {
        each.name: extras.analyses[each.name]
        for each in (*ANALYSES, *OPTIONAL_ANALYSES)
        if each.name in extras.analyses
    }
    everything = {**ordered, **analysed}
    left_out = extras.published or {}
    return {
        "record": record,
        "title": extras.title,
        "note": extras.note,
        "published": extras.published is not None,
        "source": text.shown(record.source, _PATH),
        "source_name": text.shown(record.source.rstrip("/").rpartition("/")[2] or record.source, _NAME),
        "files": [text.shown(file.name, _PATH) for file in record.files[:_FILES]],
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
        "questions": f"{text.in_words(len(ordered)).capitalize()} question{'' if len(ordered) == 1 else 's'}",
        "sections": [
            section_content(
                answer,
                everything,
                facts,
                shapes,
                drawn.get(name) or drawn_charts(answer, everything, facts),
                left_out.get(name, ""),
            )
            for name, answer in ordered.items()
        ],
        "briefing": briefing(extras.analyses, facts),
        "analyses": [
            section_content(each, everything, facts, {}, drawn_charts(each, everything, facts))
            for each in own_sections(ordered, analysed)
        ],
        "explorer": explored,
        "explored": {name: (picture(chart), KEYS[name]) for name, chart in explored.charts.items()}
        if explored
        else {},
        "per_residents": "Per 1,000 residents a year",  # the template's own texts know no locale
        "cautions": cautions.cautions(ordered, facts),
        "methods": methods(published=extras.published is not None),
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
