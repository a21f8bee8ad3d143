"""SOURCE: which files it means."""

from __future__ import annotations

import glob
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import InputError
from crime_pipelines.sources.bigquery_table import copy_table, is_table
from crime_pipelines.sources.file import SourceFile
from crime_pipelines.sources.folders import files_in, remote_files_in
from crime_pipelines.sources.looking import look, look_into
from crime_pipelines.sources.names import is_taken, is_taken_by_dataproc
from crime_pipelines.sources.storage import Found, file_system, one_line, shown, stat_local, stat_remote
from crime_pipelines.support.extras import how_to_install

__all__ = [
    "SPOOLED",
    "STANDARD_INPUT",
    "SourceFile",
    "is_spooled",
    "is_taken",
    "is_taken_by_dataproc",
    "look",
    "resolve",
    "resolve_for_warehouse",
    "spool",
    "spool_source",
]

#: The SOURCE that means standard input.
STANDARD_INPUT: Final = "-"
#: What it is called once it is copied to a file.
SPOOLED: Final = "standard input"
_WILDCARDS: Final = "*?["
_PIECE: Final = 1 << 20

_log = logging.getLogger(__name__)


def resolve(
    source: str, warn: Callable[[str], None] = _log.warning, layout: Layout | None = None
) -> list[SourceFile]:
    """Find the files that a SOURCE means, and look at each of them.

    Args:
        source: a file, a folder (all its files whose names `is_taken` takes, at any depth), a URI of one of
            these such as ``gs://bucket/folder``, or a glob. It is a glob only where nothing of that very name
            exists.
        warn: called with a line for each file that is passed over.
        layout: their layout; that of each is told by its headings unless given.

    Returns:
        The files, in the order of their names, each once however many links lead to it; of a zip archive each
        file in it.

    Raises:
        InputError: there are none, one of them is not an incident file, or they are of several departments.
    """
    if not source:
        raise InputError("SOURCE is empty: name a file, a folder, a glob or a URI")
    if source == STANDARD_INPUT:
        raise InputError(
            "-: standard input is read by 'run' alone; name a file here, ./- for one of that name"
        )
    if is_table(source):
        raise InputError(f"{source}: a table in BigQuery is read by 'run' alone; name a file here")
    is_remote = "://" in source and not os.path.exists(source)  # noqa: PTH110
    found = _remote(source, warn) if is_remote else _local(source, warn)
    return _of_one_department([file for each in found for file in look_into(each, warn, layout)])


def resolve_for_warehouse(
    source: str, layout: Layout = CHICAGO, warn: Callable[[str], None] = _log.warning
) -> list[SourceFile]:
    """Find the files that a SOURCE means, for a warehouse or a stream, which holds one department.

    Args:
        source: as for `resolve`.
        layout: a layout of the department whose incidents the warehouse holds. Files may be of any layout of
            that department that is told by its headings; one that is not must be theirs.
        warn: as for `resolve`.

    Returns:
        As for `resolve`.

    Raises:
        InputError: as for `resolve`, or a file is of another department.
    """
    files = resolve(source, warn, None if layout.is_told_by_headings else layout)
    for file in files:
        if file.layout.department != layout.department:
            raise InputError(
                f"{file.uri}: is of the department {file.layout.department} (layout {file.layout}), and the "
                f"warehouse holds {layout.department} (layout {layout}); read it by 'crime-pipelines run', "
                "or into a warehouse of its own"
            )
    return files


def is_spooled(source: str) -> bool:
    """Tell whether a SOURCE is copied to a file before it is looked at.

    Args:
        source: the SOURCE.

    Returns:
        True for standard input, and for a table in BigQuery.
    """
    return source == STANDARD_INPUT or is_table(source)


def spool_source(
    source: str, scratch: Path, warn: Callable[[str], None], layout: Layout | None = None
) -> list[SourceFile]:
    """Copy a SOURCE to a file, and look at it.

    Args:
        source: a SOURCE that `is_spooled`.
        scratch: the folder for the copy.
        warn: as for `resolve`.
        layout: as for `resolve`.

    Returns:
        The files that it holds, as for `resolve`.

    Raises:
        InputError: as for `spool` and `copy_table`.
        OSError: the copy can't be written.
    """
    if source == STANDARD_INPUT:
        return spool(scratch, warn, layout=layout)
    path = scratch / "table.csv"
    copy_table(source, path)
    return look_into(replace(stat_local(str(path), uri=source), modified=None), warn, layout)


