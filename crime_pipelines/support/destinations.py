"""Files and folders to be written, looked at before the work that fills them."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Final

from crime_pipelines.errors import InputError

#: A full disk has words of its own; see `full_disk_in_words`.
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def refuse_file(path: Path, *, makes_folder: bool = False) -> None:
    """Refuse a file that can't be written.

    Args:
        path: the file, which may exist.
        makes_folder: whether its folder will be made if need be.

    Raises:
        InputError: it is a folder, or no file can be made beside it.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file")
    refuse_new(path, makes_folder=makes_folder)


def refuse_folder(path: Path) -> None:
    """Refuse a folder that can't be made, or in which nothing can be made.

    Args:
        path: the folder; it may exist, and so may those above it.

    Raises:
        InputError: it is no folder, or can't be written.
    """
    if os.path.lexists(path) and not path.is_dir():
        raise InputError(f"{path}: is not a folder")
    _refuse_unwritable(path.absolute(), path)


def refuse_new(path: Path, *, makes_folder: bool = False) -> None:
    """Refuse a path whose folder is missing, or takes nothing new.

    Args:
        path: a file or folder to be made beside its place, and then to take it.
        makes_folder: whether its folder will be made if need be.

    Raises:
        InputError: nothing can be made there.
    """
    folder = path.absolute().parent
    if not makes_folder and not folder.exists():
        raise InputError(f"{path}: there is no folder for it; make it, or name another")
    _refuse_unwritable(folder, path)


def _refuse_unwritable(folder: Path, path: Path) -> None:
    """Make a file in a folder, or the nearest one above it; it is gone at once.

    Permissions alone don't tell what a disk takes.
    """
    there = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        if error.errno not in _FULL:
            raise InputError(f"{path}: can't be written ({error.strerror})") from error
