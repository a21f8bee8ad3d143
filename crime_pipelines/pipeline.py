"""A run: from a SOURCE to an output folder with incidents, rejects, answers and a report."""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from contextvars import copy_context
from datetime import date
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines import __version__
from crime_pipelines.analysis.trend import import_ahead
from crime_pipelines.domain.fields import FIELD
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas, Layout
from crime_pipelines.domain.periods.covered_period import CoveredPeriod, PeriodEnd
from crime_pipelines.engines.base import REJECTS, Engine, Job, find_period
from crime_pipelines.engines.duckdb.original_rejects import restore_rejects
from crime_pipelines.engines.embedded import ask_either, embedded
from crime_pipelines.engines.registry import DEFAULT_ENGINE, open_engine
from crime_pipelines.errors import no_incident
from crime_pipelines.layouts import layout_named
from crime_pipelines.output.atomic_replace import Workplace, refuse_overlap, refuse_place, workplace
from crime_pipelines.output.known_names import names_of_a_run
from crime_pipelines.output.layout import ANALYSIS, ANSWERS, PUBLIC, REPORT
from crime_pipelines.output.record import RunRecord, new_record
from crime_pipelines.quality.gate import Rejects, judge
from crime_pipelines.quality.options import MAX_REJECTED, refuse_share, refuse_shift
from crime_pipelines.quality.reject_files import refuse_folder, write_rejects
from crime_pipelines.quality.warnings import (
    InputWarning,
    field_warnings,
    file_warnings,
    period_warnings,
    quality_warnings,
)
from crime_pipelines.quality.written import values_held, written_rejects
from crime_pipelines.questions import (
    COVERED_PERIOD,
    DATA_QUALITY,
    QUESTIONS,
    Answer,
)
from crime_pipelines.questions.chosen import chosen_analyses
from crime_pipelines.result import RunResult
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.sources import SourceFile, is_spooled, resolve, spool_source
from crime_pipelines.sources.residents import with_residents
from crime_pipelines.sources.storage import refuse_changed, shown
from crime_pipelines.support.background import meanwhile
from crime_pipelines.support.locales import written_as
from crime_pipelines.support.progress import Done, Progress, Silent, StageClock

if TYPE_CHECKING:
    from crime_pipelines.report import Extras
    from crime_pipelines.report.charts.pictures import Picture

_VERSIONS: Final = {"crime-pipelines": __version__, "python": platform.python_version()}
_log = logging.getLogger(__name__)


