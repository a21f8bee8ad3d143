"""From files to rows of text columns, a line at a time where that is safe.

Nearly every line stands for itself: fields, quoted or not, that end on it. Such files are split between
tasks anywhere. A file with a line that does not (a quote left open, a quote inside a plain field, bytes that
are not UTF-8, U+FFFF) is **irregular**: whether that line is sound depends on its neighbours, so the file is
read in one piece by the domain's own `records`.

Spark's CSV reader would take some broken lines for sound ones. So a line is first held against the grammar
of `domain.records.csv_records`, and only then split.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from operator import and_
from typing import Any, Final

from pyspark import RDD
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.records.csv_splitter import GREATEST_LINE, GREATEST_RECORD
from crime_pipelines.engines.reject_columns import raw_columns
from crime_pipelines.spark.files import Located, reader
from crime_pipelines.spark.session import GREATEST_TASK, configured
from crime_pipelines.spark.whole_file import packed_records_of, records_of

#: In place of a reject's reason: the line's file must be read again, in one piece.
IRREGULAR: Final = "irregular"
#: Likewise: the line says what the headings say. One such line a file is the headings themselves.
HEADINGS: Final = "headings"
#: The columns beside the fields' own.
PATH: Final = "path"
RAW_ROW: Final = "raw_row"
STRUCTURE: Final = "structure"
SPLIT: Final = "fields"

BYTE_ORDER_MARK: Final = "\ufeff"
REPLACEMENT: Final = "\ufffd"
#: What Spark's `from_csv` takes for a line's end.
_END: Final = "\uffff"
_ODD: Final = f"{REPLACEMENT}{_END}"
# Possessive: a line that does not match is found out in one pass, without going back.
_FIELD: Final = f'(?:"[^"{_ODD}]*+(?:""[^"{_ODD}]*+)*+"|[^",{_ODD}]*+)'
_REGULAR: Final = f"^{_FIELD}(?:,{_FIELD})*+$"
#: Set after the fields of a line that has commas in fields.
_SEPARATOR: Final = "\x1f"
#: Where quotes stand only beside a comma or an end, what lies between two of them is a field.
_FIELD_OF_ASCII: Final = f'(?:"[^"{_SEPARATOR}]*"|[^",{_SEPARATOR}]*)'
_NEXT_FIELD_OF_ASCII: Final = '\\G(?:"([^"]*+)"|([^",]*+))(?:,|\\z)'
_WHOLE_FILE: Final = str(2**62)
#: Options of the text reader under which Hadoop passes over a longer line, whatever ends it, instead of
#: running out of memory. The count of rows refuses such a line, or finds that it holds others.
SHORT_LINES: Final = {"mapreduce.input.linerecordreader.line.maxlength": str(GREATEST_LINE + 3)}


def text_lines(spark: SparkSession, files: Sequence[Located]) -> DataFrame:
    """Return the lines of files as text; the headings are among them.

    Args:
        spark: the session.
        files: the files.

    Returns:
        `RAW_ROW` and `PATH` of every line that is not empty.
    """
    text = reader(spark).options(**SHORT_LINES).text([located.path for located in files])
    line = F.col("value")
    return text.where(line != "").select(line.alias(RAW_ROW), F.col("_metadata.file_path").alias(PATH))


def quick_fields(lines: DataFrame, headings: Sequence[str], used: int) -> DataFrame:
    """Split lines that are sound at a glance, as nearly all are.

    Java's regular expressions take longer over a line than all the rest. So a line is cut at its quotes and
    at its commas first, which is enough for one that has no quotes, or those of the City's last field alone.

    Args:
        lines: `RAW_ROW` and `PATH` of lines of files with the same headings.
        headings: the headings.
        used: how many of the first fields are wanted.

    Returns:
        A row for every line: `PATH`, `RAW_ROW`, and in `SPLIT` at least the first `used` fields (an array of
        ASCII text), NULL for a line that is not sound at a glance.
    """
    width, line = len(headings), F.col(RAW_ROW)
    short = F.octet_length(line) <= GREATEST_RECORD
    ascii_alone = line.cast("binary") == F.encode(line, "US-ASCII")
    cut = lines.select(PATH, RAW_ROW, F.when(short & ascii_alone, F.split(line, '"', 3)).alias("pieces"))
    cut = cut.select(PATH, RAW_ROW, "pieces", F.split(F.col("pieces")[0], ",").alias("before"))

    pieces, before = F.size("pieces"), F.size("before")
    sound = (pieces == 1) & (before == width)
    if used < width:
        further = width - used - 1
        after = F.col("pieces")[2]
        rest = after.rlike(f'^(?:,[^",]*){{{further}}}\\z') if further else after == ""
        sound |= (pieces == 3) & (before == used + 1) & (F.col("before")[used] == "") & rest
    quoted = line.rlike(f"^{_FIELD_OF_ASCII}(?:,{_FIELD_OF_ASCII}){{{width - 1}}}\\z")
    separated = F.regexp_replace(line, _NEXT_FIELD_OF_ASCII, f"$1$2{_SEPARATOR}")
    fields = F.when(sound, F.col("before")).when(
        F.col("pieces").isNotNull() & quoted, F.split(separated, _SEPARATOR)
    )
    return cut.select(PATH, RAW_ROW, fields.alias(SPLIT))


def regular_lines(lines: DataFrame, headings: Sequence[str]) -> DataFrame:
    """Lines, each taken for itself, by the grammar.

    Args:
        lines: `RAW_ROW` and `PATH` of lines of files with the same headings.
        headings: the headings.

    Returns:
        A row for every line: `raw_columns` (text), `PATH`, `RAW_ROW`, and in `STRUCTURE` NULL for a sound
        line, ``malformed_row``, `IRREGULAR` or `HEADINGS`.
    """
    width = len(headings)
    sound = f'^{_FIELD}(?:,{_FIELD}){{{width - 1}}}(?:,(?:"")?)*+$'
    line = F.col(RAW_ROW)
    structure = (
        F.when(F.octet_length(line) > GREATEST_RECORD, Reason.MALFORMED_ROW.value)
        .when(line.rlike(sound), None)
        .when(line.rlike(_REGULAR), Reason.MALFORMED_ROW.value)
        .otherwise(IRREGULAR)
    )
    judged = lines.select(RAW_ROW, PATH, structure.alias(STRUCTURE))
    split = judged.withColumn("fields", F.when(F.col(STRUCTURE).isNull(), _split(raw_columns(width))))
    texts = split.select("fields.*", PATH, RAW_ROW, STRUCTURE)
    return texts.withColumn(STRUCTURE, F.when(_says(headings), HEADINGS).otherwise(F.col(STRUCTURE)))


def _split(names: Sequence[str]) -> Column:
    schema = ", ".join(f"{name} STRING" for name in names)
    # Without an end of its own each line would end in an exception, which costs more than the line.
    line = F.concat(F.col(RAW_ROW), F.lit(_END))
    # Empty fields past the headings are fields all the same; there can't be more than bytes.
    options = {"quote": '"', "escape": '"', "mode": "PERMISSIVE", "maxColumns": str(GREATEST_RECORD + 1)}
    return F.from_csv(line, schema, options)


def _says(headings: Sequence[str]) -> Column:
    """Tell whether a line's fields are the headings, byte order mark or not."""
    first, *others = raw_columns(len(headings))
    marked = F.col(first).isin(headings[0], f"{BYTE_ORDER_MARK}{headings[0]}")
    rest = (
        F.coalesce(F.col(name), F.lit("")) == heading
        for name, heading in zip(others, headings[1:], strict=True)
    )
    return reduce(and_, rest, marked)


