"""Rows counted in the driver: of files of this machine, and of packed ones, which the same pass verifies.

A packed file is one task for Spark, several times slower than this.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from crime_pipelines.domain.records.csv_splitter import GREATEST_LINE
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.sources.file import SourceFile
from crime_pipelines.sources.meter import Meter
from crime_pipelines.sources.storage import opened
from crime_pipelines.spark.files import FileCount, Located, done, hadoop_path
from crime_pipelines.support.cores import usable_cores

#: A file that Hadoop does not unpack goes through an executor's memory as it is stored.
_GREATEST_CONTENT: Final = 1 << 30


def count_here(file: SourceFile, unpacked: Path | None = None, meter: Meter | None = None) -> FileCount:
    """Count the rows of a file in this process, and verify its packing.

    Args:
        file: the file.
        unpacked: where to write its bytes, unpacked.
        meter: shows how far the count is.

    Returns:
        The count.

    Raises:
        InputError: it can't be read, is damaged, or has a line that is too long to be kept.
        PipelineError: the bytes can't be written.
    """
    with ExitStack() as stack:
        copy = _Bytes(stack.enter_context(unpacked.open("wb")) if unpacked else None, unpacked)
        found = file.count_rows(copy.take, meter)
    return FileCount(found.rows, True, copy.size, copy.separator)


class _Bytes:
    """A file's bytes as they are counted: their number, and how far line feeds lie apart."""

    def __init__(self, stream: IO[bytes] | None, path: Path | None) -> None:
        self._stream = stream
        self._path = path
        self._since_feed = 0
        self._greatest = 0
        self.size = 0

    def take(self, data: memoryview) -> None:
        piece = bytes(data)
        self.size += len(piece)
        last = piece.rfind(b"\n")
        before = piece.find(b"\n") if last >= 0 else len(piece)
        self._greatest = max(self._greatest, self._since_feed + before)
        self._since_feed = len(piece) - last - 1 if last >= 0 else self._since_feed + len(piece)
        try:
            if self._stream is not None:
                self._stream.write(piece)
                self._stream.flush()
        except OSError as error:
            place = self._path.parent if self._path else ""
            raise PipelineError(f"{place}: can't be written ({error.strerror})") from error

    @property
    def separator(self) -> str:
        return "\n" if max(self._greatest, self._since_feed) <= GREATEST_LINE + 1 else "\r"


def count_packed(spark: SparkSession, files: Sequence[Located]) -> dict[str, Located]:
    """Verify packed files, and count their rows.

    Args:
        spark: the session.
        files: the files; those that are not packed, or counted already, are passed over.

    Returns:
        The packed files with their counts, by path.

    Raises:
        InputError: one of them is damaged, has a line that is too long, or can't be read by Hadoop.
    """
    packed = [each for each in files if each.count is None and each.is_packed]
    with ThreadPoolExecutor(usable_cores()) as pool:
        counts = [pool.submit(count_here, each.file) for each in packed]
        try:
            return {
                each.path: _packed(spark, each, count.result())
                for each, count in zip(packed, counts, strict=True)
            }
        finally:
            for count in counts:
                count.cancel()


def _packed(spark: SparkSession, located: Located, count: FileCount) -> Located:
    """Return a packed file and its count; Hadoop, stricter than gzip, need not unpack it."""
    with opened(located.file) as stored:
        stored.seek(-4, 2)
        is_one_member = int.from_bytes(stored.read(4), "little") == count.size % (1 << 32)
    if is_one_member or _is_unpacked_by_hadoop(spark, located, count.size):
        return replace(located, count=done(count))
    if located.file.size > _GREATEST_CONTENT:
        raise InputError(
            f"{located.file.uri}: Hadoop can't read what follows its first gzip member; pack it again in one"
        )
    return replace(located, count=done(count), in_one_piece=True, unpacked_by_python=True)


def _is_unpacked_by_hadoop(spark: SparkSession, located: Located, size: int) -> bool:
    jvm: Any = spark.sparkContext._jvm
    system, path = hadoop_path(spark, located.path)
    codecs = jvm.org.apache.hadoop.io.compress.CompressionCodecFactory(system.getConf())
    try:
        unpacked = codecs.getCodec(path).createInputStream(system.open(path))
        try:
            return bool(jvm.org.apache.commons.io.IOUtils.consume(unpacked) == size)
        finally:
            unpacked.close()
    except Py4JJavaError:
        return False
