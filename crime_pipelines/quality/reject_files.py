"""Rejected rows written for people, whether or not the run goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from crime_pipelines.engines.base import REJECTS
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.support import destinations
from crime_pipelines.support.duckdb_paths import parquet_sql, quoted

FILE: Final = "rejects.csv"
_HEADINGS: Final = "reason,source_file,raw_row"


def refuse_folder(folder: Path, source: str) -> None:
    """Refuse a folder in which rejected rows can't be written.

    Args:
        folder: the value of ``--rejects``.
        source: the SOURCE.

    Raises:
        InputError: it can't be written, holds a file of that name which no run wrote, or lies in SOURCE.
    """
    path = folder / FILE
    if os.path.isdir(source) and folder.resolve().is_relative_to(Path(source).resolve()):  # noqa: PTH112
        raise InputError(f"--rejects {folder}: lies in SOURCE, of which its file would be a part next time")
    destinations.refuse_folder(folder)
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            if file.readline().rstrip("\n") != _HEADINGS:
                raise InputError(f"--rejects {folder}: holds a {FILE} that no run wrote; name another folder")
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


def write_rejects(run: Path, folder: Path) -> Path:
    """Write the rejected rows of a run as comma-separated text.

    Args:
        run: the run's folder.
        folder: the folder to write them in, made if need be; what a run wrote there is replaced.

    Returns:
        The file: the reason, the file and the text of each row, in this order.

    Raises:
        PipelineError: it can't be written.
    """
    from crime_pipelines.support.duckdb_connection import connect

    path, new = folder / FILE, folder / f".{FILE}.new"
    rejects = parquet_sql(run / REJECTS, "*.parquet")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with connect() as connection:
            connection.execute(
                f"COPY (SELECT {_HEADINGS} FROM {rejects} ORDER BY ALL) TO {quoted(new)} "
                "(FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"')"
            )
        new.replace(path)
    except OSError as error:
        raise PipelineError(f"{path}: can't be written ({error.strerror})") from error
    return path
