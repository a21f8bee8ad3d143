"""Progress of the reading: packed files unpacked here, then the bytes that Spark's tasks have read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from py4j.protocol import Py4JError

from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.meter import Meter
from crime_pipelines.support.progress import Done

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: The part of the time of packed files that goes by before Spark begins.
_UNPACKING: Final = 0.25
#: Rejects are looked through and repeated ids are found after the reading.
_READ: Final = 0.85


class SparkProgress:
    """The progress of a job.

    Attributes:
        spark: the session, once there is one.
        paths: the unpacked files that it reads, once they are there.
    """

    def __init__(self, files: Sequence[SourceFile]) -> None:
        """Begin.

        Args:
            files: the files.
        """
        self.spark: SparkSession | None = None
        self.paths: Sequence[str] = ()
        self._size = sum(file.size for file in files)
        self._packed = sum(file.size for file in files if not file.form.is_plain)
        self._meters: list[tuple[Meter, bool]] = []
        self._before: int | None = None

    def meter(self, file: SourceFile) -> Meter:
        """Return the meter for the count of a file's rows.

        Args:
            file: the file.

        Returns:
            The meter.
        """
        meter = Meter(file.size)
        self._meters.append((meter, not file.form.is_plain))
        return meter

    def done(self) -> Done | None:
        """Return the part that is done; None where Spark does not tell."""
        meters = list(self._meters)
        unpacked = sum(meter.position() for meter, is_packed in meters if is_packed)
        weight = _UNPACKING * self._packed / max(1, self._size)
        share = weight * unpacked / max(1, self._packed)
        spark = self.spark
        if spark is None:
            return Done(share, self._size, note="" if share else "starting Spark")
        read = self._bytes_read(spark)
        if read is None:
            return None
        whole = max(1, sum(Path(path).stat().st_size for path in self.paths if Path(path).exists()))
        share += (1 - weight) * min(1.0, read / whole)
        if not share:
            return Done(0.0, self._size, note="starting Spark's tasks")
        again = read - whole
        note = f"comparing rows, {again / 1e6:,.0f} MB read again" if again >= 0 else ""
        counted = sum(meter.position() for meter, _ in meters)
        rows = sum(meter.found.rows for meter, _ in meters)
        known = round(rows * share * self._size / counted) if counted else None
        return Done(share * _READ, self._size, known, note, round(share * self._size))

    def _bytes_read(self, spark: SparkSession) -> int | None:
        """Return the bytes that Java has read from files of this machine since `spark` was set.

        Java's own file systems count them, as they are read. What Spark's stages say of a task that is at
        work comes with its heartbeats, which a session on one machine leaves out.
        """
        # Java ends under this when the run is interrupted.
        with suppress(Py4JError, OSError, AttributeError):
            java: Any = spark.sparkContext._jvm
            counts = java.org.apache.hadoop.fs.FileSystem.getAllStatistics()
            read = sum(int(count.getBytesRead()) for count in counts if count.getScheme() == "file")
            if self._before is None:
                self._before = read
            return read - self._before
        return None
