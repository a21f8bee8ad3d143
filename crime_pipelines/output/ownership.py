"""Ownership of the files in an output folder: all that no run wrote are kept when the folder is replaced.

A run owns the regular files that its `run.json` lists, and nothing else. Every other file, link or empty
folder is foreign. Foreign files are linked into the new output before it takes the old one's place, so they
are there at every moment; what can't be linked, or appears in between, is moved afterwards.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import Final

from crime_pipelines.errors import InputError
from crime_pipelines.sources.own_output import RECORD, files_written, read_record
from crime_pipelines.sources.storage import shown

#: Errors by which a file system or its owner says that a file can't have a second name.
_UNLINKABLE: Final = (errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP)
_Entry = tuple[str, os.stat_result]


def files_below(folder: Path) -> list[str]:
    """List the files of a folder.

    Args:
        folder: the folder.

    Returns:
        Their paths inside it, sorted, those of links and other special files among them.
    """
    return sorted(name for name, status in _entries(folder) if not stat.S_ISDIR(status.st_mode))


def owned_by_a_run(folder: Path) -> frozenset[str]:
    """Find the files that the run whose output a folder is wrote there.

    Args:
        folder: the folder, which may be no run's output.

    Returns:
        Their paths inside the folder.
    """
    with suppress(OSError):
        status = os.lstat(folder / RECORD)
        if stat.S_ISREG(status.st_mode):
            return files_written(read_record((folder / RECORD).read_bytes()))
    return frozenset()


def refuse_foreign_record(place: Path) -> None:
    """Refuse a folder in which the record of a run can't be put.

    Args:
        place: where an output is to be.

    Raises:
        InputError: its `run.json` was not written by a run, or lists no files.
    """
    if os.path.lexists(place / RECORD) and RECORD not in owned_by_a_run(place):
        raise InputError(
            f"{place / RECORD}: is not the record of a run that lists the files it wrote, and would be "
            "replaced; move it away or name another folder"
        )


def refuse_foreign(place: Path, names: Iterable[str]) -> None:
    """Refuse a folder in which files of others stand where an output will have its own.

    Args:
        place: where an output is to be.
        names: paths inside it that the output is known to have; those of folders end with a slash.

    Raises:
        InputError: a foreign file, link or folder stands there, or where a folder on the way has to be.
    """
    owned = owned_by_a_run(place)
    for name in names:
        parts = name.rstrip("/").split("/")
        for depth in range(1, len(parts) + 1):
            inside = "/".join(parts[:depth])
            path = place / inside
            if not os.path.lexists(path):
                break
            is_folder = depth < len(parts) or name.endswith("/")
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode) if is_folder else stat.S_ISREG(mode) and inside in owned:
                continue
            raise _in_the_way(path)


def _in_the_way(path: Path) -> InputError:
    return InputError(
        f"{shown(str(path))}: was not written by a run, and would be replaced; "
        "move it away or name another folder"
    )


def keep_foreign(place: Path, new: Path, owned: Set[str]) -> None:
    """Give the foreign files of an output folder a second name in the folder that will replace it.

    Args:
        place: the output folder.
        new: the folder that will replace it.
        owned: the files in `place` that a run wrote.

    Raises:
        InputError: a foreign file stands where the new output has a file, or on another disk.
        OSError: something can't be read or written.
    """
    device = place.stat().st_dev
    for name, status in _foreign(place, owned):
        source, target = place / name, new / name
        if status.st_dev != device:
            raise InputError(f"{shown(str(source))}: lies on another disk than {place}; name another folder")
        is_folder = stat.S_ISDIR(status.st_mode)
        if _is_taken(new, name, is_folder=is_folder):
            raise _in_the_way(source)
        _make_folders(place, new, name if is_folder else os.path.dirname(name))  # noqa: PTH120 - byte for byte
        if not is_folder:
            try:
                os.link(source, target, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _UNLINKABLE:
                    raise


def discard(old: Path, place: Path, owned: Set[str], new: Set[str] | None = None) -> bool:
    """Delete a replaced output, and move what is foreign in it to where it belongs.

    Args:
        old: the folder that was replaced.
        place: the output folder that took its place.
        owned: the files in `old` that a run wrote.
        new: those in `place`. A foreign file of the same name in `place` is older than that in `old`, and is
            replaced; None if it is not known which of them is older: then none is.

    Returns:
        Whether all of it is gone. What could not be moved is left in `old`.
    """
    for name, status in [*_foreign(old, owned)]:
        with suppress(OSError):
            _move(old, place, name, status, new)
    for name, status in [*_entries(old)]:
        if name in owned and stat.S_ISREG(status.st_mode):
            with suppress(OSError):
                (old / name).unlink()
    for folder, _, _ in os.walk(old, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106
    return not os.path.lexists(old)


def _move(old: Path, place: Path, name: str, status: os.stat_result, new: Set[str] | None) -> None:
    source, target = old / name, place / name
    if stat.S_ISDIR(status.st_mode):
        _make_folders(old, place, name)
        return
    with suppress(FileNotFoundError, NotADirectoryError):
        there = os.lstat(target)
        if os.path.samestat(there, status):
            source.unlink()
            return
        if new is None or name in new or stat.S_ISDIR(there.st_mode):
            return
    _make_folders(old, place, os.path.dirname(name))  # noqa: PTH120
    source.rename(target)


def _entries(folder: Path, inside: str = "") -> Iterator[_Entry]:
    """Files, links and empty folders at any depth; links are not followed."""
    with os.scandir(folder / inside) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{inside}/{entry.name}" if inside else entry.name
        if entry.is_dir(follow_symlinks=False):
            is_empty = True
            for below in _entries(folder, name):
                is_empty = False
                yield below
            if is_empty:
                yield name, entry.stat(follow_symlinks=False)
        else:
            yield name, entry.stat(follow_symlinks=False)


def _foreign(folder: Path, owned: Set[str]) -> Iterator[_Entry]:
    for name, status in _entries(folder):
        if name not in owned or not stat.S_ISREG(status.st_mode):
            yield name, status


def _is_taken(folder: Path, name: str, *, is_folder: bool) -> bool:
    """Tell whether an entry, or one of the folders that it lies in, has a file's name."""
    parts = name.split("/")
    for depth in range(1, len(parts) + 1):
        path = folder.joinpath(*parts[:depth])
        if not os.path.lexists(path):
            return False
        if path.is_symlink() or not path.is_dir():
            return True
    return not is_folder


def _make_folders(like: Path, folder: Path, name: str) -> None:
    """Make a folder and those above it, with the permissions of their likes."""
    parts = name.split("/") if name else []
    for depth in range(1, len(parts) + 1):
        inside = "/".join(parts[:depth])
        if (folder / inside).is_dir():
            with suppress(OSError):
                shutil.copymode(like / inside, folder / inside)
        else:
            (folder / inside).mkdir()
            with suppress(OSError):
                shutil.copystat(like / inside, folder / inside)
