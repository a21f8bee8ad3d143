"""The floor: DuckDB merely parses the file into the types, and writes nothing.

    python benchmarks/floor.py incidents.csv

No program that reads the file with DuckDB can be faster than this.
"""

from __future__ import annotations

import argparse

import duckdb

TYPES = {
    "ID": "BIGINT",
    "Date": "TIMESTAMP",
    "Arrest": "BOOLEAN",
    "Domestic": "BOOLEAN",
    "Ward": "INTEGER",
    "Community Area": "INTEGER",
    "X Coordinate": "DOUBLE",
    "Y Coordinate": "DOUBLE",
    "Year": "INTEGER",
    "Updated On": "TIMESTAMP",
    "Latitude": "DOUBLE",
    "Longitude": "DOUBLE",
}


def main() -> None:
    """Parse the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    arguments = parser.parse_args()
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    # COUNT of every column, so that the reader may leave none of them out.
    counts = connection.execute(
        f"SELECT count(COLUMNS(*)) FROM read_csv(?, header = true, all_varchar = false, types = {TYPES}, "
        f"timestampformat = '%m/%d/%Y %I:%M:%S %p')",
        [arguments.source],
    ).fetchone()
    print(counts)


if __name__ == "__main__":
    main()
