"""The Spark engine, for `crime-pipelines run --engine spark`: one process, this machine's cores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyspark
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.engine import INCIDENTS, REJECTS, Ingested, Job
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.questions import Question
from crime_pipelines.questions.catalogue import Row
from crime_pipelines.questions.render import render
from crime_pipelines.sources import SourceFile, fetched, refuse_damaged
from crime_pipelines.spark.classes import ClassArchive
from crime_pipelines.spark.lines import Located
from crime_pipelines.spark.session import class_archive, end_java, local_session
from crime_pipelines.spark.versions import drop_superseded
from crime_pipelines.spark.writing import read_versions, write_rows
from crime_pipelines.warehouse.tables import AREAS as AREAS_TABLE

_CAUSE: Final = re.compile(r"Caused by: ([\w.]+(?:: [^\t]*?)?)(?= at |$)")


class SparkEngine:
    """Spark on this machine."""

    def __init__(self) -> None:
        """Nothing is started before it is needed."""
        self._spark: SparkSession | None = None
        self._own = False
        self._classes: ClassArchive | None = None

    def __enter__(self) -> Self:
        """Enter."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the session, unless someone else had opened it."""
        if self._spark is not None and self._own:
            self._spark.stop()
            if self._classes is not None and error is None:
                self._classes.keep()

    def versions(self) -> dict[str, str]:
        """The versions of Spark."""
        return {"pyspark": pyspark.__version__}

    def ingest(self, job: Job) -> Ingested:
        """Read files into typed incidents and rejects; see `Engine.ingest`.

        Args:
            job: what to read, and where to.

        Returns:
            The account of every row.

        Raises:
            PipelineError: the input can't be read, or the output can't be written.
        """
        spark = self._session(job.scratch)
        files = [_located(file, job.scratch, at) for at, file in enumerate(job.files)]
        incidents, rejects = job.folder / INCIDENTS, job.folder / REJECTS
        with self._interruptible(), _errors_in_words(files):
            account = write_rows(
                spark, files, job.shift_years, str(incidents), str(rejects), with_source_file=False
            )
            superseded = drop_superseded(spark, incidents, job.scratch)
            _tidy(incidents, rejects)
            if account.latest is not None:
                self._attach(spark, incidents)
        return Ingested(
            account.read,
            account.versions - superseded,
            superseded,
            account.rejected,
            account.warnings,
            account.latest,
        )

    def answer(self, question: Question, as_of: datetime, shift_years: int) -> list[Row]:
        """The rows that a question's SQL gives; see `Engine.answer`.

        Args:
            question: the question.
            as_of: the moment the answer is as of.
            shift_years: the run's date shift.

        Returns:
            The rows.

        Raises:
            RuntimeError: nothing was ingested.
        """
        if self._spark is None:
            raise RuntimeError("nothing was ingested")
        with self._interruptible():
            rows = self._spark.sql(render(question, "spark", as_of, shift_years)).collect()
        return [tuple(row) for row in rows]

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """An interruption ends Java, and with it the tasks, which would write on."""
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
            self._spark = local_session(scratch, classes=self._classes)
        return self._spark

    def _attach(self, spark: SparkSession, incidents: Path) -> None:
        read_versions(spark, str(incidents)).createOrReplaceTempView("incidents")
        areas = spark.createDataFrame([tuple(area) for area in AREAS], AREAS_TABLE.spark_schema())
        areas.createOrReplaceTempView("areas")


def _located(file: SourceFile, scratch: Path, number: int) -> Located:
    """Put a file where Spark finds it, under a name that holds no wildcard and tells whether it is packed."""
    link = scratch / f"source{number}.csv{'.gz' if file.gzipped else ''}"
    link.symlink_to(fetched(file, scratch, number).absolute())
    return Located(file, str(link))


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
        refuse_damaged(located.file for located in files)
        text = " ".join(str(error).split())
        for located in files:
            if located.path in text:
                raise InputError(f"{located.file.uri}: can't be read ({_cause(text)})") from error
        raise PipelineError(_cause(text)) from error


def _cause(text: str) -> str:
    """The part of Spark's long story that says what happened."""
    found = _CAUSE.findall(text)
    return found[-1] if found else text[:300]
