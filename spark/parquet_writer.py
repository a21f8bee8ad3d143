"""Parquet by year, rejects beside it, and an row_counts of every row.

All rows are written in one pass. Those that are no incident, or not yet known to be one, have no year, so
they lie in a partition of their own, which is then read exactly, looked through and moved: a second pass over
the files would cost as much as the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.fields import Reason
from crime_pipelines.engines.reject_columns import CARRIERS, carrying_sql
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.incidents import LAKE_REJECTS
from crime_pipelines.schema.row_counts import FileRows, RowCounts
from crime_pipelines.spark.counting.by_file import (
    SOURCE_FILE,
    ByFile,
    Versions,
    count_versions,
    forget_source_file,
    read_versions,
)
from crime_pipelines.spark.counting.row_counts import CountedFiles
from crime_pipelines.spark.counting.tally import Tally
from crime_pipelines.spark.files import Located, delete, exists, path_of, reader
from crime_pipelines.spark.line_split import (
    HEADINGS,
    PATH,
    RAW_ROW,
    REPLACEMENT,
    STRUCTURE,
    irregular_records,
)
from crime_pipelines.spark.reading import (
    REASON,
    quick_pass,
    read_exactly,
    read_quickly,
    without_unread,
)
from crime_pipelines.spark.session import unfused

#: What each of `CARRIERS` carries, by its name here.
_KNOWN: Final = {"reason": REASON, "source_file": PATH, "raw_row": RAW_ROW}
_REJECTED: Final = "year=__HIVE_DEFAULT_PARTITION__"
#: Parquet would make a dictionary of their values, find it of no use, and write them again without.
_MOSTLY_UNIQUE: Final = ("id", "case_number", "occurred_at")


def write_rows(
    spark: SparkSession,
    files: Sequence[Located],
    shift_years: int,
    incidents: str,
    rejects: str,
    *,
    with_source_file: bool,
) -> RowCounts:
    """Read files and write them as Parquet.

    Args:
        spark: the session.
        files: the files; without `with_source_file` their names differ.
        shift_years: calendar years to move dates by.
        incidents: the folder for versions of incidents, partitioned by year; one of this machine without
            `with_source_file`.
        rejects: the folder for rejects: reason, source_file, raw_row.
        with_source_file: whether each version says which file it stands in.

    Returns:
        What became of the rows.

    Raises:
        PipelineError: the files can't be read, or rows were lost; nothing is written then.
        pyspark.errors.PySparkException: the files can't be read, or the folders can't be written.
    """
    counts = CountedFiles(spark, files)
    by_file = ByFile.of(counts.files, with_source_file=with_source_file)
    uris = {located.path: located.file.uri for located in files}
    try:
        while True:
            delete(spark, incidents)
            travelled, tally = _write(spark, counts, shift_years, incidents, by_file)
            if counts.found_irregular(tally.irregular(counts.paths)):
                continue
            # Not those without a year: they are rejects, on their way.
            versions = read_versions(spark, incidents).where(F.col("year").isNotNull())
            written = count_versions(versions, by_file, counts.files)
            rows = counts.settle(tally.rejects_by_file(counts.paths) + written.rows)
            if rows is not None:
                break
        named_rejects(travelled, tally, uris).coalesce(1).write.mode("overwrite").parquet(rejects)
        _check_rejects(spark, rejects, tally)
        delete(spark, f"{incidents}/{_REJECTED}")
        made = row_counts(spark, versions, written, tally, rows, counts.in_one_piece)
        if not with_source_file:
            forget_source_file(spark, Path(incidents), by_file, made.incidents)
    except PipelineError:
        delete(spark, incidents)
        delete(spark, rejects)
        raise
    return made


def _write(
    spark: SparkSession, counts: CountedFiles, shift_years: int, incidents: str, by_file: ByFile
) -> tuple[DataFrame, Tally]:
    """Both passes; the rows of theirs that are no incidents, and how many of each kind there are."""
    files, irregular = counts.files, counts.irregular
    partition = f"{incidents}/{_REJECTED}"
    quick = read_quickly(spark, files, shift_years, irregular)
    if quick is not None:
        with quick_pass(spark, files):
            _write_by_year(quick, incidents, by_file)
    travelled = _travelled(spark, partition)
    tally = Tally.of(travelled)
    with ExitStack() as kept:
        exact = read_exactly(spark, travelled if tally.unread else None, files, shift_years, irregular, kept)
        if exact is not None:
            with unfused(spark):
                _write_by_year(exact, incidents, by_file)
            travelled = _travelled(spark, partition)
            tally = Tally.of(travelled)
    return travelled, tally


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
    names = [F.lit(each) for path in paths for each in (path, uris[path_of(path, uris)])]
    named = F.create_map(*names)[F.col(PATH)] if names else F.lit(None).cast("string")
    rejected = without_unread(rows).where(F.col(REASON).isNotNull()).select(REASON, PATH, RAW_ROW)
    return _without_headings(rejected, tally).withColumn(SOURCE_FILE, named).select(*LAKE_REJECTS.names)


def row_counts(
    spark: SparkSession,
    versions: DataFrame,
    written: Versions,
    tally: Tally,
    files: list[FileRows],
    in_one_piece: Sequence[Located],
) -> RowCounts:
    """Count what was read.

    Args:
        spark: the session.
        versions: versions of incidents.
        written: how many there are.
        tally: of the rows that are none.
        files: the rows of each file.
        in_one_piece: the files that were read in one piece: only there are bytes found that are not UTF-8.

    Returns:
        What became of the rows.
    """
    warnings: dict[str, int] = {}
    if written.unreadable:
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
    return RowCounts(files, written.rows.total(), 0, tally.rejected(), warnings, written.latest)


def _write_by_year(rows: DataFrame, folder: str, by_file: ByFile) -> None:
    columns = [*(F.expr(each) for each in carrying_sql(REASON, _KNOWN)), *by_file.columns]
    writer = rows.select(columns).write.partitionBy(*by_file.partitions).mode("append")
    for column in _MOSTLY_UNIQUE:
        writer = writer.option(f"parquet.enable.dictionary#{column}", "false")
    writer.parquet(folder)


def _check_rejects(spark: SparkSession, rejects: str, tally: Tally) -> None:
    """Make sure that as many rejects were written as were counted."""
    counted = sum(tally.rejected().values())
    written = reader(spark).schema(LAKE_REJECTS.spark_schema()).parquet(rejects).count()
    if written != counted:
        raise PipelineError(f"{counted:,} rows were rejected, but {written:,} were written as rejects")


def _travelled(spark: SparkSession, partition: str) -> DataFrame:
    """Return the rows in the partition of rejects, under their proper names."""
    if not exists(spark, partition):
        return spark.createDataFrame([], ", ".join(f"{name} STRING" for name in _KNOWN.values()))
    schema = ", ".join(f"{carrier} STRING" for carrier in CARRIERS.values())
    travelled = reader(spark).schema(schema).parquet(partition)
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