def spool(
    scratch: Path,
    warn: Callable[[str], None],
    stream: IO[bytes] | None = None,
    layout: Layout | None = None,
) -> list[SourceFile]:
    """Copy standard input to a file, and look at it.

    Args:
        scratch: the folder for the copy.
        warn: as for `resolve`.
        stream: standard input; the process's unless given.
        layout: as for `resolve`.

    Returns:
        The files that it holds, as for `resolve`.

    Raises:
        InputError: it is closed, empty, a terminal, or not an incident file.
        OSError: the copy can't be written.
    """
    if stream is None:
        stream = sys.stdin.buffer if sys.stdin else None
    if stream is None or stream.isatty():
        raise InputError("standard input: nothing is piped in; name a file, or pipe one in")
    path = scratch / "standard-input"
    with path.open("wb") as copy:
        while piece := stream.read(_PIECE):
            copy.write(piece)
    found = replace(stat_local(str(path), uri=SPOOLED), modified=None)
    return _of_one_department(look_into(found, warn, layout))


def _of_one_department(files: list[SourceFile]) -> list[SourceFile]:
    for file in files[1:]:
        if file.layout.department != files[0].layout.department:
            first, other = (f"{each.uri} (layout {each.layout})" for each in (files[0], file))
            raise InputError(f"{first} and {other} are of two departments; read them apart")
    return files


def _local(source: str, warn: Callable[[str], None]) -> list[Found]:
    name = shown(source)
    try:
        if os.path.isfile(source):  # noqa: PTH113 - a path byte for byte
            paths = [source]
        elif os.path.isdir(source):  # noqa: PTH112
            paths = files_in(source, warn)
        elif os.path.exists(source):  # noqa: PTH110
            raise InputError(f"{name}: neither a file nor a folder")
        elif any(sign in source for sign in _WILDCARDS):
            matching = glob.glob(source, recursive=True, include_hidden=True)  # noqa: PTH207
            paths = [path for path in matching if os.path.isfile(path)]  # noqa: PTH113
            if not paths:
                raise InputError(f"{name}: no file matches")
        else:
            raise InputError(f"{name}: no such file or folder")
        return _each_once(sorted(paths), warn)
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: can't be read ({one_line(error)})") from error


def _each_once(paths: list[str], warn: Callable[[str], None]) -> list[Found]:
    files: dict[str, Found] = {}
    for path in paths:
        file = stat_local(path)
        if file.version in files:
            warn(f"{file.uri}: passed over, it is the same file as {files[file.version].uri}")
        else:
            files[file.version] = file
    return list(files.values())


def _remote(source: str, warn: Callable[[str], None]) -> list[Found]:
    try:
        system = file_system(source)
    except (ImportError, ValueError) as error:
        scheme = source.partition("://")[0]
        hint = f": {how_to_install('gcp')}" if scheme == "gs" else ""
        raise InputError(f"{source}: files under {scheme}:// can't be read here ({error}){hint}") from error
    try:
        return [stat_remote(system, name) for name in sorted(_remote_names(system, source, warn))]
    except InputError:
        raise
    except Exception as error:  # each storage client has exceptions of its own
        raise InputError(f"{source}: can't be read ({one_line(error)})") from error


def _remote_names(system: Any, source: str, warn: Callable[[str], None]) -> list[str]:
    path: str = system._strip_protocol(source)
    if system.isfile(path):
        return [path]
    if system.isdir(path):
        return remote_files_in(system, path, source, warn)
    if any(sign in path for sign in _WILDCARDS):
        names = [name for name in system.glob(path) if system.isfile(name)]
        if not names:
            raise InputError(f"{source}: no file matches")
        return names
    if system.exists(path):
        raise InputError(f"{source}: neither a file nor a folder")
    raise InputError(f"{source}: no such file or folder")
