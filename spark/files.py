"""Files wherever Hadoop reads them: on this machine, in Cloud Storage, in HDFS."""

from __future__ import annotations

import re
from typing import Any, Final

from pyspark.sql import SparkSession

_GLOB: Final = re.compile(r"([\\\[\]{}*?])")


def literally(path: str) -> str:
    """A path to read, no sign of which is taken for a wildcard.

    Args:
        path: the path or URI.

    Returns:
        What Spark's readers take for it.
    """
    return _GLOB.sub(r"\\\1", path)


def exists(spark: SparkSession, path: str) -> bool:
    """Whether there is a file or a folder.

    Args:
        spark: the session.
        path: its path or URI.

    Returns:
        True if there is.
    """
    system, found = _system(spark, path)
    return bool(system.exists(found))


def delete(spark: SparkSession, path: str) -> None:
    """Remove a file, or a folder with all that is in it; nothing where nothing is.

    Args:
        spark: the session.
        path: its path or URI.
    """
    system, found = _system(spark, path)
    system.delete(found, True)


def _system(spark: SparkSession, path: str) -> tuple[Any, Any]:
    jvm: Any = spark.sparkContext._jvm
    found = jvm.org.apache.hadoop.fs.Path(path)
    return found.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()), found
