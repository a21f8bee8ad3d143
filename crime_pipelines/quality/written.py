"""The quality of what a run has written, read by DuckDB whichever engine wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crime_pipelines.engines.base import INCIDENTS, REJECTS
from crime_pipelines.quality.gate import Rejects
from crime_pipelines.support.duckdb_paths import incidents_sql, parquet_sql


def written_rejects(folder: Path) -> Rejects:
    """Look at the rejects that a run has written.

    Args:
        folder: the run's folder.

    Returns:
        Their numbers and examples.
    """
    from crime_pipelines.support.duckdb_connection import connect

    rejects = parquet_sql(folder / REJECTS, "*.parquet")
    with connect() as connection:
        counts = connection.execute(
            f"SELECT source_file, reason, COUNT(*) FROM {rejects} GROUP BY 1, 2"
        ).fetchall()
        examples = connection.execute(
            f"SELECT reason, MIN({{'source_file': source_file, 'raw_row': raw_row}}) FROM {rejects} "
            "GROUP BY 1"
        ).fetchall()
    return Rejects(
        {(file, reason): number for file, reason, number in counts},
        {reason: (example["source_file"], example["raw_row"]) for reason, example in examples},
    )


def values_held(folder: Path, fields: Iterable[str]) -> dict[str, int]:
    """Count the incidents that have a value.

    Args:
        folder: the run's folder.
        fields: the fields to count.

    Returns:
        The number of values by field.
    """
    from crime_pipelines.support.duckdb_connection import connect

    names = list(fields)
    if not names:
        return {}
    counts = ", ".join(f"COUNT({name})" for name in names)
    with connect() as connection:
        found = connection.execute(f"SELECT {counts} FROM {incidents_sql(folder / INCIDENTS)}").fetchone()
    return dict(zip(names, found or (), strict=True))
