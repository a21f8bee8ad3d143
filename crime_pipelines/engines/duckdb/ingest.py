"""From files to incidents, rejects and row counts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any, Final

import duckdb

from crime_pipelines.engines.base import INCIDENTS, REJECTS, Job
from crime_pipelines.engines.duckdb.careful import MALFORMED, MalformedRows, go_through
from crime_pipelines.engines.duckdb.csv_scan import CSVOptions
from crime_pipelines.engines.duckdb.reading import (
    REJECTED_PARTITION,
    Batch,
    batches,
    forget,
    part_several,
    read_one,
    read_several,
    rejected_select,
)
from crime_pipelines.engines.duckdb.reading_progress import ReadingProgress
from crime_pipelines.engines.duckdb.versions import drop_superseded
from crime_pipelines.errors import InputError, PipelineError, rows_lost
from crime_pipelines.schema.row_counts import FileRows, RowCounts
from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.file import fetched
from crime_pipelines.sources.meter import Meter
from crime_pipelines.sources.row_counter import RowCount
from crime_pipelines.support.cores import usable_cores
from crime_pipelines.support.duckdb_paths import incidents_sql, parquet_sql, quoted

_CLEAN: Final = CSVOptions(headings=False, strict=True, are_escaped=True)
#: In place of a number of rows: DuckDB has read nothing of the file.
_UNREAD: Final = -1


def ingest(connection: duckdb.DuckDBPyConnection, job: Job, progress: ReadingProgress) -> RowCounts:
    """Read files into typed incidents and rejects; see `Engine.ingest`.

    Args:
        connection: an open database.
        job: what to read, and where to.
        progress: hears of each step.

    Returns:
        The row counts.

    Raises:
        PipelineError: the input can't be read, the output can't be written, or rows were lost.
    """
    (job.folder / INCIDENTS).mkdir()
    (job.folder / REJECTS).mkdir()
    reading = _Reading(connection, job, progress)
    with _errors_in_words(reading.named):
        for batch in batches(job.files):
            reading.read(batch)
        reading.write_rejects()
        return reading.ingested()


class _Reading:
    """A job's files, read batch by batch."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, job: Job, progress: ReadingProgress) -> None:
        self._connection = connection
        self._progress = progress
        self._job = job
        self._incidents = job.folder / INCIDENTS
        self._rejects = job.folder / REJECTS / "rejects.parquet"
        self._malformed = MalformedRows(connection)
        self._stopped = Event()
        self._files = 0
        self._careful = 0
        self._undecodable = 0
        self._rows: dict[SourceFile, FileRows] = {}
        self.named: dict[Path, str] = {}

    def read(self, batch: Batch) -> None:
        """Read a batch; each of its files carefully if need be."""
        with ThreadPoolExecutor(usable_cores()) as pool:
            prepared = [self._prepare(file, pool) for file in batch.files]
            try:
                for file, (_, count) in zip(batch.files, prepared, strict=True):
                    if not file.form.is_plain:
                        count.result()  # it is unpacked now
                if len(prepared) == 1:
                    self._read_one(batch, *prepared[0])
                else:
                    self._read_several(batch, prepared)
            finally:
                # Nobody waits for counts that no longer matter.
                self._stopped.set()
            self._stopped.clear()
        for path, _ in prepared:
            path.unlink()

    def _prepare(self, file: SourceFile, pool: ThreadPoolExecutor) -> tuple[Path, Future[RowCount]]:
        """Put a file where DuckDB finds it, unpacked, under a name that holds no wildcard; count its rows."""
        number, self._files = self._files, self._files + 1
        local = fetched(file, self._job.scratch, number)
        path = self._job.scratch / f"source{number}.csv"
        self.named[path] = file.uri
        meter = self._progress.meter(file)
        if file.form.is_plain:
            path.symlink_to(local.absolute())
            return path, pool.submit(file.at(local).count_rows, self._go_on, meter)
        return path, pool.submit(
            self._unpack, file.at(local), path, meter
        )  # DuckDB does not verify what it unpacks

    def _unpack(self, file: SourceFile, path: Path, meter: Meter) -> RowCount:
        with path.open("wb") as stream:

            def write(data: memoryview) -> None:
                self._go_on()
                try:
                    stream.write(data)
                except OSError as error:  # no fault of the source
                    raise PipelineError(f"{path.parent}: can't be written ({error.strerror})") from error

            return file.count_rows(write, meter)

    def _go_on(self, _: object = None) -> None:
        """End a count that nobody waits for any more."""
        if self._stopped.is_set():
            raise CancelledError

    def _read_one(self, batch: Batch, path: Path, count: Future[RowCount]) -> None:
        (file,) = batch.files
        accepted = _UNREAD
        if _may_be_regular(count):
            with suppress(duckdb.InvalidInputException), self._progress.reading(batch.files):  # it gave up
                accepted = read_one(
                    self._connection, batch, path, self._incidents, self._job.shift_years, CSVOptions()
                )
        if not self._settle(file, path, count.result(), accepted):
            forget(self._incidents, batch)
            self._read_carefully(file, path, count.result())

    def _read_several(self, batch: Batch, prepared: list[tuple[Path, Future[RowCount]]]) -> None:
        table = self._job.scratch / f"batch{batch.number}.parquet"
        accepted = {path: _UNREAD for path, _ in prepared}
        paths = [path for path, count in prepared if _may_be_regular(count)]
        if paths:
            with suppress(duckdb.InvalidInputException), self._progress.reading(batch.files):
                accepted |= read_several(
                    self._connection, batch, paths, table, self._job.shift_years, CSVOptions()
                )
        settled = {
            path: self._settle(file, path, count.result(), accepted[path])
            for file, (path, count) in zip(batch.files, prepared, strict=True)
        }
        good = [path for path, is_settled in settled.items() if is_settled]
        written = part_several(self._connection, batch, table, good, self._incidents)
        if written != sum(accepted[path] for path in good):
            raise rows_lost(f"batch {batch.number}", sum(accepted[path] for path in good), written)
        table.unlink(missing_ok=True)
        for file, (path, count) in zip(batch.files, prepared, strict=True):
            if not settled[path]:
                self._read_carefully(file, path, count.result())

    def _settle(self, file: SourceFile, path: Path, count: RowCount, accepted: int) -> bool:
        """Tell whether what DuckDB read of a file can stay; rows that it passed over are kept as rejects."""
        if not count.is_regular or not 0 <= accepted <= count.rows:
            return False
        if accepted < count.rows:
            found = go_through(_unpacked(file, path), self._malformed)
            if (found.sound, found.malformed) != (accepted, count.rows - accepted):
                return False
        self._keep(file, count.rows, count.rows)
        return True

    def _read_carefully(self, file: SourceFile, path: Path, count: RowCount) -> None:
        batch = Batch(-1 - self._careful, (file,))
        clean = self._job.scratch / f"clean{self._careful}.csv"
        self._careful += 1
        self.named[clean] = file.uri
        found = go_through(_unpacked(file, path), self._malformed, clean)
        accepted = read_one(self._connection, batch, clean, self._incidents, self._job.shift_years, _CLEAN)
        clean.unlink()
        if accepted != found.sound or found.sound + found.malformed != count.rows:
            raise rows_lost(file.uri, count.rows, accepted + found.malformed)
        self._undecodable += found.undecodable
        self._keep(file, count.rows, accepted + found.malformed)

    def _keep(self, file: SourceFile, counted: int, read: int) -> None:
        self._rows[file] = FileRows(file.uri, file.size, file.modified, counted, read)

    def write_rejects(self) -> None:
        """Write the rejects, those that were written with the incidents among them."""
        selects = [f"SELECT reason, source_file, raw_row FROM {MALFORMED}"]
        partition = self._incidents / REJECTED_PARTITION
        if partition.exists():
            selects.append(rejected_select(partition, self.named))
        self._connection.execute(
            f"COPY ({' UNION ALL '.join(selects)}) TO {quoted(self._rejects)} (FORMAT parquet)"
        )
        shutil.rmtree(partition, ignore_errors=True)

    def ingested(self) -> RowCounts:
        """Count what was written, and keep the current version of each incident alone."""
        files = [self._rows[file] for file in self._job.files]
        counted = self._connection.execute(
            f"SELECT reason, COUNT(*) FROM {parquet_sql(self._rejects)} GROUP BY reason ORDER BY reason"
        ).fetchall()
        rejected = dict(counted)
        if not any(self._incidents.iterdir()):
            return RowCounts(files, 0, 0, rejected)
        everything = incidents_sql(self._incidents)
        counted = self._connection.execute(
            f"SELECT field, COUNT(*) FROM (SELECT UNNEST(STRING_SPLIT(unreadable, ',')) AS field "
            f"FROM {everything} WHERE unreadable IS NOT NULL) GROUP BY field ORDER BY field"
        ).fetchall()
        warnings = dict(counted)
        if self._undecodable:
            warnings["encoding"] = self._undecodable
        superseded, deleted = drop_superseded(
            self._connection, self._incidents, may_delete=self._job.may_delete
        )
        if not any(self._incidents.iterdir()):
            return RowCounts(files, 0, superseded, rejected, warnings, deleted=deleted)
        kept, latest = _row(self._connection, f"SELECT COUNT(*), MAX(occurred_at) FROM {everything}")
        return RowCounts(files, kept, superseded, rejected, warnings, latest, deleted)


def _unpacked(file: SourceFile, path: Path) -> SourceFile:
    return file.as_csv_at(path)


def _may_be_regular(count: Future[RowCount]) -> bool:
    """Tell whether DuckDB may be given a file, whose rows are counted or still being counted."""
    return not count.done() or count.result().is_regular


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    (row,) = connection.execute(query).fetchall()
    return tuple(row)


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


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
