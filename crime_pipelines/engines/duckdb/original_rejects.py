"""Rejects of files that engines read as comma-separated text, written as the files have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from crime_pipelines.sources import SourceFile
from crime_pipelines.support.duckdb_connection import connect
from crime_pipelines.support.duckdb_paths import parquet_sql, quoted

#: Rows that are held in memory, and characters of them.
_ROWS: Final = 2_048
_HELD: Final = 1 << 22
_COLUMNS: Final = ("reason", "source_file", "raw_row")


def restore_rejects(rejects: Path, files: Sequence[SourceFile], scratch: Path) -> None:
    """Write the rejects of a run as their files have them, whatever the files' forms are.

    Args:
        rejects: the folder of rejects, Parquet with the columns reason, source_file and raw_row.
        files: the files.
        scratch: a folder on the same disk.

    Raises:
        OSError: the rejects can't be written.
        duckdb.Error: they can't be read or written.
    """
    by_name = {file.uri: file for file in files if file.form.is_rewritten}
    if not by_name:
        return
    written = [*rejects.glob("*.parquet")]
    restored = scratch / "restored.parquet"
    with connect() as reading, connect() as writing:
        writing.execute("SET memory_limit = '512MB'")
        writing.execute(f"SET temp_directory = {quoted(scratch / 'restored-spill')}")
        writing.execute("CREATE TABLE rejects (reason VARCHAR, source_file VARCHAR, raw_row VARCHAR)")
        rows = reading.execute(f"SELECT {', '.join(_COLUMNS)} FROM {parquet_sql(rejects, '*.parquet')}")
        held: list[tuple[str, str, str]] = []
        size = 0
        while some := rows.fetchmany(_ROWS):
            for reason, name, text in some:
                file = by_name.get(name)
                held.append((reason, name, file.original_text(reason, text) if file else text))
                size += len(text)
                if size >= _HELD:
                    _insert(writing, held)
                    held, size = [], 0
        _insert(writing, held)
        writing.execute(f"COPY rejects TO {quoted(restored)} (FORMAT parquet)")
    for path in written:
        path.unlink()
    restored.rename(rejects / "rejects.parquet")


def _insert(connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, str, str]]) -> None:
    if rows:
        columns = {
            name: np.array([row[number] for row in rows], dtype=object)
            for number, name in enumerate(_COLUMNS)
        }
        connection.register("rows_to_write", columns)
        try:
            connection.execute(f"INSERT INTO rejects SELECT {', '.join(_COLUMNS)} FROM rows_to_write")
        finally:
            connection.unregister("rows_to_write")
