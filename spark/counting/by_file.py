"""The file of each written version of an incident, so that the rows of each file can be counted.

The lake and the warehouse keep that in a column. The output of a run on one machine has no such column:

- The versions of large files lie in a folder for each file at first, and are moved out of it. That takes no
  time, but makes a file of Parquet for each year of each file.
- Those of small files have the column at first, and are written again without it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import Final
from uuid import uuid4

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.errors import PipelineError
from crime_pipelines.questions import COVERED_PERIOD, period_of
from crime_pipelines.questions.render import render
from crime_pipelines.schema.incidents import LAKE_INCIDENTS
from crime_pipelines.spark.files import Located, path_of_uri, reader
from crime_pipelines.spark.line_split import PATH

SOURCE_FILE: Final = "source_file"
#: Files of fewer bytes than this, on average, are small.
_SMALL: Final = 16 << 20


class ByFile(Enum):
    """The way in which versions tell their file."""

    COLUMN = auto()
    FOLDER = auto()
    ALONE = auto()

    @classmethod
    def of(cls, files: Sequence[Located], *, with_source_file: bool) -> ByFile:
        """Choose a way.

        Args:
            files: the files.
            with_source_file: whether the output is to have the column.

        Returns:
            The way; `ALONE` for a single file, without a column.
        """
        if with_source_file:
            return cls.COLUMN
        if len(files) == 1:
            return cls.ALONE
        return cls.COLUMN if sum(each.size for each in files) < _SMALL * len(files) else cls.FOLDER

    @property
    def partitions(self) -> list[str]:
        """The columns that make folders."""
        return ["year", SOURCE_FILE] if self is ByFile.FOLDER else ["year"]

    @property
    def columns(self) -> list[Column]:
        """The columns to write beside `fields.COLUMNS`, over rows that have `PATH`."""
        if self is ByFile.ALONE:
            return []
        if self is ByFile.COLUMN:
            return [source_file().alias(SOURCE_FILE)]
        return [F.expr(f"SUBSTRING_INDEX({PATH}, '/', -1)").alias(SOURCE_FILE)]

    def paths(self, names: Iterable[str], files: Sequence[Located]) -> list[str]:
        """Find the files that versions stand in.

        Args:
            names: what is in their column.
            files: the files.

        Returns:
            The path for each name.
        """
        if self is ByFile.ALONE:
            return [files[0].path for _ in names]
        if self is ByFile.COLUMN:
            known = {each.path for each in files}
            return [path_of_uri(name, known) for name in names]
        by_name = {Path(each.path).name: each.path for each in files}
        return [by_name[name] for name in names]


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of incidents, counted as they were written.

    Attributes:
        rows: their number, by the path of the file.
        latest: the latest `occurred_at`; None where there are none.
        unreadable: those with a text that could not be read.
    """

    rows: Counter[str]
    latest: datetime | None
    unreadable: int


def read_versions(spark: SparkSession, incidents: str) -> DataFrame:
    """Return the versions of incidents that `write_rows` wrote.

    Args:
        spark: the session.
        incidents: their folder.

    Returns:
        `schema.COLUMNS`, and `source_file` where it was written.
    """
    return reader(spark).schema(LAKE_INCIDENTS.spark_schema()).parquet(incidents)


def source_file() -> Column:
    """Return the file that a row stands in, by its URI as people write it, from `PATH`."""
    # URL_DECODE reads forms, where a plus is a space; in paths it is none.
    return F.expr(f"URL_DECODE(REPLACE({PATH}, '+', '%2B'))")


def count_versions(versions: DataFrame, by_file: ByFile, files: Sequence[Located]) -> Versions:
    """Count versions of incidents.

    Args:
        versions: the versions.
        by_file: how they tell which file they stand in.
        files: the files.

    Returns:
        The counts.
    """
    by = [] if by_file is ByFile.ALONE else [SOURCE_FILE]
    counts = versions.groupBy(*by).agg(F.count("*"), F.max("occurred_at"), F.count("unreadable")).collect()
    paths = by_file.paths([count[0] for count in counts], files)
    rows: Counter[str] = Counter()
    for path, (*_, number, _, _) in zip(paths, counts, strict=True):
        rows[path] += number
    latest = max((moment for *_, moment, _ in counts if moment is not None), default=None)
    return Versions(rows, latest, sum(unreadable for *_, unreadable in counts))


def covered_to(spark: SparkSession, versions: DataFrame) -> datetime | None:
    """Find the end of the covered period of versions of incidents.

    Args:
        spark: the session.
        versions: the versions.

    Returns:
        Its last moment, local civil time; None where there are none.
    """
    name = f"versions_{uuid4().hex}"
    versions.where("occurred_at IS NOT NULL").createTempView(name)  # tombstones have none
    try:
        statement = render(COVERED_PERIOD, "spark", None, tables={"incidents": name})
        found = period_of([tuple(row) for row in spark.sql(statement).collect()])
    finally:
        spark.catalog.dropTempView(name)
    return found[0].last if found else None


def forget_source_file(spark: SparkSession, incidents: Path, by_file: ByFile, rows: int) -> None:
    """Make a local folder of versions what it would be if nothing told which file they stand in.

    Args:
        spark: the session.
        incidents: the folder, partitioned by year.
        by_file: how they tell.
        rows: the number of versions.

    Raises:
        PipelineError: rows were lost on the way.
    """
    if by_file is ByFile.FOLDER:
        for folder in incidents.glob(f"*/{SOURCE_FILE}=*"):
            _, _, name = folder.name.partition("=")
            for path in folder.glob("*.parquet"):
                path.rename(folder.parent / f"{name}-{path.name}")
            shutil.rmtree(folder)
    elif by_file is ByFile.COLUMN and rows:
        without = incidents.with_name(f".{incidents.name}")
        versions = read_versions(spark, str(incidents)).drop(SOURCE_FILE)
        versions.write.partitionBy("year").parquet(str(without))
        shutil.rmtree(incidents)
        without.rename(incidents)
    else:
        return
    left = read_versions(spark, str(incidents)).count() if rows else 0
    if left != rows:
        raise PipelineError(f"{rows:,} rows were written as incidents, but {left:,} are left of them")
