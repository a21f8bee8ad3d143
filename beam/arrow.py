"""Arrow tables as elements: their coder, and DuckDB to work on them with."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import duckdb
import pyarrow as pa
from apache_beam import coders

from crime_pipelines.support.duckdb_connection import connect

#: The fastest level of zstd: a third fewer bytes than lz4, which runners carry and copy, and Dataflow bills.
_PACKING: Final = 1

#: A table of fewer bytes is packed in one piece: column by column that takes three times as long.
_SMALL: Final = 1 << 20
_small_codec: Final = pa.Codec("zstd", 2)

#: What begins the name of a table's file, and a small table; a packed table begins otherwise.
_NAMED: Final = b"table in "
_WHOLE: Final = b"whole"
_SIZE_BYTES: Final = 8

#: Threads of a step, and of each thread's DuckDB: one, as runners see to parallel work, but for the one that
#: doesn't.
_threads = 1
#: Where tables lie between steps; None where not all workers share a machine.
_shelf: Shelf | None = None


class Shelf:
    """A folder where tables lie between steps, written while the next step is at work."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing.

        Args:
            folder: the folder.
        """
        self._folder = folder
        self._writer = ThreadPoolExecutor(1, "tables")
        self._written: dict[Path, Future[None]] = {}

    def put(self, table: pa.Table) -> Path:
        """Put a table there.

        Args:
            table: the table.

        Returns:
            Its file, as far as it is written.
        """
        path = self._folder / f"{uuid4().hex}.arrow"
        self._written[path] = self._writer.submit(_write, table, path)
        return path

    def get(self, path: Path) -> pa.Table:
        """Get a table from there.

        Args:
            path: what `put` said.

        Returns:
            The table, which takes no memory that the system can't have back.

        Raises:
            OSError: it could not be written.
        """
        self._written[path].result()
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()

    def close(self) -> None:
        """Write no more."""
        self._writer.shutdown(cancel_futures=True)


def _write(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)


class _Local(threading.local):
    connection: duckdb.DuckDBPyConnection | None = None


_local = _Local()


@contextmanager
def alone(threads: int, folder: Path) -> Iterator[None]:
    """Give each step the machine to itself, for a runner in this process that works on one bundle at a time.

    Args:
        threads: threads of a step.
        folder: where tables lie between steps, which need not be packed for that.

    Yields:
        While it holds; afterwards the connections are gone.
    """
    global _threads, _local, _shelf
    shelf = Shelf(folder)
    _threads, _local, _shelf = threads, _Local(), shelf
    pool = pa.default_memory_pool()
    # Arrow's own pool takes memory in so large pieces that to clear them takes a twentieth of a run's time.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        shelf.close()
        pa.set_memory_pool(pool)
        _threads, _local, _shelf = 1, _Local(), None


def usable_threads() -> int:
    """Return the number of threads that a step may use."""
    return _threads


def database() -> duckdb.DuckDBPyConnection:
    """Return this thread's DuckDB, in memory.

    Returns:
        The connection, the same for each call from the same thread.
    """
    if _local.connection is None:
        made = connect()
        made.execute(f"SET threads = {_threads}")
        made.execute("SET autoinstall_known_extensions = false")
        made.execute("SET preserve_insertion_order = false")
        _local.connection = made
    return _local.connection


def query(sql: str, **tables: pa.Table) -> pa.Table:
    """Ask this thread's DuckDB something of Arrow tables.

    Args:
        sql: a SELECT.
        tables: the tables by the names that it calls them.

    Returns:
        The rows.

    Raises:
        duckdb.Error: it can't be answered.
    """
    connection = database()
    for name, table in tables.items():
        connection.register(name, table)
    try:
        return connection.sql(sql).to_arrow_table()
    finally:
        for name in tables:
            connection.unregister(name)


class TableCoder(coders.Coder):
    """Arrow tables as packed Arrow IPC streams, where elements leave a worker.

    Where all workers share a machine (`alone`), a table stays there in a file, and its name is what travels.
    """

    def encode(self, value: pa.Table) -> bytes:
        """Return a table as bytes."""
        if _shelf is not None:
            return _NAMED + os.fsencode(_shelf.put(value))
        is_small = value.nbytes < _SMALL
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression=None if is_small else pa.Codec("zstd", _PACKING))
        with pa.ipc.new_stream(sink, value.schema, options=options) as out:
            out.write_table(value)
        written = sink.getvalue()
        if not is_small:
            return bytes(written)
        size = written.size.to_bytes(_SIZE_BYTES, "little")
        return b"".join((_WHOLE, size, _small_codec.compress(written, asbytes=True)))

    def decode(self, encoded: bytes) -> pa.Table:
        """Return the table of those bytes."""
        if _shelf is not None and encoded.startswith(_NAMED):
            return _shelf.get(Path(os.fsdecode(encoded[len(_NAMED) :])))
        if encoded.startswith(_WHOLE):
            start = len(_WHOLE) + _SIZE_BYTES
            size = int.from_bytes(encoded[len(_WHOLE) : start], "little")
            encoded = _small_codec.decompress(memoryview(encoded)[start:], size)
        with pa.ipc.open_stream(encoded) as stream:
            return stream.read_all()

    def estimate_size(self, value: pa.Table) -> int:
        """Bytes of a table before it is packed: Beam asks at every step, and would pack the table to tell."""
        return int(value.nbytes)

    def is_deterministic(self) -> bool:
        """Tell whether equal tables have equal bytes: not promised, so a table is no key."""
        return False

    def to_type_hint(self) -> Any:
        """Return the type it codes."""
        return IncidentTable


class IncidentTable(pa.Table):
    """The type hint of our tables as elements; the elements themselves are plain Arrow tables.

    A coder is registered by a type, for the whole program: ours must not become that of all Arrow tables.
    """


coders.registry.register_coder(IncidentTable, TableCoder)
