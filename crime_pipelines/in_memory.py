"""DuckDB in memory, as every part of the project opens it."""

from __future__ import annotations

from tempfile import gettempdir

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """Open a database in memory that leaves nothing where the command was given, and prints nothing.

    Returns:
        The connection.
    """
    # What does not fit in memory would go into a folder `.tmp` of the current one.
    connection = duckdb.connect(config={"temp_directory": gettempdir()})
    # Its own bar would go to standard output, and only on statements of more than two seconds.
    connection.execute("SET enable_progress_bar_print = false")
    return connection
