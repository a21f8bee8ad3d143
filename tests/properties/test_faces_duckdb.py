"""DuckDB's SQL rule; Beam's too, whose steps ask DuckDB in the same dialect (`csv_scan.rows_sql`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pytest

from crime_pipelines.domain.dialect import DUCKDB
from tests.properties.faces import INPUTS, FaceEquality, Type

_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "datetime": "TIMESTAMP",
    "boolean": "BOOLEAN",
}


class TestDuckDBFaces(FaceEquality):
    dialect = DUCKDB

    @pytest.fixture(autouse=True)
    def _connected(self) -> Iterator[None]:
        with duckdb.connect() as self.connection:
            yield
        del self.connection  # Hypothesis keeps this object, and DuckDB complains of what is left at the end

    def select(
        self, statement: str, columns: Mapping[str, Type], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        declared = ", ".join(f"{name} {_TYPES[type_]}" for name, type_ in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {INPUTS} ({declared})")
        marks = f"({', '.join('?' * len(columns))})"
        self.connection.execute(
            f"INSERT INTO {INPUTS} VALUES {', '.join([marks] * len(rows))}",
            [value for row in rows for value in row],
        )
        return self.connection.execute(statement).fetchall()
