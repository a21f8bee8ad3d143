"""DuckDB in memory, as every part of the project opens it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """Open a database in memory that leaves nothing where the command was given, and prints nothing.

    Returns:
        The connection.
    """
    # What does not fit in memory would go into a folder `.tmp` of the current one, for everyone to read.
    connection = duckdb.connect(config={"temp_directory": _spill_folder()})
    # Without the bar DuckDB does not know how far a statement is; its own would go to standard output.
    connection.execute("SET enable_progress_bar_print = false")
    connection.execute("SET enable_progress_bar = true")
    return connection


@cache
def _spill_folder() -> str:
    """Make a folder that no other user can look into; it is gone at the end of this process."""
    folder = tempfile.mkdtemp(prefix="crime-pipelines-")
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked process leaves it to its parent
        shutil.rmtree(folder, ignore_errors=True)
