"""Rows of Parquet as comma-separated lines, by DuckDB."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from crime_pipelines.domain.records.csv_records import join_record_sql
from crime_pipelines.sources.formats.packing import DamagedError
from crime_pipelines.sources.storage import one_line

#: Rows that are taken from DuckDB at a time.
_ROWS: Final = 2_048
_SETTINGS: Final = ("memory_limit = '512MB'", "threads = 2", "TimeZone = 'UTC'")


def comma_lines(path: Path, columns: Sequence[str], uri: str) -> Iterator[bytes]:
    """Read a Parquet file as comma-separated lines; the headings are not among them.

    Args:
        path: the file.
        columns: its columns.
        uri: the file, as named to the user.

    Yields:
        Lines, many at a time.

    Raises:
        DamagedError: the file can't be read.
    """
    import duckdb

    from crime_pipelines.support.duckdb_connection import connect

    texts = [f"CAST({_identifier(column)} AS VARCHAR)" for column in columns]
    with tempfile.TemporaryDirectory(prefix="crime-parquet-") as folder, connect() as connection:
        # Its own path may hold wildcards, or folders that are called like columns.
        link = Path(folder, "source.parquet")
        link.symlink_to(os.path.abspath(path))  # noqa: PTH100 - byte for byte
        try:
            for setting in _SETTINGS:
                connection.execute(f"SET {setting}")
            rows = connection.execute(
                f"SELECT {join_record_sql(texts)} FROM read_parquet('{link}', binary_as_string = true, "
                "hive_partitioning = false)"
            )
            while lines := rows.fetchmany(_ROWS):
                yield "".join([f"{line}\n" for (line,) in lines]).encode("utf-8", "surrogatepass")
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            why = one_line(error).replace(str(link), uri)
            raise DamagedError(f"{uri}: is damaged Parquet ({why[:300]})") from error


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
