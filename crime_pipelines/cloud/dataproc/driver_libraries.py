"""Third-party Python libraries for the driver of a Spark job, from an archive in the code bucket.

What Dataproc's images and runtimes hold of them differs and changes, their private networks reach no package
index, and batches run no initialisation actions. So the driver fetches the pinned libraries itself, through
Spark's own connector to Cloud Storage, where the machine lacks one or has it too old. Executors need none.
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import zipfile
from importlib import invalidate_caches, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: The Spark property that names the archive.
PROPERTY: Final = "spark.crime.libraries"
#: In the archive: the folder with the libraries, unpacked.
FOLDER: Final = "site"

#: What a driver imports, and its least version; requirements/dataproc.txt pins it and what it needs in turn.
LEAST: Final = {
    "fsspec": "2025.1",
    "gcsfs": "2025.1",
    "google-cloud-bigquery": "3.30",
    "google-cloud-pubsub": "2.29",
    "google-cloud-storage": "3.0",
    "isal": "1.8",
    "numpy": "1.26",
    "python-json-logger": "4.0",
    "scipy": "1.11",
    "sqlglot": "30.0",
}
_NUMBER: Final = re.compile("[0-9]+")
_log = logging.getLogger(__name__)


def lacking() -> list[str]:
    """Return the libraries that this machine lacks or has too old."""
    return [name for name, least in LEAST.items() if _installed(name) < _numbers(least)]


def activate(spark: SparkSession) -> None:
    """Make the driver's libraries importable. Call it before anything imports them.

    Args:
        spark: the session. Its property `PROPERTY` names the archive; without it nothing happens.

    Raises:
        ImportError: a library is lacking, and the archive can't be read on this version of Python.
    """
    uri = spark.conf.get(PROPERTY, "")
    missing = lacking()
    if not uri or not missing:
        return
    folder = Path(tempfile.mkdtemp(prefix="crime-libraries-"))
    archive = folder / "libraries.zip"
    _fetch(spark, uri, archive)
    unpack(archive, folder)
    _log.info("libraries unpacked", extra={"archive": uri, "missing": missing})


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive and put it first on the path.

    Args:
        archive: the archive.
        folder: where to.

    Raises:
        ImportError: it is for another version of Python.
    """
    with zipfile.ZipFile(archive) as packed:
        made_for = packed.comment.decode()
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        if made_for != running:
            raise ImportError(f"{archive.name} holds libraries for Python {made_for}, but this is {running}")
        packed.extractall(folder)  # made by `dataproc publish`, in a bucket of our own
    sys.path.insert(0, str(folder / FOLDER))
    invalidate_caches()


def _fetch(spark: SparkSession, uri: str, target: Path) -> None:
    """Copy a file from wherever Hadoop reads it."""
    jvm = spark.sparkContext._jvm
    path = jvm.org.apache.hadoop.fs.Path(uri)  # type: ignore[union-attr]
    system = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    # Straight to the disk, without the checksum file that Hadoop would put beside it.
    system.copyToLocalFile(False, path, jvm.org.apache.hadoop.fs.Path(target.as_uri()), True)  # type: ignore[union-attr]


def _installed(name: str) -> tuple[int, ...]:
    try:
        return _numbers(metadata.version(name))
    except metadata.PackageNotFoundError:
        return ()


def _numbers(version: str) -> tuple[int, ...]:
    """Return a release's numbers, to compare; what comes after them is left out."""
    numbers = []
    for part in version.split("."):
        found = _NUMBER.match(part)
        if not found:
            break
        numbers.append(int(found[0]))
    return tuple(numbers)
