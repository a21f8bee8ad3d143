"""From rows of text to incident versions and rejects, by the domain's SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from crime_pipelines.domain.dialect import SPARK
from crime_pipelines.domain.reading import read_incidents_sql
from crime_pipelines.domain.schema import COLUMNS
from crime_pipelines.raw_rows import raw_columns
from crime_pipelines.spark.lines import (
    PATH,
    RAW_ROW,
    STRUCTURE,
    Located,
    irregular_records,
    regular_lines,
)
from crime_pipelines.warehouse.tables import LAKE_INCIDENTS

REASON: Final = "reason"
#: The expressions say what a value is, not how wide a column is.
_TYPES: Final = {each.name: each.spark_type for each in LAKE_INCIDENTS.columns}


def read_rows(
    spark: SparkSession, files: Sequence[Located], shift_years: int, irregular: Iterable[str] = ()
) -> DataFrame:
    """Read files into incident versions and rejects.

    Args:
        spark: the session.
        files: the files.
        shift_years: calendar years to move dates by.
        irregular: the paths of those that must be read in one piece (see `lines`).

    Returns:
        A row for every row of the files, and for every line of headings: `schema.COLUMNS`, then `REASON`
        (NULL for an incident; of a row with a reason the columns before mean nothing), `PATH` and `RAW_ROW`.
    """
    in_one_piece = set(irregular)
    groups: dict[tuple[str, ...], list[Located]] = {}
    for located in files:
        if located.path not in in_one_piece:
            groups.setdefault(located.file.headings, []).append(located)
    texts = [(regular_lines(spark, group), group[0]) for group in groups.values()]
    texts += [(irregular_records(spark, each), each) for each in files if each.path in in_one_piece]
    return reduce(DataFrame.unionAll, (_typed(spark, text, like, shift_years) for text, like in texts))


def _typed(spark: SparkSession, text: DataFrame, like: Located, shift_years: int) -> DataFrame:
    name = f"text_{uuid4().hex}"
    text.createTempView(name)
    try:
        names = raw_columns(len(like.file.headings))
        raw = {field: names[at] for field, at in like.file.columns}
        read = read_incidents_sql(name, raw, SPARK, shift_years, also=[PATH, RAW_ROW, STRUCTURE])
        columns = ", ".join(f"CAST({each} AS {_TYPES[each]}) AS {each}" for each in COLUMNS)
        return spark.sql(
            f"SELECT {columns}, COALESCE({STRUCTURE}, reject_reason) AS {REASON}, {PATH}, {RAW_ROW} "
            f"FROM ({read}) AS rows_read"
        )
    finally:
        spark.catalog.dropTempView(name)
