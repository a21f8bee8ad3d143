"""Keeping the current version of each incident, and counting the others.

Files mostly hold each incident once, and rows are written before anyone can know otherwise. So the ids are
looked through afterwards, and only the files that hold a superseded version are written again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from crime_pipelines.domain.versions import LATEST_FIRST
from crime_pipelines.engines.duckdb.reading import INCIDENTS_FORMAT
from crime_pipelines.support.duckdb_paths import incidents_sql, parquet_sql, quoted

#: Ids are grouped so many at a time, which bounds the memory for it.
_IDS_AT_ONCE: Final = 4_000_000

#: The ids from the least to the greatest, up to which each has a bit: 32 MB a thread, and a ninth of the time
#: that grouping takes.
_GREATEST_SPAN: Final = 1 << 28
#: Where a row stands, by DuckDB's virtual columns.
_PLACE_OF_ROW: Final = ("filename", "file_row_number")


class Dropped(NamedTuple):
    """The rows removed from a folder of incidents.

    Attributes:
        superseded: their number.
        deleted: the number of incidents whose current version is a tombstone.
    """

    superseded: int
    deleted: int


def drop_superseded(
    connection: duckdb.DuckDBPyConnection, incidents: Path, *, may_delete: bool = False
) -> Dropped:
    """Remove superseded versions from a folder of incidents, and tombstones with what they delete.

    Args:
        connection: an open database.
        incidents: the folder, partitioned by year.
        may_delete: whether tombstones may be among the versions.

    Returns:
        What was removed.

    Raises:
        duckdb.Error: the files can't be read or written.
        OSError: a file can't be replaced.
    """
    everything = incidents_sql(incidents)
    rows = _number(connection, f"SELECT COUNT(*) FROM {everything}")
    has_tombstones = may_delete and bool(
        _number(connection, f"SELECT COUNT(*) FROM {everything} WHERE occurred_at IS NULL")
    )
    if not has_tombstones and _are_distinct(connection, everything, rows):
        return Dropped(0, 0)
    or_deleted = " OR COUNT(occurred_at) < COUNT(*)" * has_tombstones
    buckets = -(-rows // _IDS_AT_ONCE)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE superseded "
        "(filename VARCHAR, file_row_number BIGINT, is_current BOOLEAN)"
    )
    for bucket in range(buckets):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT id FROM {everything} "
            f"WHERE id % {buckets} = {bucket} GROUP BY id HAVING COUNT(*) > 1{or_deleted}"
        )
        if _number(connection, "SELECT COUNT(*) FROM repeated") == 0:
            continue
        connection.execute(
            f"INSERT INTO superseded SELECT filename, file_row_number, place = 1 FROM ("
            f"SELECT filename, file_row_number, occurred_at, "
            f"ROW_NUMBER() OVER (PARTITION BY id ORDER BY {LATEST_FIRST}) AS place "
            f"FROM {incidents_sql(incidents, _PLACE_OF_ROW)} SEMI JOIN repeated USING (id)) "
            f"WHERE place > 1 OR occurred_at IS NULL"
        )
    for (name,) in connection.execute("SELECT DISTINCT filename FROM superseded").fetchall():
        _rewrite(connection, Path(name))
    return Dropped(
        _number(connection, "SELECT COUNT(*) FROM superseded"),
        _number(connection, "SELECT COUNT(*) FROM superseded WHERE is_current"),
    )


def _are_distinct(connection: duckdb.DuckDBPyConnection, everything: str, rows: int) -> bool:
    """Tell whether no id repeats, where a bit for each id can tell; False where it can't."""
    bounds = connection.execute(f"SELECT MIN(id), MAX(id) FROM {everything}").fetchone()
    if bounds is None or bounds[0] is None or bounds[1] - bounds[0] >= _GREATEST_SPAN:
        return False
    bits = f"BITSTRING_AGG(id, {bounds[0]}, {bounds[1]})"
    return rows == _number(connection, f"SELECT BIT_COUNT({bits}) FROM {everything}")


def _rewrite(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    new = path.with_suffix(".new")
    kept = connection.execute(
        f"COPY (SELECT * FROM {parquet_sql(path)} WHERE file_row_number NOT IN "
        f"(SELECT file_row_number FROM superseded WHERE filename = {quoted(path)})) "
        f"TO {quoted(new)} ({INCIDENTS_FORMAT})"
    ).fetchone()
    new.replace(path)
    if kept is not None and kept[0] == 0:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
