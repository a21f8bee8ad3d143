"""Arrow tables to Parquet files, wherever the runner's own file systems reach."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from crime_pipelines.beam.arrow import usable_threads


def write_parquet(table: pa.Table, path: str) -> str:
    """Write a table as a Parquet file.

    Args:
        table: the table.
        path: the file, local or a URI.

    Returns:
        The path.

    Raises:
        OSError: it can't be written.
    """
    with created(path) as out:
        pq.write_table(table, out)
    return path


def created(path: str) -> Any:
    """Return a file to write, through the runner's own file systems.

    Args:
        path: the file, local or a URI.

    Returns:
        A binary stream, to be entered with ``with``.
    """
    return FileSystems.create(path, "application/octet-stream", CompressionTypes.UNCOMPRESSED)


def write_by_year(name: str, incidents: pa.Table, folder: str) -> Iterator[str]:
    """Write incidents, a file for each year.

    Args:
        name: the files' name without its ending; files of that name are replaced.
        incidents: the incidents.
        folder: the folder of incidents, local or a URI.

    Yields:
        The paths.

    Raises:
        OSError: a file can't be written.
    """
    years = incidents["year"]
    columns = incidents.drop_columns("year")

    def write(year: int) -> str:
        path = FileSystems.join(folder, f"year={year}", f"{name}.parquet")
        return write_parquet(columns.filter(pc.equal(years, year)), path)

    # Arrow writes a file on one core alone.
    with ThreadPoolExecutor(usable_threads()) as pool:
        yield from pool.map(write, sorted(pc.unique(years).to_pylist()))


def bucket_name(bucket: int) -> str:
    """Name the files of a bucket.

    Args:
        bucket: its number.

    Returns:
        The name without its ending.
    """
    return f"bucket-{bucket:05d}"


def write_rejects(block: str, rejects: pa.Table, folder: str) -> str:
    """Write the rejects of a block.

    Args:
        block: the block's name.
        rejects: the rejects.
        folder: the folder of rejects, local or a URI.

    Returns:
        The path.

    Raises:
        OSError: the file can't be written.
    """
    return write_parquet(rejects, FileSystems.join(folder, f"block-{block}.parquet"))
