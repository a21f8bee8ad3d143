"""Parquet by year, rejects beside it, and an account of every row.

All rows are written in one pass. Those that are no incident, or not yet known to be one, have no year, so
they lie in a partition of their own, which is then read exactly, looked through and moved: a second pass over
the files would cost as much as the first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.schema import Reason
from crime_pipelines.raw_rows import CARRIERS, carrying_sql
from crime_pipelines.spark.files import delete, exists, literally
from crime_pipelines.spark.lines import (
    HEADINGS,
    IRREGULAR,
    PATH,
    RAW_ROW,
    REPLACEMENT,
    STRUCTURE,
    Located,
    irregular_records,
)
from crime_pipelines.spark.reading import (
    REASON,
    is_unread,
    quick_pass,
    read_exactly,
    read_quickly,
    without_unread,
)
from crime_pipelines.spark.session import unfused
from crime_pipelines.warehouse.tables import LAKE_INCIDENTS, LAKE_REJECTS

#: What each of `CARRIERS` carries, by its name here.
_KNOWN: Final = {"reason": REASON, "source_file": PATH, "raw_row": RAW_ROW}
_REJECTED: Final = "year=__HIVE_DEFAULT_PARTITION__"
SOURCE_FILE: Final = "source_file"
#: Parquet would make a dictionary of their values, find it of no use, and write them again without.
_MOSTLY_UNIQUE: Final = ("id", "case_number", "occurred_at")
_LOCAL: Final = re.compile("^file:/+")


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the rows.

    Attributes:
        versions: versions of incidents written.
        rejected: rows rejected, by reason.
        warnings: texts that could not be read, by field.
        latest: the latest `occurred_at`, shifted; None without incidents.
    """

    versions: int
    rejected: dict[str, int]
    warnings: dict[str, int]
    latest: datetime | None

    @property
    def read(self) -> int:
        """Rows read."""
        return self.versions + sum(self.rejected.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows there are of each kind.

    Attributes:
        rows: the number by what stands in `REASON` (None for an incident) and `PATH`.
    """

    rows: Mapping[tuple[str | None, str], int]

    @classmethod
    def of(cls, rows: DataFrame) -> Tally:
        """Count rows.

        Args:
            rows: of them `REASON` and `PATH`.

        Returns:
            The tally; as many numbers as there are reasons in each file.
        """
        counted = rows.groupBy(REASON, PATH).count().collect()
        return cls({(row[0], row[1]): row[2] for row in counted})

    def __add__(self, other: Tally) -> Tally:
        """The tally of both tallies' rows."""
        return Tally(Counter(self.rows) + Counter(other.rows))

    @property
    def unread(self) -> bool:
        """Whether the quick pass left rows unread."""
        return any(is_unread(reason) for reason, _ in self.rows)

    @property
    def further_headings(self) -> int:
        """Lines of headings beyond a file's first."""
        return sum(count - 1 for (reason, _), count in self.rows.items() if reason == HEADINGS)

    def rejected(self) -> dict[str, int]:
        """The number of rejects by reason, in the order of the reasons."""
        counts = Counter({Reason.BAD_ID.value: self.further_headings})
        for (reason, _), count in self.rows.items():
            if reason is not None and reason != HEADINGS and not is_unread(reason):
                counts[reason] += count
        return dict(sorted((+counts).items()))


def write_rows(
    spark: SparkSession,
    files: Sequence[Located],
    shift_years: int,
    incidents: str,
    rejects: str,
    *,
    with_source_file: bool,
) -> Account:
    """Read files and write them as Parquet.

    Args:
        spark: the session.
        files: the files.
        shift_years: calendar years to move dates by.
        incidents: the folder for versions of incidents, partitioned by year.
        rejects: the folder for rejects: reason, source_file, raw_row.
        with_source_file: whether each version says which file it stands in.

    Returns:
        What became of the rows.

    Raises:
        pyspark.errors.PySparkException: the files can't be read, or the folders can't be written.
    """
    uris = {located.path: located.file.uri for located in files}
    partition = f"{incidents}/{_REJECTED}"
    irregular: set[str] = set()
    while True:
        delete(spark, incidents)
        quick = read_quickly(spark, files, shift_years, irregular)
        if quick is not None:
            with quick_pass(spark, files):
                _write_by_year(quick, incidents, with_source_file)
        travelled = _travelled(spark, partition)
        tally = Tally.of(travelled)
        exact = read_exactly(spark, travelled if tally.unread else None, files, shift_years, irregular)
        if exact is not None:
            with unfused(spark):
                _write_by_year(exact, incidents, with_source_file)
            travelled = _travelled(spark, partition)
            tally = Tally.of(travelled)
        if not add_irregular(tally, irregular, uris):
            break
    named_rejects(travelled, tally, uris).coalesce(1).write.mode("overwrite").parquet(rejects)
    delete(spark, partition)
    in_one_piece = [each for each in files if each.path in irregular]
    return account(spark, read_versions(spark, incidents), tally, in_one_piece)


def read_versions(spark: SparkSession, incidents: str) -> DataFrame:
    """The versions of incidents that `write_rows` wrote.

    Args:
        spark: the session.
        incidents: their folder.

    Returns:
        `schema.COLUMNS`, and `source_file` where it was written.
    """
    return spark.read.schema(LAKE_INCIDENTS.spark_schema()).parquet(literally(incidents))


def source_file() -> Column:
    """The file that a row stands in, by its URI as people write it, from `PATH`."""
    # URL_DECODE reads forms, where a plus is a space; in paths it is none.
    return F.expr(f"URL_DECODE(REPLACE({PATH}, '+', '%2B'))")


def add_irregular(tally: Tally, irregular: set[str], uris: Mapping[str, str]) -> bool:
    """Find out which files must be read again, in one piece.

    Args:
        tally: what was read.
        irregular: the paths of the files that were read so; those found are added.
        uris: every file's name by its path.

    Returns:
        Whether there are any.
    """
    found = {_named(path, uris) for reason, path in tally.rows if reason == IRREGULAR}
    if found & irregular:
        raise AssertionError(f"read in one piece and still irregular: {', '.join(sorted(found))}")
    irregular |= found
    return bool(found)


def named_rejects(rows: DataFrame, tally: Tally, uris: Mapping[str, str]) -> DataFrame:
    """Rejects under the names that the user knows their files by, without the files' headings.

    Args:
        rows: `REASON`, `PATH` and `RAW_ROW` of rows, incidents and rows left unread perhaps among them.
        tally: of those rows, or of more.
        uris: every file's name by its path.

    Returns:
        The columns of `LAKE_REJECTS`.
    """
    paths = sorted({path for reason, path in tally.rows if reason is not None})
    names = [F.lit(each) for path in paths for each in (path, uris[_named(path, uris)])]
    named = F.create_map(*names)[F.col(PATH)] if names else F.lit(None).cast("string")
    rejected = without_unread(rows).where(F.col(REASON).isNotNull()).select(REASON, PATH, RAW_ROW)
    return _without_headings(rejected, tally).withColumn(SOURCE_FILE, named).select(*LAKE_REJECTS.names)


def account(
    spark: SparkSession, versions: DataFrame, tally: Tally, in_one_piece: Sequence[Located]
) -> Account:
    """Count what was read.

    Args:
        spark: the session.
        versions: versions of incidents.
        tally: of the rows that are none.
        in_one_piece: the files that were read in one piece: only there are bytes found that are not UTF-8.

    Returns:
        What became of the rows.
    """
    totals = versions.agg(F.count("*"), F.max("occurred_at"), F.count("unreadable"))
    count, latest, unread = totals.collect()[0]
    warnings: dict[str, int] = {}
    if unread:
        texts = versions.where("unreadable IS NOT NULL")
        fields = texts.select(F.explode(F.split("unreadable", ",")).alias("field"))
        warnings = {row[0]: row[1] for row in fields.groupBy("field").count().orderBy("field").collect()}
    undecodable = sum(
        irregular_records(spark, each)
        .where(F.col(STRUCTURE).isNull() & F.col(RAW_ROW).contains(REPLACEMENT))
        .count()
        for each in in_one_piece
    )
    if undecodable:
        warnings["encoding"] = undecodable
    return Account(count, tally.rejected(), warnings, latest)


def _write_by_year(rows: DataFrame, folder: str, with_source_file: bool) -> None:
    columns = [F.expr(each) for each in carrying_sql(REASON, _KNOWN)]
    if with_source_file:
        columns.append(source_file().alias(SOURCE_FILE))
    writer = rows.select(columns).write.partitionBy("year").mode("append")
    for column in _MOSTLY_UNIQUE:
        writer = writer.option(f"parquet.enable.dictionary#{column}", "false")
    writer.parquet(folder)


def _travelled(spark: SparkSession, partition: str) -> DataFrame:
    """The rows in the partition of rejects, under their proper names."""
    if not exists(spark, partition):
        return spark.createDataFrame([], ", ".join(f"{name} STRING" for name in _KNOWN.values()))
    schema = ", ".join(f"{carrier} STRING" for carrier in CARRIERS.values())
    travelled = spark.read.schema(schema).parquet(literally(partition))
    return travelled.select(*(F.col(carrier).alias(_KNOWN[what]) for what, carrier in CARRIERS.items()))


def _without_headings(rejected: DataFrame, tally: Tally) -> DataFrame:
    """Drop one line of headings a file; further ones are rows whose id is none."""
    others = rejected.where(F.col(REASON) != HEADINGS)
    if not tally.further_headings:
        return others
    further = (
        rejected.where(F.col(REASON) == HEADINGS)
        .groupBy(PATH)
        .agg(F.collect_list(RAW_ROW).alias("lines"))
        .select(
            F.lit(Reason.BAD_ID.value).alias(REASON),
            PATH,
            F.explode(F.expr("SLICE(lines, 2, GREATEST(SIZE(lines) - 1, 0))")).alias(RAW_ROW),
        )
    )
    return others.unionByName(further)


def _named(path: str, uris: Mapping[str, str]) -> str:
    """A file's path as it was given to Spark, from how Spark says it: as a URI, percent-encoded."""
    name = _LOCAL.sub("/", unquote(path))
    if name not in uris:
        raise KeyError(path)
    return name
