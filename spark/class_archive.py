"""Java's classes, kept loaded and checked in a file (class-data sharing): seconds less at every start.

The first run on a machine lets Java write the file as it ends; Java itself holds each start against it, and
passes it over where another Java or other jars made it.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

import pyspark

from crime_pipelines.spark.java_process import end_java, java_process
from crime_pipelines.support.cache import cache_folder

#: The archive of Java's own classes, on top of which ours is made; a Java put together by jlink has none.
_BASE: Final = Path("lib", "server", "classes.jsa")
#: Java warns of the classes that it leaves out, and of an archive that does not fit.
_QUIET: Final = "-Xlog:cds=off -Xlog:cds+dynamic=off"
_FOLDER: Final = "java-classes"
_SUFFIX: Final = ".jsa"
#: An archive takes some 130 MB; Java prints to the user that it could not write one.
_ROOM_BYTES: Final = 500_000_000
#: Each Java and each installation of PySpark has an archive of its own.
_KEPT: Final = 3
_PATIENCE_SECONDS: Final = 60
_FORGOTTEN_SECONDS: Final = 3600
_log = logging.getLogger(__name__)


class ClassArchive:
    """The archive for a Java: used if it is there; otherwise, if so wished, made when the program ends."""

    def __init__(self, home: Path, *, make: bool) -> None:
        """Look for it.

        Args:
            home: Java's home.
            make: make it where it is not there.

        Raises:
            OSError: there is no place for it, or this Java can't have one.
        """
        base = (home / _BASE).stat()
        jars = Path(pyspark.__file__).parent / "jars"
        made_of = [home, base.st_mtime_ns, base.st_size, jars, jars.stat().st_mtime_ns]
        key = hashlib.sha256("\n".join(map(str, made_of)).encode()).hexdigest()[:16]
        folder = cache_folder() / _FOLDER
        folder.mkdir(exist_ok=True)
        self._path = folder / f"{key}{_SUFFIX}"
        self._is_used = self._path.is_file()
        self._is_complete = False
        self._new: Path | None = None
        if self._is_used:
            self._path.touch()  # the last used ones are kept
        elif make and _has_room(folder):
            self._new = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=folder)) / self._path.name
            atexit.register(self._end, self._new)

    @property
    def java_options(self) -> str:
        """Options for Java, to use the archive or to make it."""
        if self._is_used:
            return f'"-XX:SharedArchiveFile={self._path}" {_QUIET}'
        return f'"-XX:ArchiveClassesAtExit={self._new}" {_QUIET}' if self._new else ""

    def forget(self) -> bool:
        """Remove an archive that Java does not start from.

        Returns:
            Whether there was one: without it, Java may start.
        """
        used, self._is_used = self._is_used, False
        if used:
            self._path.unlink(missing_ok=True)
        return used

    def keep(self) -> None:
        """Say that Java has loaded what a run needs: an archive that is being made is worth keeping."""
        self._is_complete = True

    def _end(self, new: Path) -> None:
        java = java_process()
        try:
            if java is None or str(new) not in str(java.args):
                pass  # none was started, or one that others have started: it does not write here
            elif self._is_complete and java.stdin is not None:
                _log.info("Java's classes are being kept for the next start")
                java.stdin.close()  # nobody calls any more: Java ends, and writes
                java.wait(_PATIENCE_SECONDS)
                new.replace(self._path)
                _tidy(self._path.parent)
            else:
                end_java()  # it would write as it ends, and complain to the user that it can't
        except (OSError, subprocess.TimeoutExpired, KeyboardInterrupt):
            pass  # next time again
        finally:
            shutil.rmtree(new.parent, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    allowed = limit == resource.RLIM_INFINITY or limit > _ROOM_BYTES
    return allowed and shutil.disk_usage(folder).free > _ROOM_BYTES


def _tidy(folder: Path) -> None:
    """Remove what has not been used for long, and what killed programs left."""
    archives = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime)
    for path in archives[:-_KEPT]:
        path.unlink(missing_ok=True)
    for path in folder.glob(".*"):
        if path.stat().st_mtime < time.time() - _FORGOTTEN_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
