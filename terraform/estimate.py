"""Estimates what the warehouse costs, from the incidents of a run: `python terraform/estimate.py OUT [ROWS]`.

OUT is what `crime-pipelines run` wrote. The table's columns are measured there in BigQuery's sizes, and
which of them a question reads is taken from its SQL.
Source of the sizes:
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import sqlglot
from sqlglot import exp

from crime_pipelines.cloud.warehouse.views import table_names
from crime_pipelines.questions import QUESTIONS
from crime_pipelines.questions.render import render
from crime_pipelines.schema.warehouse import INCIDENT_VERSIONS

#: List prices in US dollars in us-central1; docs/cost.md says of when.
PER_TIB_READ: Final = 6.25
PER_GIB_MONTH: Final = 0.02
#: What a query is billed for at least, for each table that it reads.
LEAST_BYTES: Final = 10 * 2**20
_FIXED: Final = {"INTEGER": 8, "FLOAT": 8, "BOOLEAN": 1, "DATE": 8, "DATETIME": 8, "TIMESTAMP": 8}
#: What the table has beside an incident's own columns: three texts of usual length, and a moment.
_OF_A_RUN: Final = {"run_id": 42, "attempt": 22, "source_file": 62, "loaded_at": 8, "deleted": 1}


def sizes(out: Path) -> dict[str, float]:
    """Bytes of each column in a row of incident versions, on average.

    Args:
        out: the output of a run.

    Returns:
        Bytes by column. A null takes none, a text two more than its UTF-8.
    """
    columns = [each for each in INCIDENT_VERSIONS.columns if each.name not in _OF_A_RUN]
    asked = ", ".join(
        f"avg(coalesce(strlen({each.name}) + 2, 0))"
        if each.type == "text"
        else f"count({each.name}) / count(*) * {_FIXED[each.bigquery_type]}"
        for each in columns
    )
    source = f"read_parquet('{out}/incidents/*/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as database:
        (found,) = database.execute(f"SELECT {asked} FROM {source}").fetchall()
    return {column.name: float(size) for column, size in zip(columns, found, strict=True)} | _OF_A_RUN


def columns_read() -> dict[str, set[str]]:
    """Return the columns of incidents that each question reads, by the question's name."""
    return {
        question.name: _columns(
            render(question, "bigquery", datetime(2026, 1, 1), tables=table_names("p", "d"))
        )
        for question in QUESTIONS
    }


def _columns(query: str) -> set[str]:
    named = {column.name for column in sqlglot.parse_one(query, dialect="bigquery").find_all(exp.Column)}
    return named & set(INCIDENT_VERSIONS.names)


def main() -> None:
    """Print the estimate."""
    size = sizes(Path(sys.argv[1]))
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 8_500_000
    kept = rows * sum(size.values()) / 2**30
    price = kept * PER_GIB_MONTH
    sys.stdout.write(f"{rows:,} versions of {sum(size.values()):.0f} bytes: ")
    sys.stdout.write(f"{kept:.2f} GiB, ${price:.2f} a month\n")
    for name, columns in columns_read().items():
        scanned = max(LEAST_BYTES, rows * sum(size[each] for each in columns))
        sys.stdout.write(f"{name}: {scanned / 2**30:.2f} GiB, ${scanned / 2**40 * PER_TIB_READ:.4f}\n")


if __name__ == "__main__":
    main()
