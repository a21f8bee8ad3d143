"""Straight into BigQuery, with Google's connector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.schema.warehouse import INCIDENT_VERSIONS, REJECTS
from crime_pipelines.spark.counting.by_file import SOURCE_FILE, ByFile, count_versions, source_file
from crime_pipelines.spark.counting.row_counts import CountedFiles
from crime_pipelines.spark.counting.tally import Tally
from crime_pipelines.spark.files import Located
from crime_pipelines.spark.parquet_writer import named_rejects, row_counts
from crime_pipelines.spark.reading import REASON, quick_pass, read_exactly, read_quickly, without_unread
from crime_pipelines.spark.session import unfused


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an attempt, read and counted.

    Attributes:
        row_counts: what became of them.
        versions: versions of incidents, by `schema.COLUMNS` and `source_file`.
        rejects: rejects, by the columns of `LAKE_REJECTS`.
    """

    row_counts: RowCounts
    versions: DataFrame
    rejects: DataFrame

    def append(self, settings: Settings, manifest: Manifest) -> None:
        """Append them to the warehouse's tables, which exist.

        Args:
            settings: the settings.
            manifest: the attempt, whose name every row carries.

        Raises:
            pyspark.errors.PySparkException: BigQuery refuses; what was appended stays, and counts for nothing
                until the attempt is settled.
        """
        for rows, table in ((self.versions, INCIDENT_VERSIONS), (self.rejects, REJECTS)):
            _append(_marked(rows, table, manifest), settings, table)


@contextmanager
def append_rows(spark: SparkSession, files: Sequence[Located], shift_years: int) -> Iterator[Rows]:
    """Read files, once, for tables in BigQuery.

    Args:
        spark: the session.
        files: the files.
        shift_years: calendar years to move dates by.

    Yields:
        The rows; they are kept on the executors until the block is left.

    Raises:
        PipelineError: the files can't be read, or rows were lost.
        pyspark.errors.PySparkException: the files can't be read.
    """
    counts = CountedFiles(spark, files)
    uris = {located.path: located.file.uri for located in files}
    while True:
        with ExitStack() as kept:
            rows, tally = _read(spark, counts, shift_years, kept)
            if counts.found_irregular(tally.irregular(counts.paths)):
                continue
            versions = rows.where(F.col(REASON).isNull()).withColumn(SOURCE_FILE, source_file())
            read = count_versions(versions, ByFile.COLUMN, counts.files)
            file_rows = counts.settle(tally.rejects_by_file(counts.paths) + read.rows)
            if file_rows is None:
                continue
            rejects = named_rejects(rows, tally, uris)
            made = row_counts(spark, versions, read, tally, file_rows, counts.in_one_piece)
            yield Rows(made, versions, rejects)
            return


def _read(
    spark: SparkSession, counts: CountedFiles, shift_years: int, kept: ExitStack
) -> tuple[DataFrame, Tally]:
    """Both passes, each of them kept on the executors, and their tally."""
    files, irregular = counts.files, counts.irregular
    passes: list[DataFrame] = []
    tally = Tally({})

    def keep(rows: DataFrame) -> Tally:
        kept.callback(rows.persist(StorageLevel.MEMORY_AND_DISK).unpersist)
        passes.append(rows)
        return Tally.of(rows)

    quick = read_quickly(spark, files, shift_years, irregular)
    if quick is not None:
        with quick_pass(spark, files):
            tally = keep(quick)
    exact = read_exactly(spark, quick if tally.unread else None, files, shift_years, irregular, kept)
    if exact is not None:
        with unfused(spark):
            tally += keep(exact)
    return without_unread(reduce(DataFrame.unionAll, passes)), tally


def _marked(rows: DataFrame, table: Table, manifest: Manifest) -> DataFrame:
    marks: dict[str, Column] = {
        "run_id": F.lit(manifest.run_id),
        "attempt": F.lit(manifest.attempt),
        "loaded_at": F.current_timestamp(),
        "deleted": F.col("occurred_at").isNull(),
        "year": F.when(F.col("occurred_at").isNotNull(), F.col("year")),
    }
    return rows.select(*((marks[name] if name in marks else F.col(name)).alias(name) for name in table.names))


def _append(rows: DataFrame, settings: Settings, table: Table) -> None:
    writer = rows.write.format("bigquery").mode("append")
    writer = writer.option("writeMethod", "direct").option("parentProject", settings.project)
    writer.option("createDisposition", "CREATE_NEVER").save(
        f"{settings.project}.{settings.dataset}.{table.name}"
    )
