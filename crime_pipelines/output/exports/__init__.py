"""Exports of a run's output: a workbook, a database, or CSV files for spreadsheets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output.exports.contents import Contents
from crime_pipelines.output.exports.csv_files import write_csv_files
from crime_pipelines.output.exports.databases import write_duckdb, write_sqlite
from crime_pipelines.output.exports.workbook import refuse_workbook, write_workbook
from crime_pipelines.output.record import recorded
from crime_pipelines.support.destinations import refuse_new
from crime_pipelines.support.full_disk import full_disk_in_words

__all__ = ["KINDS", "export"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of export.

    Attributes:
        ending: what a name of such a file or folder ends with.
        write: writes the contents to a path that does not exist.
        has_incidents: whether incidents are part of it unless asked otherwise.
    """

    ending: str
    write: Callable[[Contents, Path], None]
    has_incidents: bool


KINDS: Final = {
    "xlsx": Kind(".xlsx", write_workbook, has_incidents=False),
    "duckdb": Kind(".duckdb", write_duckdb, has_incidents=True),
    "sqlite": Kind(".sqlite", write_sqlite, has_incidents=True),
    "csv": Kind("-csv", write_csv_files, has_incidents=False),
}


def export(
    folder: Path,
    kind: str,
    path: Path | None = None,
    *,
    with_incidents: bool | None = None,
    formula_safe: bool = True,
    may_replace: bool = False,
    public: bool = False,
) -> Path:
    """Export the output of a run.

    Numbers, dates and times are written as such, for other programs to show in whichever locale.

    Args:
        folder: the run's output.
        kind: one of `KINDS`.
        path: the file, or for ``csv`` the folder, to write; beside `folder` and named after it unless given.
        with_incidents: export the incidents as well; by default into databases alone.
        formula_safe: in CSV files, put an apostrophe before a text that a spreadsheet would take for a
            formula. Workbooks hold texts as texts in any case.
        may_replace: replace `path` if it exists.
        public: leave out what may not be published; incidents may not.

    Returns:
        The path written.

    Raises:
        InputError: the folder is not a run's output, nothing of it may be published, `path` exists, or it
            can't be written.
        PipelineError: it can't be written.
    """
    chosen = KINDS[kind]
    real = folder.resolve()
    if public and with_incidents:
        raise InputError(f"{folder}: its incidents may not be published; export the answers alone")
    path = path or real.with_name(f"{real.name}{'-public' if public else ''}{chosen.ending}")
    if path.resolve().is_relative_to(real):
        raise InputError(f"{path}: lies in the output, which the next run replaces; name another path")
    if path.exists() and not may_replace:
        raise InputError(f"{path}: exists; name another path, or say --force to replace it")
    if path.exists() and path.is_dir() is not (kind == "csv"):
        raise InputError(f"{path}: is {'a' if path.is_dir() else 'not a'} folder; name another path")
    for other in sorted(path.iterdir()) if path.is_dir() else ():
        if other.suffix != ".csv" or other.is_dir():
            raise InputError(f"{path}: holds {other.name}, which is no CSV file; name another path")
    refuse_new(path)
    if with_incidents is None:
        with_incidents = chosen.has_incidents and not public
    if kind == "xlsx":
        refuse_workbook(folder, recorded(folder), with_incidents)
    contents = Contents.of(folder, with_incidents=with_incidents, formula_safe=formula_safe, public=public)
    with full_disk_in_words(path):
        try:
            with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
                new = Path(scratch, path.name)
                chosen.write(contents, new)
                if path.is_dir():
                    path.rename(Path(scratch, "old"))
                new.replace(path)
        except (FileNotFoundError, NotADirectoryError, PermissionError, shutil.Error) as error:
            raise PipelineError(f"{path}: can't be written ({error})") from error
    return path
