"""The output folder: built beside its place, then put there at once, so that a reader never sees half a run.

A folder under construction is a hidden sibling, `.NAME.run-XXXX`, held by a lock for as long as the process
lives. A run that was killed leaves its sibling behind; the next run for the same place finds the lock free
and removes it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Final

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.record import FILE as RECORD

_LOCK: Final = "lock"
_NEW: Final = "new"
_SCRATCH: Final = "scratch"
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2  # Linux, linux/fs.h
_RENAME_SWAP: Final = 2  # macOS, sys/stdio.h


class Workplace:
    """Where a run builds its output.

    Attributes:
        folder: the output's own folder, empty at first.
        scratch: a folder on the same disk that is gone afterwards.
    """

    def __init__(self, root: Path, place: Path) -> None:
        """Make the folders.

        Args:
            root: the hidden sibling, which exists.
            place: where the output is to be.
        """
        self._root = root
        self._place = place
        self.folder = root / _NEW
        self.scratch = root / _SCRATCH
        self.folder.mkdir()
        self.scratch.mkdir()

    def publish(self) -> Path | None:
        """Put the output in its place, at once; an earlier run's output that was there goes.

        Returns:
            Where something else that was there is now (`NAME.replaced`, beside), or None.

        Raises:
            PipelineError: it can't be put there.
        """
        _flush(self.folder)
        place, aside = self._place, None
        try:
            if place.exists() and any(place.iterdir()):
                if not (place / RECORD).is_file():
                    # Swapped under the name it is to keep, so that nothing of it can get lost on the way.
                    aside = _free_name(place)
                    self.folder = self.folder.rename(aside)
                _exchange(self.folder, place)
            else:
                self.folder.rename(place)
        except OSError as error:
            if aside:
                self.folder = self.folder.rename(self._root / _NEW)  # to go with the workplace
            raise PipelineError(f"{place}: can't be replaced ({error.strerror})") from error
        return aside


@contextmanager
def workplace(place: Path) -> Iterator[Workplace]:
    """A place to build an output in.

    Args:
        place: where the output is to be; a link is followed.

    Yields:
        The workplace. Unless it is published, `place` stays as it was; in any case nothing else is left.

    Raises:
        InputError: no output can be put there.
    """
    place = Path(os.path.realpath(place))
    _check(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear_away(place)
        root, lock = _begin(place)
    except OSError as error:
        raise InputError(f"{place}: can't be written ({error.strerror})") from error
    with lock:
        try:
            root.chmod(0o755)
            yield Workplace(root, place)
        finally:
            _remove(root)


def _begin(place: Path) -> tuple[Path, IO[str]]:
    """Make the hidden sibling and take its lock, held until the process ends, however it ends."""
    while True:
        root = Path(tempfile.mkdtemp(prefix=f".{place.name}.run-", dir=place.parent))
        try:
            lock = (root / _LOCK).open("w")
        except FileNotFoundError:
            continue  # another run took the empty folder for a leftover
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (root / _LOCK).exists():
            return root, lock
        lock.close()  # another run was at the lock first, and took the folder for a leftover


def _remove(root: Path) -> None:
    """Remove a hidden sibling whose lock is held. The lock goes last: without it no run may clear it."""
    for each in root.iterdir():
        if each.name != _LOCK:
            shutil.rmtree(each, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)


def _check(place: Path) -> None:
    if place.is_mount():
        raise InputError(f"{place}: is a mount point and can't be replaced; name a folder inside it")
    if place.exists() and not place.is_dir():
        raise InputError(f"{place}: is not a folder")
    if Path.cwd().is_relative_to(place) or Path.home().is_relative_to(place):
        raise InputError(
            f"{place}: holds the folder you are in or your home, and would be replaced; name another"
        )


def refuse_overlap(place: Path, files: list[str]) -> None:
    """Make sure that replacing the output does not take the input away.

    Args:
        place: where the output is to be.
        files: the paths and URIs of the input.

    Raises:
        InputError: an input file lies in `place`.
    """
    real = Path(os.path.realpath(place))
    for name in files:
        if "://" not in name and Path(os.path.realpath(name)).is_relative_to(real):
            raise InputError(
                f"{place}: holds the input file {name} and would be replaced; name another folder"
            )


def _clear_away(place: Path) -> None:
    """Remove what killed runs for the same place have left."""
    for root in place.parent.glob(f".{place.name}.run-*"):
        try:
            with (root / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(root)
        except BlockingIOError:
            continue  # another run is at work
        except FileNotFoundError:
            # killed before it made its lock, or about to make it: only an empty folder is surely no loss
            try:
                root.rmdir()
            except OSError:
                continue


def _free_name(place: Path) -> Path:
    names = (place.with_name(f"{place.name}.replaced{number or ''}") for number in count())
    return next(name for name in names if not name.exists())


def _exchange(new: Path, old: Path) -> None:
    """Swap two folders in one step of the file system, and remove what was in the way."""
    libc = ctypes.CDLL(None, use_errno=True)
    source, target = os.fsencode(new), os.fsencode(old)
    if sys.platform == "darwin":
        failed = libc.renamex_np(source, target, _RENAME_SWAP)
    else:
        failed = libc.renameat2(_AT_FDCWD, source, _AT_FDCWD, target, _RENAME_EXCHANGE)
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, f"this file system can't swap two folders: {os.strerror(code)}")


def _flush(folder: Path) -> None:
    """Have the output on disk before it takes the old one's place, so that a power cut can't empty it."""
    for path in [folder, *folder.rglob("*")]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
