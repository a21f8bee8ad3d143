"""The output folder: built beside its place, then put there at once, so that a reader never sees half a run.

A folder under construction is a hidden sibling, `.NAME.run-XXXX`, held by a lock for as long as the process
lives. A run that was killed leaves its sibling behind; the next run for the same place finds the lock free
and removes it. Only files that a run wrote are removed or replaced (see `ownership`).
"""

from __future__ import annotations

import ctypes
import glob
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Final

from crime_pipelines.errors import ON_WINDOWS, InputError, PipelineError
from crime_pipelines.output.ownership import (
    discard,
    files_below,
    keep_foreign,
    owned_by_a_run,
    refuse_foreign,
    refuse_foreign_record,
)
from crime_pipelines.sources.storage import shown
from crime_pipelines.support.destinations import refuse_new
from crime_pipelines.support.full_disk import full_disk_in_words
from crime_pipelines.support.interrupts import interrupts_waiting, set_finished
from crime_pipelines.support.locks import lock

_LOCK: Final = "lock"
_NEW: Final = "new"
#: The name of `_NEW` from the moment on from which it may hold foreign files, or be the replaced output.
_READY: Final = "ready"
_SCRATCH: Final = "scratch"
#: What a lock says, before the name of its folder: no other folder may be taken for a leftover.
_OURS: Final = "workplace of crime-pipelines: "
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2  # Linux, linux/fs.h
_RENAME_SWAP: Final = 2  # macOS, sys/stdio.h


class Workplace:
    """The folder in which a run builds its output.

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
        self.scratch.mkdir(mode=0o700)  # incidents lie there, whoever may read the output

    def publish(self) -> Path | None:
        """Put the output in its place, at once; what an earlier run wrote there goes, all else stays.

        An interruption comes before that, and nothing has changed, or after it, and the run is finished.

        Returns:
            Where files are that were put there meanwhile and could not be kept in their place
            (`NAME.replaced`, beside), or None.

        Raises:
            InputError: a file that no run wrote stands where the output has one.
            PipelineError: it can't be put there.
        """
        written = frozenset(files_below(self.folder))
        if written != owned_by_a_run(self.folder):
            raise AssertionError("the record does not list the files that were written")
        _flush(self.folder)
        with interrupts_waiting():
            aside = self._put(written)
            set_finished()
        return aside

    def _put(self, written: frozenset[str]) -> Path | None:
        place = self._place
        try:
            self.folder = ready = self.folder.rename(self._root / _READY)
            if place.exists():
                shutil.copymode(place, ready)
            if not place.exists() or not any(place.iterdir()):
                ready.rename(place)
                return None
            keep_foreign(place, ready, owned_by_a_run(place))
            _exchange(ready, place)
        except OSError as error:
            raise PipelineError(f"{place}: can't be replaced ({error.strerror})") from error
        # Another run may have been there in between: what is owned is read anew.
        is_gone = discard(ready, place, owned_by_a_run(ready), written)
        return None if is_gone else _put_aside(ready, place)


@contextmanager
def workplace(place: Path) -> Iterator[Workplace]:
    """Return a place to build an output in.

    Args:
        place: where the output is to be; a link is followed.

    Yields:
        The workplace. Unless it is published, `place` stays as it was; in any case nothing else is left.

    Raises:
        InputError: no output can be put there.
        PipelineError: the disk is full, whichever error of the block says so.
    """
    place = Path(os.path.realpath(place))
    _check(place)
    # The disk is looked at before the workplace is removed from it.
    with ExitStack() as stack, full_disk_in_words(place):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _clear_away(place)
            with interrupts_waiting():
                root, held = _begin(place)
                stack.enter_context(held)
                stack.callback(_remove, root, place)
            root.chmod(0o755)
            made = Workplace(root, place)
        except OSError as error:
            raise InputError(f"{place}: can't be written ({error.strerror})") from error
        yield made


def _begin(place: Path) -> tuple[Path, IO[str]]:
    """Make the hidden sibling and take its lock, held until the process ends, however it ends."""
    while True:
        root = Path(tempfile.mkdtemp(prefix=f".{place.name}.run-", dir=place.parent))
        try:
            file = (root / _LOCK).open("w", encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            continue  # another run took the empty folder for a leftover
        lock(file)
        file.write(_OURS + root.name)
        file.flush()
        if (root / _LOCK).exists():
            return root, file
        file.close()  # another run was at the lock first, and took the folder for a leftover


def _remove(root: Path, place: Path) -> None:
    """Remove a hidden sibling whose lock is held. The lock goes last: without it no run may clear it."""
    with interrupts_waiting():
        ready = root / _READY
        if ready.exists() and not discard(ready, place, owned_by_a_run(ready)):
            _put_aside(ready, place)
        for each in (_NEW, _SCRATCH):
            shutil.rmtree(root / each, ignore_errors=True)
        if [each.name for each in root.iterdir()] == [_LOCK]:
            shutil.rmtree(root, ignore_errors=True)


def _put_aside(folder: Path, place: Path) -> Path:
    names = (place.with_name(f"{place.name}.replaced{number or ''}") for number in count())
    return folder.rename(next(name for name in names if not os.path.lexists(name)))


def _check(place: Path) -> None:
    if place.is_mount():
        raise InputError(f"{place}: is a mount point and can't be replaced; name a folder inside it")
    if "\\" in str(place):
        raise InputError(f"{place}: DuckDB takes the backslash for a slash; name a folder without one")
    if place.exists() and not place.is_dir():
        raise InputError(f"{place}: is not a folder")
    if Path.cwd().is_relative_to(place) or Path.home().is_relative_to(place):
        raise InputError(
            f"{place}: holds the folder you are in or your home, and would be replaced; name another"
        )
    refuse_foreign_record(place)


def refuse_place(place: Path, names: Iterable[str]) -> None:
    """Refuse a place in which an output can't be put, before the work that it is the result of.

    Args:
        place: where the output is to be; a link is followed.
        names: as for `refuse_foreign`.

    Raises:
        InputError: no output can be put there.
    """
    if sys.platform == "win32":
        raise InputError(ON_WINDOWS)
    real = Path(os.path.realpath(place))
    _check(real)
    refuse_foreign(real, names)
    refuse_new(real, makes_folder=True)


def refuse_overlap(place: Path, files: list[str]) -> None:
    """Make sure that replacing the output does not take the input away.

    Args:
        place: where the output is to be.
        files: the paths of the input's files on this machine.

    Raises:
        InputError: an input file lies in `place`.
    """
    real = Path(os.path.realpath(place))
    for name in files:
        if Path(os.path.realpath(name)).is_relative_to(real):
            raise InputError(
                f"{place}: holds the input file {shown(name)} and would be replaced; name another folder"
            )


def _clear_away(place: Path) -> None:
    """Remove what killed runs for the same place have left."""
    for root in place.parent.glob(f".{glob.escape(place.name)}.run-*"):
        try:
            if not stat.S_ISREG((root / _LOCK).lstat().st_mode):
                continue  # a pipe would be waited for
            with (root / _LOCK).open(encoding="utf-8", errors="surrogateescape") as file:
                # Otherwise another run is at work.
                if lock(file, wait=False) and file.read() == _OURS + root.name:
                    _remove(root, place)
        except (IsADirectoryError, NotADirectoryError):
            continue  # it is no workplace
        except FileNotFoundError:
            # killed before it made its lock, or about to make it: only an empty folder is surely no loss
            try:
                root.rmdir()
            except OSError:
                continue


def _exchange(new: Path, old: Path) -> None:
    """Swap two folders in one step of the file system."""
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
