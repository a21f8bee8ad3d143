"""Files wherever Hadoop reads them: on this machine, in Cloud Storage, in HDFS."""

from __future__ import annotations

import re
from collections.abc import Container
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from pyspark.sql import DataFrameReader, SparkSession

from crime_pipelines.sources.file import SourceFile

#: A reader's option: whether signs of its paths are wildcards. Escaping them is not enough: Hadoop can't look
#: for a name that holds a colon.
_WILDCARDS: Final = "__globPaths__"
_LOCAL: Final = re.compile("^file:/+")


@dataclass(frozen=True, slots=True)
class FileCount:
    """The rows of a file, counted by other code than the reader that parses them.

    Attributes:
        rows: their number.
        is_exact: whether records were told apart; otherwise each line that is not empty was taken for a row.
        size: the file's bytes, unpacked.
        separator: what to cut the file at where all of it goes to Python: pieces of it fit in memory.
    """

    rows: int
    is_exact: bool
    size: int
    separator: str = "\n"


@dataclass(frozen=True, slots=True)
class Located:
    """A file, and where Spark finds it.

    Attributes:
        file: the file.
        path: its path or URI for Spark. Its name ends in ``.gz`` if the file is packed there, and only then.
        count: its rows, counted or being counted; None where nobody has begun to.
        in_one_piece: whether it is known to be irregular (see `line_split`) before it is read.
        unpacked_by_python: whether Hadoop can't unpack it.
    """

    file: SourceFile
    path: str
    count: Future[FileCount] | None = None
    in_one_piece: bool = False
    unpacked_by_python: bool = False

    @property
    def is_packed(self) -> bool:
        """True if it is packed where Spark finds it."""
        return self.path.endswith(".gz")

    @property
    def size(self) -> int:
        """Its bytes where Spark finds it."""
        if not self.file.form.is_plain and not self.is_packed and self.count is not None:
            return self.count.result().size
        return self.file.size


def done(count: FileCount) -> Future[FileCount]:
    """Make a count that nobody need wait for.

    Args:
        count: the count.

    Returns:
        It, for `Located`.
    """
    future: Future[FileCount] = Future()
    future.set_result(count)
    return future


def reader(spark: SparkSession) -> DataFrameReader:
    """Make a reader that takes each path for what it says.

    Args:
        spark: the session.

    Returns:
        The reader; no sign of a path is a wildcard to it.
    """
    return spark.read.option(_WILDCARDS, "false")


def path_of(name: str, paths: Container[str]) -> str:
    """Find a file's path as it was given to Spark.

    Args:
        name: how Spark says it: a URI, percent-encoded.
        paths: the paths of all files.

    Returns:
        The path.

    Raises:
        KeyError: it is none of them.
    """
    return path_of_uri(unquote(name), paths)


def path_of_uri(uri: str, paths: Container[str]) -> str:
    """Find a file's path as it was given to Spark.

    Args:
        uri: its URI as people write it.
        paths: the paths of all files.

    Returns:
        The path.

    Raises:
        KeyError: it is none of them.
    """
    path = _LOCAL.sub("/", uri)
    if path not in paths:
        raise KeyError(uri)
    return path


def exists(spark: SparkSession, path: str) -> bool:
    """Tell whether there is a file or a folder.

    Args:
        spark: the session.
        path: its path or URI.

    Returns:
        True if there is.
    """
    system, found = hadoop_path(spark, path)
    return bool(system.exists(found))


def delete(spark: SparkSession, path: str) -> None:
    """Remove a file, or a folder with all that is in it; nothing where nothing is.

    Args:
        spark: the session.
        path: its path or URI.
    """
    system, found = hadoop_path(spark, path)
    system.delete(found, True)


def hadoop_path(spark: SparkSession, path: str) -> tuple[Any, Any]:
    """Find the file system of a path.

    Args:
        spark: the session.
        path: a path or URI.

    Returns:
        Hadoop's `FileSystem` and `Path`.
    """
    jvm: Any = spark.sparkContext._jvm
    found = jvm.org.apache.hadoop.fs.Path(path)
    return found.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()), found
