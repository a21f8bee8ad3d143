from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.engines.duckdb.versions import drop_superseded


@pytest.mark.parametrize("far", [9, 2**28 + 1, 2**63 - 1], ids=["dense", "sparse", "the whole range"])
@pytest.mark.parametrize("repeats", [0, 2])
def test_superseded_versions_are_found_however_far_apart_the_ids_lie(
    tmp_path: Path, far: int, repeats: int
) -> None:
    folder = tmp_path / "incidents" / "year=2020"
    folder.mkdir(parents=True)
    ids = [1, 2, far, *[2] * repeats]
    others = ", ".join(
        f"NULL::VARCHAR AS {name}"
        for name in COLUMNS
        if name not in ("id", "case_number", "occurred_at", "year")
    )
    with duckdb.connect() as connection:
        rows = ", ".join(f"({each}::BIGINT, '{at}')" for at, each in enumerate(ids))
        connection.execute(
            f"COPY (SELECT id, case_number, TIMESTAMP '2020-01-01' AS occurred_at, {others} "
            f"FROM (VALUES {rows}) AS v(id, case_number)) "
            f"TO '{folder / 'a.parquet'}' (FORMAT parquet)"
        )
        assert drop_superseded(connection, folder.parent) == (repeats, 0)
        kept = connection.execute(f"SELECT id, case_number FROM '{folder}/*.parquet' ORDER BY id").fetchall()
    assert kept == [(1, "0"), (2, str(len(ids) - 1 if repeats else 1)), (far, "2")]
