"""The rows of files, counted by other code than the reader that parses them, and held against what was read.

What the driver has not begun to count (see `driver_counts`) is counted by Spark's tasks, in two steps:

- Every line is looked at as bytes. If none can be part of a longer record, each that is not empty is a row.
  The bytes of all lines must come to the file's size, which proves that none was lost between tasks.
- Otherwise the file goes in one piece to Python, which tells records apart by `domain.records.record_lines`.

What does not come to the file's size holds lines that are too long for a task; the driver counts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Final

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.records.csv_splitter import GREATEST_LINE
from crime_pipelines.errors import rows_lost
from crime_pipelines.schema.row_counts import FileRows
from crime_pipelines.sources.storage import opened
from crime_pipelines.spark.counting.driver_counts import count_here, count_packed
from crime_pipelines.spark.files import FileCount, Located, done, path_of, reader
from crime_pipelines.spark.line_split import SHORT_LINES, pieces_of
from crime_pipelines.spark.whole_file import rows_in

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: A line, without the feed at its end, that surely is a row by itself: it holds no other line break, the
#: number of quotes is even, and each that would open a field stands at its beginning, or doubles another.
_ROW: Final = r'^[^"\r]*+(?:(?<![^,"])"[^"\r]*+"[^"\r]*+)*+\r?\z'
#: What another line holds: a line break, or a quote that may take in the next line.
_RETURN: Final = 1
_QUOTES: Final = 2


class CountedFiles:
    """The rows of a run's files.

    Attributes:
        files: the files, counted or being counted.
        irregular: the paths of those that must be read in one piece (see `line_split`).
    """

    def __init__(self, spark: SparkSession, files: Sequence[Located]) -> None:
        """Count the rows of those files that nobody has begun to count.

        Args:
            spark: the session.
            files: the files.

        Raises:
            InputError: one of them is damaged, or has a line that is too long.
            pyspark.errors.PySparkException: one can't be read.
        """
        self._spark = spark
        counted = count_packed(spark, files) | _by_tasks(spark, files)
        self.files = [counted.get(each.path, each) for each in files]
        self.irregular = {each.path for each in self.files if each.in_one_piece}

    @property
    def paths(self) -> list[str]:
        """The paths of the files."""
        return [each.path for each in self.files]

    @property
    def in_one_piece(self) -> list[Located]:
        """The files that are irregular."""
        return [each for each in self.files if each.path in self.irregular]

    def found_irregular(self, paths: Set[str]) -> bool:
        """Take note of files that turned out to be irregular while they were read.

        Args:
            paths: their paths.

        Returns:
            Whether there are any, so that they must be read again.
        """
        if paths & self.irregular:
            raise AssertionError(f"read in one piece and still irregular: {', '.join(sorted(paths))}")
        self.irregular |= paths
        return bool(paths)

    def settle(self, read: Mapping[str, int]) -> list[FileRows] | None:
        """Hold the rows that were read of each file against those that were counted.

        Args:
            read: the rows that incidents or rejects were made of, by the file's path.

        Returns:
            The rows of each file. None if files must be read again, since their counts differ: they have been
            added to `irregular`, and their rows were counted exactly.

        Raises:
            PipelineError: the counts of a file that was read in one piece differ.
        """
        differing = [each for each in self.files if _rows(each) != read.get(each.path, 0)]
        for each in differing:
            if each.path in self.irregular and _count(each).is_exact:
                raise rows_lost(each.file.uri, _rows(each), read.get(each.path, 0))
        if not differing:
            return [
                FileRows(
                    each.file.uri, each.file.size, each.file.modified, _rows(each), read.get(each.path, 0)
                )
                for each in self.files
            ]
        exact = _exactly(self._spark, [each for each in differing if not _count(each).is_exact])
        self.files = [exact.get(each.path, each) for each in self.files]
        self.irregular |= {each.path for each in differing}
        return None


def _by_tasks(spark: SparkSession, files: Sequence[Located]) -> dict[str, Located]:
    """Return the other files that are not counted, counted, by their path."""
    uncounted = {each.path: each for each in files if each.count is None and not each.is_packed}
    if not uncounted:
        return {}
    text = reader(spark).options(lineSep="\n", **SHORT_LINES).text([*uncounted])
    line = F.col("value")
    size = F.octet_length(line)
    found = text.groupBy(F.input_file_name()).agg(
        F.sum(size + 1),
        F.count_if((size > 1) | (size == 1) & (line != "\r")),
        F.max(_doubt(line)),
        F.max(size - line.endswith("\r").cast("int")),
    )
    lines = {path_of(name, uncounted): counts for name, *counts in found.collect()}
    counted: dict[str, Located] = {}
    records: list[Located] = []
    for path, located in uncounted.items():
        total, rows, doubt, longest = lines.get(path, (0, 0, 0, 0))
        if longest > GREATEST_LINE or not _is_whole(located, total):
            counted[path] = replace(located, count=done(count_here(located.file)))
        elif doubt:
            records.append(replace(located, in_one_piece=doubt == _QUOTES))
        else:
            counted[path] = replace(located, count=done(FileCount(rows - 1, False, total)))
    return counted | _exactly(spark, records)


def _doubt(line: Column) -> Column:
    """Tell why a line may be no row by itself; 0 where it is."""
    holds_return = F.contains(line, F.lit("\r")) & (F.instr(line, "\r") < F.char_length(line))
    return F.when(line.rlike(_ROW), 0).when(holds_return, _RETURN).otherwise(_QUOTES)


def _is_whole(located: Located, total: int) -> bool:
    """Tell whether lines are all of a file, from their bytes and one for the end of each."""
    size = located.file.size
    if total in (size, size + 1):  # the last line may have no end
        return True
    if total not in (size - 3, size - 2):
        return False
    with opened(located.file) as stream:  # Hadoop leaves the mark out
        return stream.read(3) == _BYTE_ORDER_MARK


def _exactly(spark: SparkSession, files: Iterable[Located]) -> dict[str, Located]:
    """Files, counted record by record, by their path."""
    by_path = {each.path: each for each in files}
    if not by_path:
        return {}
    counting = []
    for path, located in by_path.items():
        pieces, separator = pieces_of(spark, located)
        width = len(located.file.headings)
        counting.append(pieces.mapPartitions(partial(rows_in, name=path, width=width, separator=separator)))
    counted: dict[str, Located] = {}
    for path, rows, total in spark.sparkContext.union(counting).collect():
        located = by_path[path]
        is_whole = _is_whole(located, total)
        count = FileCount(rows, True, total) if is_whole else count_here(located.file)
        counted[path] = replace(located, count=done(count))
    return counted


def _count(located: Located) -> FileCount:
    if located.count is None:
        raise AssertionError(f"{located.path} was not counted")
    return located.count.result()


def _rows(located: Located) -> int:
    return _count(located).rows
