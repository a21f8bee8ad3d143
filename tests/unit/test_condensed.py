"""Condensed incidents answer every question as the incidents themselves do, however they were cut up."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.pipeline import run
from crime_pipelines.questions import COVERED_PERIOD, period_of
from crime_pipelines.questions.condensed import CONDENSINGS, Condensing
from crime_pipelines.questions.render import render
from crime_pipelines.synthetic import generate

BEYOND = "2031-01-01 23:59:59"


@pytest.fixture(scope="module")
def incidents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("condensed")
    generate(folder / "in.csv", 6_000, seed=21, years=9, defects=0.3)
    run(str(folder / "in.csv"), folder / "out", max_rejected=1)
    latest = json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))["as_of"]
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE everything AS SELECT * FROM read_parquet("
            f"'{folder}/out/incidents/*/*.parquet', hive_partitioning = true)"
        )
        # the last second of as_of's own day, where a day is not fine enough to tell what is later
        connection.execute(
            f"INSERT INTO everything SELECT everything.* REPLACE (occurred_at + x AS occurred_at) "
            f"FROM everything, (SELECT UNNEST([INTERVAL 0 SECOND, INTERVAL 500 MILLISECOND, "
            f"INTERVAL 1 SECOND]) AS x) "
            f"WHERE occurred_at = TIMESTAMP '{latest}'"
        )
        connection.execute(
            "UPDATE everything SET occurred_at = TIMESTAMP '2019-06-30 23:59:59.5' WHERE id % 97 = 0"
        )
        connection.execute(
            "UPDATE everything SET occurred_at = TIMESTAMP '2019-06-30 23:59:59' WHERE id % 97 = 1"
        )
        # outlying by their years, or by their update
        connection.execute(
            "UPDATE everything SET occurred_at = occurred_at + INTERVAL 80 YEAR WHERE id % 61 = 0"
        )
        connection.execute(
            "UPDATE everything SET updated_on = occurred_at - INTERVAL 25 HOUR WHERE id % 53 = 0"
        )
        connection.execute("CREATE TABLE areas (area BIGINT, name VARCHAR, residents BIGINT)")
        connection.executemany("INSERT INTO areas VALUES (?, ?, ?)", [tuple(area) for area in AREAS])
        yield connection


@pytest.mark.parametrize("as_of", ["latest", "2019-06-30 23:59:59", BEYOND])
@pytest.mark.parametrize("parts", [1, 7])
@pytest.mark.parametrize("condensing", CONDENSINGS, ids=lambda each: each.question.name)
def test_gives_the_same_rows(
    condensing: Condensing, parts: int, as_of: str, incidents: duckdb.DuckDBPyConnection
) -> None:
    connection = incidents.cursor()
    names = {"incidents": "everything"}
    found_period = period_of(connection.execute(render(COVERED_PERIOD, "duckdb", None, 3, names)).fetchall())
    assert found_period is not None
    covered, _ = found_period
    assert covered.outlying > 100
    moment = covered.last if as_of == "latest" else datetime.fromisoformat(as_of)
    wanted = connection.execute(
        render(condensing.question, "duckdb", moment, 3, names, covered=covered)
    ).fetchall()

    for part in range(parts):
        relation = f"(SELECT * FROM everything WHERE id % {parts} = {part})"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE part_{part} AS {condensing.condense_sql('duckdb', relation)}"
        )
    order = list(range(parts))
    random.Random(parts).shuffle(order)
    merged = f"(SELECT * FROM part_{order[0]})"
    for part in order[1:]:
        merged = f"({condensing.merge_sql(f'({merged} UNION ALL SELECT * FROM part_{part})')})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE merged AS SELECT * FROM {merged}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE incidents AS {condensing.representatives_sql('merged')}"
    )
    found = connection.execute(condensing.question_sql("duckdb", moment, 3, covered)).fetchall()
    assert found == wanted
    # a window of months or years that ends long after the data holds nothing to test or to rank
    lasting = ("monthly_trend", "safest_areas", "arrest_rates", "data_quality")
    assert wanted or (as_of == BEYOND and condensing.question.name not in lasting)
