"""The Spark engine, for `crime-pipelines run --engine spark`: one process, this machine's cores."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pyspark
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.engines.base import INCIDENTS, REJECTS, Engine, Job, reporting
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.questions import ANALYSES, REPORT_QUESTIONS, Question
from crime_pipelines.questions.model import Row
from crime_pipelines.questions.render import render
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.schema.warehouse import AREAS as AREAS_TABLE
from crime_pipelines.sources.file import fetched
from crime_pipelines.spark.class_archive import ClassArchive
from crime_pipelines.spark.counting.by_file import read_versions
from crime_pipelines.spark.counting.driver_counts import count_here
from crime_pipelines.spark.counting.progress import SparkProgress
from crime_pipelines.spark.files import Located
from crime_pipelines.spark.java_process import end_java
from crime_pipelines.spark.parquet_writer import write_rows
from crime_pipelines.spark.session import class_archive, local_session
from crime_pipelines.spark.versions import drop_superseded
from crime_pipelines.support.cores import usable_cores

_CAUSE: Final = re.compile(r"Caused by: ([\w.]+(?:: [^\t]*?)?)(?= at |$)")


class SparkEngine(Engine):
    """Spark on this machine."""

    def __init__(self) -> None:
        """Nothing is started before it is needed."""
        self._spark: SparkSession | None = None
        self._own = False
        self._classes: ClassArchive | None = None
        self._links = ExitStack()

    def close(self) -> None:
        """Stop the session, unless someone else had opened it."""
        with self._links:
            if self._spark is not None and self._own:
                self._spark.stop()

    def versions(self) -> dict[str, str]:
        """Return the versions of Spark."""
        return {"pyspark": pyspark.__version__}

    def ingest(self, job: Job) -> RowCounts:
        """Read files into typed incidents and rejects; see `Engine.ingest`.

        Args:
            job: what to read, and where to.

        Returns:
            The row_counts of every row.

        Raises:
            PipelineError: the input can't be read, or the output can't be written.
        """
        incidents, rejects = job.folder / INCIDENTS, job.folder / REJECTS
        progress = SparkProgress(job.files)
        with reporting(progress.done, job.report_progress), _located(job, progress) as files:
            spark = self._session(job.scratch)
            progress.paths, progress.spark = [each.path for each in files], spark
            with self._interruptible(), _errors_in_words(files):
                row_counts = write_rows(
                    spark, files, job.shift_years, str(incidents), str(rejects), with_source_file=False
                )
                dropped = drop_superseded(spark, incidents, job.scratch, may_delete=job.may_delete)
                kept = row_counts.incidents
                if dropped.superseded:
                    kept = read_versions(spark, str(incidents)).count()
                _tidy(incidents, rejects)
                if row_counts.latest is not None:
                    self._attach(spark, incidents, job.layout.areas)
        return replace(row_counts, incidents=kept, superseded=dropped.superseded, deleted=dropped.deleted)

    def can_answer(self, question: Question, as_of: datetime | None) -> bool:
        """Leave the analyses and the report's questions to DuckDB, which answers in a fraction of the time.

        Args:
            question: the question.
            as_of: the moment the answer is as of; None for the end of the covered period.

        Returns:
            Whether the question is one of the answers, or says what the data are.
        """
        return question not in (*REPORT_QUESTIONS, *ANALYSES)

    def answer(
        self,
        question: Question,
        as_of: datetime | None,
        shift_years: int,
        covered: CoveredPeriod | None = None,
    ) -> list[Row]:
        """Evaluate a question's SQL; see `Engine.answer`.

        Args:
            question: the question.
            as_of: the moment the answer is as of; None for the end of the covered period.
            shift_years: the run's date shift.
            covered: the covered period of the incidents.

        Returns:
            The rows.

        Raises:
            RuntimeError: nothing was ingested.
        """
        if self._spark is None:
            raise RuntimeError("nothing was ingested")
        with self._interruptible():
            rows = self._spark.sql(render(question, "spark", as_of, shift_years, covered=covered)).collect()
        if self._classes is not None:
            self._classes.keep()
        return [tuple(row) for row in rows]

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """End Java at an interruption, and with it the tasks, which would write on."""
        try:
            yield
        except KeyboardInterrupt:
            if self._spark is not None and self._own:
                self._spark.stop()
                self._spark = None
                end_java()
            raise

    def _session(self, scratch: Path) -> SparkSession:
        if self._spark is None:
            self._own = SparkSession.getActiveSession() is None
            if self._own:
                self._classes = class_archive(make=True)
            folder = self._links.enter_context(_without_comma(scratch))
            self._spark = local_session(folder, classes=self._classes)
        return self._spark

    def _attach(self, spark: SparkSession, incidents: Path, areas: Areas) -> None:
        read_versions(spark, str(incidents)).createOrReplaceTempView("incidents")
        table = spark.createDataFrame([tuple(area) for area in areas.all], AREAS_TABLE.spark_schema())
        table.createOrReplaceTempView("areas")


@contextmanager
def _without_comma(folder: Path) -> Iterator[Path]:
    """Return a path to a folder that holds no comma, for a setting that Spark reads as a list of folders."""
    if "," not in str(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="crime-pipelines-") as name:
        link = Path(name, "scratch")
        link.symlink_to(folder)
        yield link


@contextmanager
def _located(job: Job, progress: SparkProgress) -> Iterator[list[Located]]:
    """Put files where Spark finds them, unpacked, under names that hold no wildcard, and count their rows."""
    with ThreadPoolExecutor(usable_cores()) as pool:
        files: list[Located] = []
        try:
            for number, file in enumerate(job.files):
                here = file.at(fetched(file, job.scratch, number))
                path = job.scratch / f"source{number}.csv"
                if not file.form.is_plain:  # a packed file would be one task
                    count = pool.submit(count_here, here, path, progress.meter(file))
                else:
                    path.symlink_to(Path(here.location).absolute())
                    count = pool.submit(count_here, here, None, progress.meter(file))
                files.append(Located(file, str(path), count))
            for located in files:
                if not located.file.form.is_plain and located.count is not None:
                    located.count.result()
            yield files
        finally:
            for located in files:
                if located.count is not None:
                    located.count.cancel()


def _tidy(*folders: Path) -> None:
    """Remove the checksums that Hadoop puts beside local files."""
    for folder in folders:
        for path in folder.rglob(".*.crc"):
            path.unlink()


@contextmanager
def _errors_in_words(files: list[Located]) -> Iterator[None]:
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        for located in files:
            if located.count is not None:
                located.count.result()  # what is wrong with a file is said there
        text = " ".join(str(error).split())
        for located in files:
            if located.path in text:
                raise InputError(f"{located.file.uri}: can't be read ({_cause(text)})") from error
        raise PipelineError(_cause(text)) from error


def _cause(text: str) -> str:
    """Find the part of Spark's long message that says what happened."""
    found = _CAUSE.findall(text)
    return found[-1] if found else text[:300]
