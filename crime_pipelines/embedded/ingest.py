"""From files to incidents, rejects and an account of every row."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from crime_pipelines.csv_sql import quoted
from crime_pipelines.embedded.reading import (
    REJECTED_PARTITION,
    Batch,
    NeedsRepairError,
    batches,
    malformed_union,
    read,
    rejected_select,
)
from crime_pipelines.embedded.repair import Repaired, repair
from crime_pipelines.embedded.versions import drop_superseded
from crime_pipelines.engine import INCIDENTS, REJECTS, Ingested, Job
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.sources import SourceFile, fetched

#: The longest line of a file of malformed rows that is read back, in bytes.
_LONGEST_LINE: Final = 1 << 24


def ingest(connection: duckdb.DuckDBPyConnection, job: Job) -> Ingested:
    """Read files into typed incidents and rejects; see `Engine.ingest`.

    Args:
        connection: an open database.
        job: what to read, and where to.

    Returns:
        The account of every row.

    Raises:
        PipelineError: the input can't be read, or the output can't be written.
    """
    (job.folder / INCIDENTS).mkdir()
    (job.folder / REJECTS).mkdir()
    paths = [fetched(file, job.scratch, at) for at, file in enumerate(job.files)]
    named = {path: file.uri for path, file in zip(paths, job.files, strict=True)}
    with _errors_in_words(named):
        rejects, undecodable = _read_all(connection, job, batches(job.files, paths), named)
        _write_rejects(connection, job, rejects, named)
        return _account(connection, job, undecodable)


def _read_all(
    connection: duckdb.DuckDBPyConnection, job: Job, todo: list[Batch], named: dict[Path, str]
) -> tuple[list[str], int]:
    """Read every batch; return SELECTs of malformed rows, and the number of rows with replaced bytes."""
    rejects: list[str] = []
    repaired_paths: set[Path] = set()
    undecodable = 0
    number = len(todo)
    while todo:
        batch = todo.pop(0)
        try:
            read(connection, batch, job.folder / INCIDENTS, job.shift_years)
        except NeedsRepairError as needed:
            again = needed.paths & repaired_paths
            if again:
                names = ", ".join(sorted(named[path] for path in again))
                raise InputError(f"{names}: can't be read, not even row by row") from needed
            sound = batch.only(set(batch.paths) - needed.paths, batch.number)
            broken = batch.only(needed.paths, number)
            todo += [sound] if sound.files else []
            for file in broken.files:
                repaired = repair(file, job.scratch, f"repaired{number}")
                undecodable += repaired.undecodable_rows
                rejects += _malformed_select(repaired)
                named[repaired.path] = file.uri
                repaired_paths.add(repaired.path)
                todo.append(Batch(number, (_as_repaired(file),), (repaired.path,)))
                number += 1
        else:
            rejects.append(malformed_union(batch.number, named))
    return rejects, undecodable


def _write_rejects(
    connection: duckdb.DuckDBPyConnection, job: Job, rejects: list[str], named: dict[Path, str]
) -> None:
    partition = job.folder / INCIDENTS / REJECTED_PARTITION
    if partition.exists():
        rejects.append(rejected_select(partition, named))
    connection.execute(
        f"COPY ({' UNION ALL '.join(rejects)}) TO {quoted(_rejects_file(job))} (FORMAT parquet)"
    )
    shutil.rmtree(partition, ignore_errors=True)


def _rejects_file(job: Job) -> Path:
    return job.folder / REJECTS / "rejects.parquet"


def _account(connection: duckdb.DuckDBPyConnection, job: Job, undecodable: int) -> Ingested:
    counted = connection.execute(
        f"SELECT reason, COUNT(*) FROM {quoted(_rejects_file(job))} GROUP BY reason ORDER BY reason"
    ).fetchall()
    rejected = dict(counted)
    incidents = job.folder / INCIDENTS
    if not any(incidents.iterdir()):
        return Ingested(sum(rejected.values()), 0, 0, rejected)
    everything = f"read_parquet({quoted(incidents / '*' / '*.parquet')}, hive_partitioning = true)"
    counted = connection.execute(
        f"SELECT field, COUNT(*) FROM (SELECT UNNEST(STRING_SPLIT(unreadable, ',')) AS field "
        f"FROM {everything} WHERE unreadable IS NOT NULL) GROUP BY field ORDER BY field"
    ).fetchall()
    warnings = dict(counted)
    if undecodable:
        warnings["encoding"] = undecodable
    accepted = _row(connection, f"SELECT COUNT(*) FROM {everything}")[0]
    superseded = drop_superseded(connection, incidents)
    kept, latest = _row(connection, f"SELECT COUNT(*), MAX(occurred_at) FROM {everything}")
    return Ingested(sum(rejected.values()) + accepted, kept, superseded, rejected, warnings, latest)


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    (row,) = connection.execute(query).fetchall()
    return tuple(row)


def _as_repaired(file: SourceFile) -> SourceFile:
    return SourceFile(file.uri, file.size, False, file.headings, file.columns, "\n")


def _malformed_select(repaired: Repaired) -> list[str]:
    if not repaired.malformed_rows:
        return []
    columns = "{'reason': 'VARCHAR', 'source_file': 'VARCHAR', 'raw_row': 'VARCHAR'}"
    return [
        f"SELECT reason, source_file, raw_row FROM read_csv({quoted(repaired.malformed)}, "
        f"columns = {columns}, header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', max_line_size = {_LONGEST_LINE})"
    ]


@contextmanager
def _errors_in_words(named: dict[Path, str]) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise PipelineError(f"out of memory: {_first_line(error)}") from error
    except duckdb.Error as error:
        text = _first_line(error)
        for path, name in named.items():
            if str(path) in text:
                raise InputError(f"{name}: can't be read ({text.replace(str(path), name)})") from error
        raise PipelineError(text) from error
    except EOFError as error:
        raise InputError(f"{', '.join(named.values())}: is damaged gzip ({_first_line(error)})") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
