"""Reading batches of files with DuckDB: one pass that parses, types and writes all rows.

DuckDB is fast, and it has lost rows of files that it could not split as it expected. So it is given plain
text alone, it passes over every line that does not fit, and how many rows it took is held against a count
that was made without it (`ingest`). A file for which the two differ is read again by `careful`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.engines.duckdb.csv_scan import CSVOptions, csv_relation, rows_sql
from crime_pipelines.engines.reject_columns import CARRIERS
from crime_pipelines.sources import SourceFile
from crime_pipelines.support.duckdb_paths import parquet_sql, quoted

#: A rejected row has no year, so it ends up here (see `csv_scan`).
REJECTED_PARTITION: Final = "year=__HIVE_DEFAULT_PARTITION__"
#: How incidents are written. Columns of words have some hundred of them. Ids, coordinates and blocks have so
#: many that DuckDB's own limit, a fifth of a row group, has it make dictionaries only to throw them away.
INCIDENTS_FORMAT: Final = "FORMAT parquet, DICTIONARY_SIZE_LIMIT 1000"
#: To plan the statement takes longer than to read this many bytes; smaller files are read together.
_SMALL_FILE: Final = 16 << 20
#: Bytes of small files, as stored, that are read together: they are written twice.
_BATCH_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Files with the same headings, read in one statement.

    Attributes:
        number: its number, which its output files carry.
        files: the files.
    """

    number: int
    files: tuple[SourceFile, ...]


def batches(files: Sequence[SourceFile]) -> Iterator[Batch]:
    """Put small files of the same layout and headings together; a large one is a batch of its own.

    Args:
        files: the files.

    Yields:
        The batches.
    """
    groups: dict[tuple[Layout, tuple[str, ...]], list[SourceFile]] = {}
    number = 0
    for file in files:
        if file.size >= _SMALL_FILE:
            yield Batch(number, (file,))
            number += 1
            continue
        group = groups.setdefault((file.layout, file.headings), [])
        group.append(file)
        if sum(each.size for each in group) >= _BATCH_BYTES:
            yield Batch(number, tuple(groups.pop((file.layout, file.headings))))
            number += 1
    for group in groups.values():
        yield Batch(number, tuple(group))
        number += 1


def read_one(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    path: Path,
    incidents: Path,
    shift_years: int,
    options: CSVOptions,
) -> int:
    """Read a file into the folder of incidents, rejected rows into its `REJECTED_PARTITION`.

    Args:
        connection: an open database.
        batch: the file.
        path: where DuckDB finds it, unpacked.
        incidents: the folder to write Parquet into, partitioned by year.
        shift_years: calendar years to move dates by.
        options: how DuckDB reads it.

    Returns:
        The number of rows written, rejected ones among them; malformed ones are passed over.

    Raises:
        duckdb.Error: the file can't be read, or the folder can't be written.
    """
    (file,) = batch.files
    return _write(connection, _select(file, [path], shift_years, options), batch, incidents)


def read_several(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    paths: Sequence[Path],
    table: Path,
    shift_years: int,
    options: CSVOptions,
) -> dict[Path, int]:
    """Read small files into one Parquet file, each row with the path of its file.

    Args:
        connection: an open database.
        batch: the files.
        paths: where DuckDB finds each, unpacked.
        table: the Parquet file to write.
        shift_years: calendar years to move dates by.
        options: how DuckDB reads them.

    Returns:
        The number of rows by path, as for `read_one`.

    Raises:
        duckdb.Error: the files can't be read, or the table can't be written.
    """
    select = _select(batch.files[0], paths, shift_years, options, also=["path"])
    connection.execute(f"COPY ({select}) TO {quoted(table)} (FORMAT parquet, COMPRESSION lz4)")
    counted = connection.execute(f"SELECT path, COUNT(*) FROM {parquet_sql(table)} GROUP BY path").fetchall()
    return dict.fromkeys(paths, 0) | {Path(path): rows for path, rows in counted}


def part_several(
    connection: duckdb.DuckDBPyConnection, batch: Batch, table: Path, paths: Sequence[Path], incidents: Path
) -> int:
    """Write what `read_several` read of some of its files as `read_one` writes it.

    Args:
        connection: an open database.
        batch: the files.
        table: the Parquet file.
        paths: the files whose rows are wanted.
        incidents: the folder to write Parquet into, partitioned by year.

    Returns:
        The number of rows written.

    Raises:
        duckdb.Error: the folder can't be written.
    """
    if not paths:
        return 0
    wanted = ", ".join(quoted(path) for path in paths)
    select = f"SELECT {', '.join(COLUMNS)} FROM {parquet_sql(table)} WHERE path IN ({wanted})"
    return _write(connection, select, batch, incidents)


def forget(incidents: Path, batch: Batch) -> None:
    """Discard what was read of a batch.

    Args:
        incidents: the folder of incidents.
        batch: the batch.
    """
    for path in incidents.glob(f"*/batch{batch.number}_*"):
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def _write(connection: duckdb.DuckDBPyConnection, select: str, batch: Batch, incidents: Path) -> int:
    row = connection.execute(
        f"COPY ({select}) TO {quoted(incidents)} ({INCIDENTS_FORMAT}, PARTITION_BY (year), "
        f"FILENAME_PATTERN 'batch{batch.number}_{{i}}', OVERWRITE_OR_IGNORE)"
    ).fetchone()
    return int(row[0]) if row else 0


def _select(
    file: SourceFile,
    paths: Sequence[Path],
    shift_years: int,
    options: CSVOptions,
    also: Sequence[str] = (),
) -> str:
    width = len(file.headings)
    scan = csv_relation(paths, width, options)
    return rows_sql(scan, width, file.columns, shift_years, also, file.layout)


def rejected_select(partition: Path, files: dict[Path, str]) -> str:
    """Select the rejected rows that were written with the incidents, as reason, source_file and raw_row.

    Args:
        partition: their partition.
        files: how the user named each file that was read.

    Returns:
        The SELECT.
    """
    paths = ", ".join(quoted(path) for path in files)
    names = ", ".join(quoted(name) for name in files.values())
    return (
        f"SELECT {CARRIERS['reason']} AS reason, "
        f"MAP([{paths}], [{names}])[{CARRIERS['source_file']}] AS source_file, "
        f"{CARRIERS['raw_row']} AS raw_row "
        f"FROM {parquet_sql(partition, '*.parquet')}"
    )
