"""From rows of text to incident versions and rejects, by the domain's SQL.

In two passes: a quick one over everything, and an exact one over the rows that the quick one leaves unread.
Both say the same; the first is right about plain rows alone, which are nearly all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager, nullcontext
from functools import reduce
from math import ceil
from typing import Any, Final
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.dialect import SPARK
from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.domain.layouts.mapping import mapped_sql
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.quick_read import plain_incidents_sql, plain_sql
from crime_pipelines.domain.versions import read_versions_sql
from crime_pipelines.engines.reject_columns import raw_columns
from crime_pipelines.schema.incidents import LAKE_INCIDENTS
from crime_pipelines.spark.files import Located
from crime_pipelines.spark.line_split import (
    BYTE_ORDER_MARK,
    HEADINGS,
    PATH,
    RAW_ROW,
    SPLIT,
    STRUCTURE,
    irregular_records,
    quick_fields,
    regular_lines,
    text_lines,
)
from crime_pipelines.spark.session import IS_SPARK_3, configured, unfused

REASON: Final = "reason"
#: In place of a reject's reason, before the number of the files' group: the row is left to `read_exactly`.
_UNREAD: Final = "unread"
#: Groups of files with the same headings that are read quickly: each has a plan of its own, which takes the
#: driver a second and tens of megabytes.
_MOST_PLANS: Final = 4
#: The expressions say what a value is, not how wide a column is.
_TYPES: Final = {each.name: each.spark_type for each in LAKE_INCIDENTS.columns}


def read_quickly(
    spark: SparkSession, files: Sequence[Located], shift_years: int, irregular: Set[str] = frozenset()
) -> DataFrame | None:
    """Read the plain rows of files, of the most common headings.

    Args:
        spark: the session.
        files: the files.
        shift_years: calendar years to move dates by.
        irregular: the paths of those that must be read in one piece (see `line_split`); they are left out.

    Returns:
        A row for every line of what is read: `schema.COLUMNS`, then `REASON`, `PATH` and `RAW_ROW` (NULL for
        an incident). `REASON` is NULL for an incident, `line_split.HEADINGS`, or says that the row is left
        unread (`is_unread`, `without_unread`). None if no file is read.
    """
    quick, _ = _groups(files, irregular)
    read = [_quick(spark, group, shift_years, f"{_UNREAD} {number}") for number, group in enumerate(quick)]
    return reduce(DataFrame.unionAll, read) if read else None


@contextmanager
def quick_pass(spark: SparkSession, files: Sequence[Located]) -> Iterator[None]:
    """Plan and run what `read_quickly` says, as is fastest.

    Args:
        spark: the session.
        files: the files.

    Yields:
        Nothing.
    """
    # PySpark 4 gives the long condition no method of its own, which makes one that Java won't compile.
    fused_or_not = nullcontext() if IS_SPARK_3 else unfused(spark)
    with configured(spark, _even_tasks(spark, files)), fused_or_not:
        yield


def is_unread(reason: str | None) -> bool:
    """Tell whether a row is left to `read_exactly`.

    Args:
        reason: its `REASON`.

    Returns:
        True if so.
    """
    return reason is not None and reason.startswith(_UNREAD)


def without_unread(rows: DataFrame) -> DataFrame:
    """Rows without those that are left to `read_exactly`.

    Args:
        rows: rows with their `REASON`.

    Returns:
        The others, incidents among them.
    """
    return rows.where(F.col(REASON).isNull() | ~F.col(REASON).startswith(_UNREAD))


def read_exactly(
    spark: SparkSession,
    unread: DataFrame | None,
    files: Sequence[Located],
    shift_years: int,
    irregular: Set[str],
    kept: ExitStack,
) -> DataFrame | None:
    """Read the rows that `read_quickly` left unread, the files that it left out, and those read in one piece.

    Args:
        spark: the session.
        unread: `REASON`, `PATH` and `RAW_ROW` of rows, those left unread among them; None if there are none.
        files: as for `read_quickly`.
        shift_years: as for `read_quickly`.
        irregular: as for `read_quickly`; these are what is read in one piece.
        kept: releases, once the rows are read, what the executors keep until then.

    Returns:
        A row for every row: `schema.COLUMNS`, then `REASON` (NULL for an incident; of a row with a reason the
        columns before mean nothing), `PATH` and `RAW_ROW`. None if there is nothing to read.
    """
    quick, others = _groups(files, irregular)
    texts: list[tuple[DataFrame, Located]] = []
    if unread is not None:
        for number, group in enumerate(quick):
            lines = unread.where(F.col(REASON) == f"{_UNREAD} {number}").select(RAW_ROW, PATH)
            texts.append((regular_lines(lines, group[0].file.headings), group[0]))
    texts += [(regular_lines(text_lines(spark, group), group[0].file.headings), group[0]) for group in others]
    texts += [(irregular_records(spark, each), each) for each in files if each.path in irregular]
    by_layout: dict[Layout, list[tuple[DataFrame, Located]]] = {}
    for text, like in texts:
        by_layout.setdefault(like.file.layout, []).append((text, like))
    read = [_exact(spark, same, layout, shift_years, kept) for layout, same in by_layout.items()]
    return reduce(DataFrame.unionAll, read) if read else None


def _even_tasks(spark: SparkSession, files: Sequence[Located]) -> dict[str, str]:
    """Choose settings by which every core has as many tasks, all of a size."""
    cores = spark.sparkContext.defaultParallelism
    size = sum(located.size for located in files if not located.is_packed)
    session: Any = spark._jsparkSession
    greatest = session.sessionState().conf().filesMaxPartitionBytes()
    rounds = ceil(size / (greatest * cores))
    return {"spark.sql.files.minPartitionNum": str(rounds * cores)} if rounds else {}


def _groups(files: Sequence[Located], irregular: Set[str]) -> tuple[list[list[Located]], list[list[Located]]]:
    """Group the files that are read line by line by layout and headings.

    Returns:
        The groups that are read quickly, and the others: those whose columns are mapped, which no row of is
        plain, and the smallest of many.
    """
    groups: dict[tuple[Layout, tuple[str, ...]], list[Located]] = {}
    for located in files:
        if located.path not in irregular:
            groups.setdefault((located.file.layout, located.file.headings), []).append(located)
    largest = sorted(groups.values(), key=lambda group: -sum(each.size for each in group))
    plain = [group for group in largest if all(column.is_plain for _, column in group[0].file.columns)]
    quick = plain[:_MOST_PLANS]
    return quick, [group for group in largest if group not in quick]


def _quick(spark: SparkSession, group: Sequence[Located], shift_years: int, unread: str) -> DataFrame:
    headings = group[0].file.headings
    # What is never NULL makes half the code of conditions, and Java compiles no more than 8,000 bytes of it.
    columns, layout = group[0].file.columns, group[0].file.layout
    raw = {field: f"COALESCE({SPLIT}[{column.positions[0]}], '')" for field, column in columns}
    used = 1 + max(at for _, column in columns for at in column.positions)
    says_headings = F.col(RAW_ROW).isin([f"{mark}{','.join(headings)}" for mark in ("", BYTE_ORDER_MARK)])
    values, condition = plain_sql(raw, SPARK, shift_years, layout)
    # Named twice, the long condition comes to a method of its own.
    plain = F.expr(condition)
    judged = quick_fields(text_lines(spark, group), headings, used).select(
        *(F.expr(value).alias(f"v_{field}") for field, value in values.items()),
        F.when(plain, None).when(says_headings, HEADINGS).otherwise(unread).alias(REASON),
        F.when(plain, None).otherwise(F.col(RAW_ROW)).alias(RAW_ROW),
        PATH,
    )
    with _named(spark, judged) as name:
        read = plain_incidents_sql(name, raw, SPARK, shift_years, [REASON, PATH, RAW_ROW])
        return spark.sql(_typed(read))


def _exact(
    spark: SparkSession,
    texts: Sequence[tuple[DataFrame, Located]],
    layout: Layout,
    shift_years: int,
    kept: ExitStack,
) -> DataFrame:
    """Read raw rows of a layout; each of the tables of them stands for files with headings of its own."""
    passed_on = [PATH, RAW_ROW, STRUCTURE]
    # not by the fields' own names, which the values have
    texts_of = {field: f"text_of_{field}" for _, like in texts for field, _ in like.file.columns}
    with ExitStack() as named:
        tables: list[DataFrame] = []
        for text, like in texts:
            name = named.enter_context(_named(spark, text))
            names = raw_columns(len(like.file.headings))
            mapped, raw = mapped_sql(name, like.file.columns, names, SPARK, passed_on)
            columns = [
                f"{raw.get(field, 'CAST(NULL AS STRING)')} AS {alias}" for field, alias in texts_of.items()
            ]
            tables.append(spark.sql(f"SELECT {', '.join([*columns, *passed_on])} FROM {mapped}"))
        text = reduce(DataFrame.unionAll, tables)
        if len(tables) > 1:
            # The rules make a plan of many megabytes, which Spark would copy into each part of a union:
            # what is kept it takes for one table.
            with unfused(spark):
                kept.callback(text.persist(StorageLevel.MEMORY_AND_DISK).unpersist)
        name = named.enter_context(_named(spark, text))
        read = read_versions_sql(name, texts_of, SPARK, shift_years, passed_on, layout)
        reason = f"COALESCE({STRUCTURE}, reject_reason)"
        rejected = f"CASE WHEN {reason} IS NOT NULL THEN {RAW_ROW} END"
        selected = [*COLUMNS, f"{reason} AS {REASON}", PATH, f"{rejected} AS {RAW_ROW}"]
        return spark.sql(_typed(f"SELECT {', '.join(selected)} FROM ({read}) AS rows_read"))


def _typed(read: str) -> str:
    columns = ", ".join(f"CAST({each} AS {_TYPES[each]}) AS {each}" for each in COLUMNS)
    return f"SELECT {columns}, {REASON}, {PATH}, {RAW_ROW} FROM ({read}) AS reasoned"


@contextmanager
def _named(spark: SparkSession, rows: DataFrame) -> Iterator[str]:
    name = f"rows_{uuid4().hex}"
    rows.createTempView(name)
    try:
        yield name
    finally:
        spark.catalog.dropTempView(name)
