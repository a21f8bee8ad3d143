"""Databases in one file: DuckDB and SQLite, with a table for each answer, the incidents and the run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

from crime_pipelines.output.exports.contents import Contents
from crime_pipelines.schema.columns import Column, ColumnType
from crime_pipelines.support.duckdb_connection import connect
from crime_pipelines.support.duckdb_paths import quoted

_DUCKDB: Final[dict[ColumnType, str]] = {
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "boolean": "BOOLEAN",
    "text": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "timestamp": "TIMESTAMPTZ",
}
#: SQLite has neither dates nor booleans: ISO 8601 texts, which its functions know, and 0 and 1.
_SQLITE: Final[dict[ColumnType, str]] = {
    "integer": "INTEGER",
    "decimal": "REAL",
    "boolean": "INTEGER",
    "text": "TEXT",
    "date": "TEXT",
    "datetime": "TEXT",
    "timestamp": "TEXT",
}
_ABOUT: Final = (Column("name", "text", "What."), Column("value", "text", "Its value."))
_Tables = Iterator[tuple[str, str, Sequence[Column], Sequence[tuple[Any, ...]]]]


def write_duckdb(contents: Contents, path: Path) -> None:
    """Write a DuckDB database, with comments on tables and columns.

    Args:
        contents: what it holds.
        path: the file, which does not exist.

    Raises:
        duckdb.Error: it can't be written.
    """
    with connect() as connection:
        connection.execute(f"ATTACH {quoted(path)} AS export")
        if contents.with_incidents:
            connection.execute(f"CREATE TABLE export.incidents AS {contents.incidents_sql}")
            connection.execute("COMMENT ON TABLE export.incidents IS 'One row per incident.'")
            for column in contents.incident_columns:
                comment = quoted(column.description)
                connection.execute(f"COMMENT ON COLUMN export.incidents.{column.name} IS {comment}")
        for name, comment, columns, rows in _tables(contents):
            types = ", ".join(f"{column.name} {_DUCKDB[column.type]}" for column in columns)
            connection.execute(f"CREATE TABLE export.{name} ({types})")
            if rows:
                places = ", ".join("?" * len(columns))
                connection.executemany(f"INSERT INTO export.{name} VALUES ({places})", list(rows))
            connection.execute(f"COMMENT ON TABLE export.{name} IS {quoted(comment)}")
            for column in columns:
                connection.execute(
                    f"COMMENT ON COLUMN export.{name}.{column.name} IS {quoted(column.description)}"
                )
        connection.execute("DETACH export")


def write_sqlite(contents: Contents, path: Path) -> None:
    """Write an SQLite database.

    Args:
        contents: what it holds.
        path: the file, which does not exist.

    Raises:
        sqlite3.Error: it can't be written.
    """
    with closing(sqlite3.connect(path)) as database:
        for name, _, columns, rows in _tables(contents):
            _fill(database, name, columns, [rows])
        if contents.with_incidents:
            _fill(database, "incidents", contents.incident_columns, contents.incidents())
            database.execute("CREATE UNIQUE INDEX incidents_id ON incidents (id)")
            database.execute("CREATE INDEX incidents_occurred_at ON incidents (occurred_at)")
        database.commit()


def _fill(
    database: sqlite3.Connection,
    name: str,
    columns: Sequence[Column],
    batches: Iterator[list[tuple[Any, ...]]] | list[Sequence[tuple[Any, ...]]],
) -> None:
    database.execute(f"CREATE TABLE {name} ({', '.join(f'{c.name} {_SQLITE[c.type]}' for c in columns)})")
    insert = f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})"
    for rows in batches:
        database.executemany(insert, ([_stored(value) for value in row] for row in rows))


def _tables(contents: Contents) -> _Tables:
    yield "about_the_run", "What the run read, and with what.", _ABOUT, contents.about()
    for name, answer in contents.answers.items():
        yield name, answer.question.wording, answer.question.columns, answer.rows


def _stored(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value  # moments among them
