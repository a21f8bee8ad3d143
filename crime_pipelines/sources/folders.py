"""The files of a folder that a SOURCE means, and those that are passed over, by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn

from crime_pipelines.errors import InputError
from crime_pipelines.sources.names import is_hidden, is_taken
from crime_pipelines.sources.own_output import RECORD, read_record
from crime_pipelines.sources.storage import shown

#: So many files are named one by one where they are passed over.
_NAMED: Final = 100
_NONE: Final = "no file of incidents in this folder (.csv, .tsv, .json, .jsonl, .ndjson, .parquet, .zip)"


def files_in(folder: str, warn: Callable[[str], None]) -> list[str]:
    """Find the files of incidents in a folder.

    Args:
        folder: the folder, byte for byte.
        warn: called with a line for each file that is passed over.

    Returns:
        Their paths, at any depth.

    Raises:
        InputError: there are none.
        OSError: a folder can't be read.
    """
    if _is_output(folder):
        raise _own_output(shown(folder))
    taken: list[str] = []
    others: list[str] = []
    for path, is_regular in _files_below(folder, warn):
        name = path[len(folder) :].lstrip("/")
        if is_taken(name):
            if is_regular:
                taken.append(path)
            else:
                warn(f"{shown(path)}: passed over, it is not a regular file")
        elif not is_hidden(name):
            others.append(shown(path))
    _warn_of(others, warn)
    if not taken:
        raise InputError(f"{shown(folder)}: {_NONE}")
    return taken


def remote_files_in(system: Any, folder: str, uri: str, warn: Callable[[str], None]) -> list[str]:
    """Find the files of incidents in a folder of another storage.

    Args:
        system: its file system, fsspec's.
        folder: the folder's path there.
        uri: the folder, as named to the user.
        warn: called with a line for each file that is passed over.

    Returns:
        Their paths, at any depth.

    Raises:
        InputError: there are none.
    """
    inside = {name: name[len(folder) :].lstrip("/") for name in system.find(folder)}
    outputs = [
        name.removesuffix(RECORD)
        for name, short in inside.items()
        if not is_hidden(short) and name.endswith(f"/{RECORD}") and read_record(system.cat_file(name))
    ]
    if f"{folder.rstrip('/')}/" in outputs:
        raise _own_output(uri)
    for output in outputs:
        warn(f"{system.unstrip_protocol(output)}: passed over, it is the output of a run")
    visible = {
        name: short
        for name, short in inside.items()
        if not is_hidden(short) and not name.startswith(tuple(outputs))
    }
    _warn_of([system.unstrip_protocol(name) for name, short in visible.items() if not is_taken(short)], warn)
    taken = [name for name, short in visible.items() if is_taken(short)]
    if not taken:
        raise InputError(f"{uri}: {_NONE}")
    return taken


def _own_output(name: str) -> InputError:
    return InputError(
        f"{name}: is the output of a run; to read its incidents again, name {name.rstrip('/')}/incidents"
    )


def _warn_of(names: Iterable[str], warn: Callable[[str], None]) -> None:
    """Name the files that a folder does not take."""
    ordered = sorted(names)
    for name in ordered[:_NAMED]:
        warn(f"{name}: passed over, its name does not end as those of incident files do")
    if len(ordered) > _NAMED:
        warn(f"{len(ordered) - _NAMED:,} further files were passed over for their names")


def _files_below(folder: str, warn: Callable[[str], None]) -> Iterator[tuple[str, bool]]:
    """Files at any depth, and whether each is a regular one.

    What links lead to is included, loops of links are not followed. Hidden folders are left out, and so are
    outputs of earlier runs.
    """

    def fail(error: OSError) -> NoReturn:
        raise error

    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        stat = os.stat(parent)  # noqa: PTH116
        if (stat.st_dev, stat.st_ino) in seen:
            folders.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        if parent != folder and _is_output(parent):
            warn(f"{shown(parent)}: passed over, it is the output of a run")
            folders.clear()
            continue
        folders[:] = [each for each in folders if not is_hidden(each)]
        for each in names:
            path = os.path.join(parent, each)  # noqa: PTH118
            yield path, os.path.isfile(path)  # noqa: PTH113


def _is_output(folder: str) -> bool:
    path = os.path.join(folder, RECORD)  # noqa: PTH118
    if not os.path.isfile(path):  # noqa: PTH113
        return False
    with open(path, "rb") as file:  # noqa: PTH123 - the name as it was given, byte for byte
        return read_record(file.read()) is not None