def irregular_records(spark: SparkSession, located: Located) -> DataFrame:
    """Return the records of one file, read in one piece; the headings are not among them.

    Args:
        spark: the session.
        located: the file.

    Returns:
        As `regular_lines`, without `IRREGULAR` and `HEADINGS`.
    """
    width = len(located.file.headings)
    if located.unpacked_by_python:
        stored = reader(spark).format("binaryFile").load(located.path)
        content = stored.select("content", F.col("_metadata.file_path").alias(PATH)).rdd
        rows = content.mapPartitions(partial(packed_records_of, width=width))
    else:
        pieces, separator = pieces_of(spark, located)
        rows = pieces.mapPartitions(partial(records_of, width=width, separator=separator))
    read = spark.createDataFrame(rows, f"fields ARRAY<STRING>, {PATH} STRING, {RAW_ROW} STRING")
    return read.select(
        *(F.col("fields")[at].alias(name) for at, name in enumerate(raw_columns(width))),
        PATH,
        RAW_ROW,
        F.when(F.col("fields").isNull(), Reason.MALFORMED_ROW.value).alias(STRUCTURE),
    )


def pieces_of(spark: SparkSession, located: Located) -> tuple[RDD[Any], str]:
    """Return the bytes of one file, for one task in Python.

    Args:
        spark: the session.
        located: the file.

    Returns:
        The bytes cut at each separator, each piece with the file's path, and the separator.
    """
    separator = located.count.result().separator if located.count else "\n"
    whole = GREATEST_TASK, "spark.sql.files.openCostInBytes"
    with configured(spark, dict.fromkeys(whole, _WHOLE_FILE)):
        text = reader(spark).option("lineSep", separator).text(located.path)
        path = F.col("_metadata.file_path").alias(PATH)
        # As binary: text would come without the bytes that are not UTF-8.
        pieces = text.select(F.col("value").cast("binary"), path).rdd
        if pieces.getNumPartitions() > 1:
            raise AssertionError(f"{located.path} was cut into {pieces.getNumPartitions()} pieces")
    return pieces, separator