def run(
    source: str | PathLike[str],
    out: str | PathLike[str],
    *,
    engine: str = DEFAULT_ENGINE,
    engine_options: Mapping[str, str] | None = None,
    shift_years: int = 3,
    as_of: date | None = None,
    max_rejected: float = MAX_REJECTED,
    layout: str | None = None,
    rejects: Path | None = None,
    boundaries: Path | None = None,
    population: Path | None = None,
    analyses: bool = True,
    weather: Path | None = None,
    near_repeats: bool = False,
    title: str = "",
    note: str = "",
    public: bool = False,
    locale: str | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Read incident files, answer the questions and write everything into a folder.

    >>> result = run("crimes.csv.gz", "out", engine="spark", shift_years=0)  # doctest: +SKIP
    >>> result.answers["crime_trend"].records()  # doctest: +SKIP
    [{'direction': 'decreasing', 'change_per_year': -0.031, ...}]

    Args:
        source: a file, a folder, a glob or a URI of incident files (`sources.resolve`), or ``-`` for standard
            input.
        out: the output folder. What an earlier run wrote there is replaced atomically; if the run fails, it
            stays. Files that no run wrote stay in any case.
        engine: the name of an installed engine, such as ``duckdb``, ``spark`` or ``beam``.
        engine_options: choices that this engine knows, by name; see `open_engine`.
        shift_years: calendar years to move every date by.
        as_of: the day that the answers are as of; the end of the covered period unless given. It chooses the
            calendar windows of the answers and leaves no incident out.
        max_rejected: the share of all rows that may be rejected, 0 to 1.
        layout: the layout of the files, by its name or its TOML file; that of each is told by its headings
            unless given.
        rejects: a folder for the rejected rows as `rejects.csv`, which is written even if they are too many.
        boundaries: a GeoJSON file with the areas' true outlines, for the report's map.
        population: a CSV file with the areas' residents; see `read_population`.
        analyses: whether to compare, to forecast and so on, beside the answers.
        weather: a CSV file with daily temperatures, to tell how much of each month is the weather; see
            `read_temperatures`.
        near_repeats: whether to look for near repeats, which takes longer than the other analyses together.
        title: the report's title; the usual one unless given.
        note: what the report is to tell its readers beside the answers.
        public: whether to write `public/` as well: what of page, answers and analyses is fit to be published.
        locale: the locale that the report and the result's display write numbers, dates and times in, such as
            ``de-DE``; texts stay English, files for programs stay as they are. Runs in other threads have
            their own.
        progress: who is told how the run gets on.

    Returns:
        The run's record and its answers.

    Raises:
        InputError: the input can't be read, the output can't be put there, or there is no such locale.
        GateError: more rows are rejected than may be.
        PipelineError: something else went wrong that the user can mend.
    """
    source, out = fspath(source), Path(out)
    _refuse_options(source, shift_years, max_rejected, rejects)
    clock = StageClock(told := progress or Silent())
    found: list[InputWarning] = []

    def warn(text: str) -> None:
        found.append(InputWarning("source", text))
        _log.warning("%s", text, extra={"source": shown(source), "about": "source"})

    with clock.stage("look"):
        named = None if layout is None else layout_named(layout)
        names = names_of_a_run(chosen := chosen_analyses(analyses, weather, near_repeats), public=public)
        files = with_residents(_look(source, out, names, named, warn), population)
        shapes = _shapes(boundaries, (files[0].layout if files else named or CHICAGO).areas)
    with written_as(locale), open_engine(engine, engine_options) as opened, workplace(out) as place:
        if is_spooled(source):
            with clock.stage("spool"):
                files = with_residents(spool_source(source, place.scratch, warn, named), population)
        under_way = threading.Event()

        def report_progress(done: Done) -> None:
            under_way.set()
            told.done(done)

        job = Job(files, place.folder, place.scratch, shift_years, report_progress)
        with clock.stage("read"), meanwhile(import_ahead, under_way), meanwhile(_warm_up, under_way):
            ingested = opened.ingest(job)
        _check_rows(files, ingested)
        _judge_rejects(place, shown(source), files, ingested, max_rejected, rejects)
        with clock.counted("answer", len(QUESTIONS) + 1, "questions") as heard:
            period, period_end = _period(opened, place.folder, ingested, shown(source))
            record = new_record(
                engine, shown(source), ingested, shift_years, as_of, period, job.layout, population
            )
            when = (record.as_of, record.shift_years, record.covered_period)
            ask = partial(ask_either, opened, place.folder, areas=record.known_areas)
            answers = ask(QUESTIONS, *when, answered=heard)
            (record.data_quality,) = ask([DATA_QUALITY], *when, answered=heard)[DATA_QUALITY.name].records()
            record.versions = {**_VERSIONS, **opened.versions()}
            of_data = [
                *period_warnings(period, period_end),
                *field_warnings(
                    record.warnings, values_held(place.folder, set(record.warnings) & set(FIELD)), files
                ),
                *file_warnings(files, ingested.rows_by_file, record.superseded),
                *quality_warnings(record.data_quality),
            ]
            record.input_warnings += [*found, *of_data]
            _write_answers(place.folder / ANSWERS, answers)
        with clock.stage("report"):
            from crime_pipelines.report import Extras, draw_answers, report_questions

            with ThreadPoolExecutor(1) as pool:
                drawing = pool.submit(copy_context().run, draw_answers, record, answers)
                beside = ask(report_questions(record, shapes), *when)
                analysed = ask(chosen, *when)
            extras = Extras(beside, shapes, analyses=analysed, title=title, note=note)
            _write_pages(place.folder, record, answers, extras, drawing.result(), public)
        record.seconds = clock.seconds
        record.write(place.folder)
        told.stage("publish")
        aside = place.publish()
    _log_end(record, of_data, out, aside)
    return RunResult(record, answers, analysed, out, locale)


def _look(
    source: str, out: Path, names: Iterable[str], layout: Layout | None, warn: Callable[[str], None]
) -> list[SourceFile]:
    """Find the files, none yet of what is spooled, and refuse a place that an output can't have."""
    files = [] if is_spooled(source) else resolve(source, warn, layout)
    refuse_overlap(out, [file.location for file in files if file.is_local])
    refuse_place(out, names)
    return files


def _refuse_options(source: str, shift_years: int, max_rejected: float, rejects: Path | None) -> None:
    refuse_shift(shift_years)
    refuse_share(max_rejected)
    if rejects:
        refuse_folder(rejects, source)


def _check_rows(files: Sequence[SourceFile], ingested: RowCounts) -> None:
    for file in ingested.files:
        file.check()
    refuse_changed(files)


def _judge_rejects(
    place: Workplace,
    source: str,
    files: Sequence[SourceFile],
    ingested: RowCounts,
    max_rejected: float,
    folder: Path | None,
) -> None:
    """Refuse an input of which too much was rejected; write the rejected rows if asked."""
    rejects = Rejects({}, {})
    if ingested.rejected:
        if any(file.form.is_rewritten for file in files):
            restore_rejects(place.folder / REJECTS, files, place.scratch)
        rejects = written_rejects(place.folder)
    if folder:
        write_rejects(place.folder, folder)
    judge(source, files, ingested.rows_by_file, ingested.rejected, rejects, max_rejected)


def _write_answers(folder: Path, answers: Mapping[str, Answer]) -> None:
    if answers:
        folder.mkdir()
    for name, answer in answers.items():
        answer.write_csv(folder / f"{name}.csv")


def _write_pages(
    folder: Path,
    record: RunRecord,
    answers: Mapping[str, Answer],
    extras: Extras,
    drawn: Mapping[str, list[Picture]],
    public: bool,
) -> None:
    from crime_pipelines.report import write_public, write_report

    _write_answers(folder / ANALYSIS, extras.analyses)
    write_report(folder / REPORT, record, answers, extras, drawn)
    if public:
        write_public(folder / PUBLIC, record, answers, extras)


def _log_end(record: RunRecord, warnings: Iterable[InputWarning], out: Path, aside: Path | None) -> None:
    for warning in warnings:
        _log.warning(
            warning.text, extra={"source": record.source, "output": str(out), "about": warning.about}
        )
    if aside:
        _log.warning("%s: files that were put there meanwhile are now in %s", out, aside)
    names = ("read", "incidents", "superseded", "rejected", "seconds")
    _log.info("run finished", extra={name: getattr(record, name) for name in names})


def _period(engine: Engine, folder: Path, rows: RowCounts, source: str) -> tuple[CoveredPeriod, PeriodEnd]:
    if not rows.incidents:
        raise no_incident(source, rows.rejected, rows.deleted)
    knows = engine.can_answer(COVERED_PERIOD, None)
    with nullcontext(engine) if knows else embedded(folder) as reading:
        found = find_period(reading)
    if found is None:
        raise no_incident(source, rows.rejected, rows.deleted)
    return found


def _shapes(boundaries: Path | None, areas: Areas) -> Mapping[int, Any] | None:
    if boundaries is None:
        return None
    from crime_pipelines.report.charts.geojson import read_boundaries

    return read_boundaries(boundaries, areas)


def _warm_up() -> None:
    from crime_pipelines.report import warm_up  # takes its time to import

    warm_up()
