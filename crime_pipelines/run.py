"""A run: from a SOURCE to an output folder with incidents, rejects, five answers and a report."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

from crime_pipelines import __version__
from crime_pipelines.domain.dates import GREATEST_SHIFT, end_of_day
from crime_pipelines.engine import DEFAULT_ENGINE, Engine, Ingested, Job, ask, open_engine
from crime_pipelines.errors import InputError, PipelineError, no_incident
from crime_pipelines.output import refuse_overlap, workplace
from crime_pipelines.questions import DATA_QUALITY, EARLIEST_AS_OF, QUESTIONS, REPORT_QUESTIONS, Answer
from crime_pipelines.questions.trend import import_ahead
from crime_pipelines.record import RunRecord
from crime_pipelines.sources import resolve

ANSWERS: Final = "answers"
REPORT: Final = "report"
#: What is done meanwhile begins so many seconds after the reading at the latest; DuckDB has planned by then.
_LATEST: Final = 0.25

_log = logging.getLogger(__name__)


class Progress(Protocol):
    """Someone who is told how a run gets on."""

    def stage(self, name: str) -> None:
        """A stage begins.

        Args:
            name: what it does, such as ``read``.
        """
        ...

    def share(self, done: float) -> None:
        """The stage gets on.

        Args:
            done: the share of it that is done, 0 to 1.
        """
        ...


class Silent:
    """Nobody is told."""

    def stage(self, name: str) -> None:
        """Do nothing."""

    def share(self, done: float) -> None:
        """Do nothing."""


def run(
    source: str,
    out: Path,
    *,
    engine: str = "duckdb",
    engine_options: Mapping[str, str] | None = None,
    shift_years: int = 3,
    as_of: date | None = None,
    boundaries: Path | None = None,
    progress: Progress | None = None,
) -> tuple[RunRecord, Mapping[str, Answer]]:
    """Read incident files, answer the five questions and write all of it into a folder.

    Args:
        source: a file, a folder, a glob or a URI of CSV files, plain or gzipped.
        out: the folder; its content is replaced at the end, at once, or left as it was.
        engine: the engine that reads and counts.
        engine_options: choices that this engine knows, by name; see `open_engine`.
        shift_years: calendar years to move every date by.
        as_of: the day that the answers are as of; the latest incident's moment unless given. It chooses the
            calendar windows of the answers and leaves no incident out.
        boundaries: a GeoJSON file with the areas' true outlines, for the report's map.
        progress: who is told how the run gets on.

    Returns:
        What the run says of itself, and the answers by name.

    Raises:
        InputError: the input can't be read, or the output can't be put there.
        PipelineError: something else went wrong that the user can mend.
    """
    if abs(shift_years) > GREATEST_SHIFT:
        raise InputError(f"--shift-years {shift_years}: a shift is at most {GREATEST_SHIFT} years")
    told = progress or Silent()
    clock = _Clock(told)
    with clock.stage("look"):
        files = resolve(source)
        refuse_overlap(out, [file.uri for file in files])
        shapes = _shapes(boundaries)
    with open_engine(engine, engine_options) as opened, workplace(out) as place:
        under_way = threading.Event()

        def share(done: float) -> None:
            under_way.set()
            told.share(done)

        with clock.stage("read"), _meanwhile(import_ahead, under_way), _meanwhile(_warm_up, under_way):
            ingested = opened.ingest(Job(files, place.folder, place.scratch, shift_years, share))
        record = _record(engine, source, [file.uri for file in files], ingested, shift_years, as_of)
        with clock.stage("answer"):
            answers = ask(opened, QUESTIONS, record.as_of, shift_years)
            quality = ask(opened, [DATA_QUALITY], record.as_of, shift_years)
            (record.data_quality,) = quality[DATA_QUALITY.name].records()
            (place.folder / ANSWERS).mkdir()
            for name, answer in answers.items():
                answer.write_csv(place.folder / ANSWERS / f"{name}.csv")
        record.versions = {
            "crime-pipelines": __version__,
            "python": platform.python_version(),
            **opened.versions(),
        }
        with clock.stage("report"):
            from crime_pipelines.report import Extras, draw_answers, write_report

            with ThreadPoolExecutor(1) as pool:
                drawing = pool.submit(draw_answers, record, answers)
                beside = _beside(opened if engine == DEFAULT_ENGINE else None, place.folder, record)
            extras = Extras(beside, shapes)
            write_report(place.folder / REPORT, record, answers, extras, drawing.result())
        record.seconds = clock.seconds
        record.write(place.folder)
        told.stage("publish")
        aside = place.publish()
    if aside:
        _log.warning("%s held something else than a run's output; it is now %s", out, aside)
    _log.info(
        "run finished",
        extra={
            "read": record.read,
            "incidents": record.incidents,
            "superseded": record.superseded,
            "rejected": record.rejected,
            "seconds": record.seconds,
        },
    )
    return record, answers


def _record(
    engine: str, source: str, files: list[str], ingested: Ingested, shift_years: int, as_of: date | None
) -> RunRecord:
    if ingested.latest is None:
        raise no_incident(source, ingested.rejected)
    moment = ingested.latest if as_of is None else end_of_day(as_of)
    if moment < EARLIEST_AS_OF:
        raise InputError(
            f"{source}: answers as of {moment.date()} would look back to before year 1"
            f"{'' if as_of else ', and no incident is later'}"
        )
    record = RunRecord(
        engine=engine,
        source=source,
        files=files,
        read=ingested.read,
        incidents=ingested.incidents,
        superseded=ingested.superseded,
        rejected=ingested.rejected,
        warnings=ingested.warnings,
        shift_years=shift_years,
        as_of=moment,
    )
    if record.imbalance():
        raise PipelineError(
            f"{record.imbalance():,} of {record.read:,} rows are unaccounted for; nothing was written"
        )
    return record


def _shapes(boundaries: Path | None) -> Mapping[int, Any] | None:
    if boundaries is None:
        return None
    from crime_pipelines.report.boundaries import read_boundaries

    return read_boundaries(boundaries)


def _beside(opened: Engine | None, folder: Path, record: RunRecord) -> dict[str, Answer]:
    """What the report shows beside the answers, asked of the incidents that the run has written.

    The engines that count block by block keep nothing that these questions could be asked of.
    """
    if opened:
        return ask(opened, REPORT_QUESTIONS, record.as_of, record.shift_years)
    from crime_pipelines.embedded.engine import DuckDBEngine

    with DuckDBEngine() as reading:
        reading.attach(folder)
        return ask(reading, REPORT_QUESTIONS, record.as_of, record.shift_years)


def _warm_up() -> None:
    from crime_pipelines.report import warm_up  # takes its time to import

    warm_up()


@contextmanager
def _meanwhile(work: Callable[[], object], under_way: threading.Event) -> Iterator[None]:
    """Do something in a thread of its own; it is done when the block is left.

    It begins once `under_way` is set, or after `_LATEST` seconds: imports leave little of Python's lock to an
    engine that is about to begin.
    """

    def begin() -> None:
        under_way.wait(_LATEST)
        work()

    thread = threading.Thread(target=begin, name="meanwhile")
    thread.start()
    try:
        yield
    finally:
        under_way.set()
        thread.join()


class _Clock:
    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._progress.stage(name)
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 3)
