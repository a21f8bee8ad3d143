"""From files to rows of text columns, a line at a time where that is safe.

Nearly every line stands for itself: fields, quoted or not, that end on it. Such files are split between
tasks anywhere. A file with a line that does not (a quote left open, a quote inside a plain field, bytes that
are not UTF-8) is **irregular**: whether that line is sound depends on its neighbours, so the file is read
in one piece by the domain's own `records`.

Spark's CSV reader would take some broken lines for sound ones. So a line is first held against the grammar
of `domain.records`, and only then split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import and_
from typing import Final

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.records import GREATEST_RECORD
from crime_pipelines.domain.schema import Reason
from crime_pipelines.raw_rows import raw_columns
from crime_pipelines.sources import SourceFile
from crime_pipelines.spark.files import literally
from crime_pipelines.spark.pieces import BYTE_ORDER_MARK, records_of

#: In place of a reject's reason: the line's file must be read again, in one piece.
IRREGULAR: Final = "irregular"
#: Likewise: the line says what the headings say. One such line a file is the headings themselves.
HEADINGS: Final = "headings"
#: The columns beside the fields' own.
PATH: Final = "path"
RAW_ROW: Final = "raw_row"
STRUCTURE: Final = "structure"

REPLACEMENT: Final = "\ufffd"
# Possessive: a line that does not match is found out in one pass, without going back.
_FIELD: Final = f'(?:"[^"{REPLACEMENT}]*+(?:""[^"{REPLACEMENT}]*+)*+"|[^",{REPLACEMENT}]*+)'
_REGULAR: Final = f"^{_FIELD}(?:,{_FIELD})*+$"
_WHOLE_FILE: Final = str(2**62)


@dataclass(frozen=True, slots=True)
class Located:
    """A file, and where Spark finds it.

    Attributes:
        file: the file.
        path: its path or URI for Spark. Its name ends in ``.gz`` if the file is packed, and only then.
    """

    file: SourceFile
    path: str


def regular_lines(spark: SparkSession, files: Sequence[Located]) -> DataFrame:
    """The lines of files with the same headings, each taken for itself; the headings are among them.

    Args:
        spark: the session.
        files: the files.

    Returns:
        A row for every line that is not empty: `raw_columns` (text), `PATH`, `RAW_ROW`, and in
        `STRUCTURE` NULL for a sound line, ``malformed_row``, `IRREGULAR` or `HEADINGS`.
    """
    width = len(files[0].file.headings)
    sound = f'^{_FIELD}(?:,{_FIELD}){{{width - 1}}}(?:,(?:"")?)*+$'
    line = F.col("value")
    structure = (
        F.when(F.octet_length(line) > GREATEST_RECORD, Reason.MALFORMED_ROW.value)
        .when(line.rlike(sound), None)
        .when(line.rlike(_REGULAR), Reason.MALFORMED_ROW.value)
        .otherwise(IRREGULAR)
    )
    schema = ", ".join(f"{name} STRING" for name in raw_columns(width))
    fields = F.from_csv(F.col(RAW_ROW), schema, {"quote": '"', "escape": '"', "mode": "PERMISSIVE"})
    lines = spark.read.text([literally(located.path) for located in files]).where(line != "")
    judged = lines.select(
        line.alias(RAW_ROW), F.col("_metadata.file_path").alias(PATH), structure.alias(STRUCTURE)
    )
    split = judged.withColumn("fields", F.when(F.col(STRUCTURE).isNull(), fields))
    texts = split.select("fields.*", PATH, RAW_ROW, STRUCTURE)
    says_headings = _says(files[0].file.headings)
    return texts.withColumn(STRUCTURE, F.when(says_headings, HEADINGS).otherwise(F.col(STRUCTURE)))


def _says(headings: Sequence[str]) -> Column:
    """Whether a line's fields are the headings, byte order mark or not."""
    first, *others = raw_columns(len(headings))
    marked = F.col(first).isin(headings[0], f"{BYTE_ORDER_MARK}{headings[0]}")
    rest = (
        F.coalesce(F.col(name), F.lit("")) == heading
        for name, heading in zip(others, headings[1:], strict=True)
    )
    return reduce(and_, rest, marked)


def irregular_records(spark: SparkSession, located: Located) -> DataFrame:
    """The records of one file, read in one piece; the headings are not among them.

    Args:
        spark: the session.
        located: the file.

    Returns:
        As `regular_lines`, without `IRREGULAR` and `HEADINGS`.
    """
    width = len(located.file.headings)
    whole = "spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes"
    before = {name: str(spark.conf.get(name)) for name in whole}
    try:
        for name in whole:
            spark.conf.set(name, _WHOLE_FILE)
        text = spark.read.option("lineSep", "\n").text(literally(located.path))
        pieces = text.select("value", F.col("_metadata.file_path").alias(PATH)).rdd
        if pieces.getNumPartitions() > 1:
            raise AssertionError(f"{located.path} was cut into {pieces.getNumPartitions()} pieces")
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)
    rows = pieces.mapPartitions(partial(records_of, width=width))
    read = spark.createDataFrame(rows, f"fields ARRAY<STRING>, {PATH} STRING, {RAW_ROW} STRING")
    return read.select(
        *(F.col("fields")[at].alias(name) for at, name in enumerate(raw_columns(width))),
        PATH,
        RAW_ROW,
        F.when(F.col("fields").isNull(), Reason.MALFORMED_ROW.value).alias(STRUCTURE),
    )
