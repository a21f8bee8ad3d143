"""A weighted query over condensed rows gives what the query gives over the rows themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crime_pipelines.errors import PipelineError
from crime_pipelines.questions import QUESTIONS
from crime_pipelines.questions.render import render

#: What a question may ask, by what is special about it.
QUERIES: Final = {
    "all of them": (
        "SELECT kind, COUNT(*) AS n, COUNT(x) AS known, COUNTIF(x > 1) AS above, "
        "SUM(x), SUM(x * 2 + 1), AVG(x), AVG(y), SUM(y), MIN(x), MAX(y), COUNT(DISTINCT x), SUM(DISTINCT x), "
        "AVG(DISTINCT x), LOGICAL_OR(x > 1), LOGICAL_AND(x > 1) FROM incidents GROUP BY kind"
    ),
    "without a group": (
        "SELECT COUNT(*), COUNT(x), COUNTIF(x > 1), SUM(x), AVG(y), MIN(x), COUNT(DISTINCT kind) FROM "
        "incidents"
    ),
    "of no row": "SELECT COUNT(*), COUNT(x), COUNTIF(x > 1), SUM(x), AVG(y) FROM incidents WHERE x > 100",
    "inside an expression": "SELECT 100 * AVG(x) / COUNT(*) - 1, AVG(x) * AVG(x) FROM incidents",
    "having": "SELECT kind FROM incidents GROUP BY kind HAVING COUNT(*) > 2 AND AVG(x) > 0 ORDER BY SUM(x)",
    "carried through a table expression": (
        "WITH some AS (SELECT kind, x + 1 AS z FROM incidents WHERE x IS NOT NULL), "
        "more AS (SELECT *, z * 2 AS twice FROM some) "
        "SELECT kind, COUNT(*), AVG(twice) FROM more GROUP BY kind"
    ),
    "from a subquery": (
        "SELECT kind, SUM(z) FROM (SELECT kind, x AS z FROM incidents) AS inside GROUP BY "
        "kind"
    ),
    "by another name": "SELECT i.kind, COUNT(*), AVG(i.x) FROM incidents AS i GROUP BY i.kind",
    "hidden by its own name": (
        "WITH incidents AS (SELECT kind, x FROM incidents WHERE x > 0) SELECT COUNT(*), AVG(x) FROM incidents"
    ),
    "joined": (
        "SELECT areas.name, COUNT(*), AVG(x) FROM incidents JOIN areas ON incidents.kind = areas.kind "
        "GROUP BY 1"
    ),
    "joined to what may have none": (
        "SELECT areas.name, COUNT(*), COUNT(incidents.x), SUM(x) FROM areas "
        "LEFT JOIN incidents ON incidents.kind = areas.kind GROUP BY areas.name"
    ),
    "carried through an outer join": (
        "WITH wide AS (SELECT areas.name, x FROM areas LEFT JOIN incidents ON incidents.kind = areas.kind) "
        "SELECT name, COUNT(*), COUNT(x) FROM wide GROUP BY name"
    ),
    "joined to itself": (
        "SELECT a.kind, COUNT(*), SUM(b.x) FROM incidents AS a JOIN incidents AS b ON a.kind = b.kind "
        "GROUP BY 1"
    ),
    "of groups": (
        "WITH counted AS (SELECT kind, COUNT(*) AS n, AVG(x) AS mean FROM incidents GROUP BY kind) "
        "SELECT COUNT(*), AVG(n), SUM(n), MAX(mean) FROM counted"
    ),
    "ranked groups": (
        "SELECT kind, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, kind) AS place, "
        "SUM(COUNT(*)) OVER () AS total FROM incidents GROUP BY kind"
    ),
    "each once": "WITH kinds AS (SELECT DISTINCT kind FROM incidents) SELECT COUNT(*) FROM kinds",
    "together": (
        "WITH both AS (SELECT kind, x FROM incidents UNION ALL SELECT kind, y AS x FROM incidents) "
        "SELECT kind, COUNT(*), SUM(x) FROM both GROUP BY kind"
    ),
    "inside a condition": (
        "SELECT name FROM areas WHERE kind IN (SELECT kind FROM incidents WHERE x > 1) "
        "AND EXISTS (SELECT x FROM incidents WHERE incidents.kind = areas.kind) "
        "AND (SELECT COUNT(*) FROM incidents) > 3"
    ),
}  # fmt: skip
#: What would come out wrong without a word.
REFUSED: Final = {
    "single incidents": "SELECT x FROM incidents",
    "single incidents of a table expression": "WITH some AS (SELECT x FROM incidents) SELECT * FROM some",
    "a window over incidents": "WITH w AS (SELECT SUM(x) OVER () AS s FROM incidents) SELECT AVG(s) FROM w",
    "the first incidents": "WITH w AS (SELECT x FROM incidents LIMIT 5) SELECT AVG(x) FROM w",
    "qualify": (
        "WITH w AS (SELECT x FROM incidents QUALIFY ROW_NUMBER() OVER (ORDER BY x) = 1) SELECT AVG(x) "
        "FROM w"
    ),
    "an order of its own": "SELECT STRING_AGG(kind, ',') FROM incidents",
    "an array": "SELECT ARRAY_AGG(x) FROM incidents",
    "a deviation": "SELECT STDDEV(x) FROM incidents",
    "a correlation": "SELECT CORR(x, y) FROM incidents",
    "a median": "SELECT APPROX_QUANTILES(x, 2) FROM incidents",
    "a condition that holds once": "SELECT COUNTIF(DISTINCT x > 1) FROM incidents",
    "what is not known": "SELECT FOO(x) FROM incidents",
    "at another's maximum": "SELECT AVG(x HAVING MAX y) FROM incidents",
    "a union that takes each once": (
        "WITH w AS (SELECT x FROM incidents UNION DISTINCT SELECT y FROM incidents) SELECT COUNT(*) FROM "
        "w"
    ),
    "incidents beside groups": (
        "WITH w AS (SELECT x FROM incidents UNION ALL SELECT COUNT(*) FROM incidents) SELECT SUM(x) FROM "
        "w"
    ),
    "a sample": "SELECT COUNT(*) FROM incidents TABLESAMPLE SYSTEM (10 PERCENT)",
    "a recursion": (
        "WITH RECURSIVE w AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM w) SELECT COUNT(*) FROM "
        "incidents"
    ),
    "an array of rows": "SELECT ARRAY(SELECT x FROM incidents) AS xs FROM areas",
}  # fmt: skip

rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.one_of(st.none(), st.integers(-3, 3)),
        st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False)),
        st.integers(1, 5),
    ),
    max_size=12,
)


def rendered(sql: str, weight: str | None = None) -> str:
    return render(replace(QUESTIONS[0], sql=sql), "duckdb", datetime(2021, 1, 1), weight=weight)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE areas (kind VARCHAR, name VARCHAR)")
        connection.execute("INSERT INTO areas VALUES ('a', 'A'), ('b', 'B'), ('b', 'B too'), ('c', 'C')")
        for name in ("one", "each"):
            connection.execute(f"CREATE TABLE {name} (kind VARCHAR, x BIGINT, y DOUBLE, weight BIGINT)")
        yield connection


@pytest.mark.parametrize("name", QUERIES)
@given(rows=rows)
@settings(max_examples=30, deadline=None)
def test_weights_count(name: str, rows: list[tuple[Any, ...]], database: duckdb.DuckDBPyConnection) -> None:
    database.execute("DELETE FROM one")
    if rows:
        database.executemany("INSERT INTO one VALUES (?, ?, ?, ?)", rows)
    sql = QUERIES[name]
    database.execute("CREATE OR REPLACE TEMP VIEW incidents AS FROM one")
    found = database.execute(rendered(sql, "weight")).fetchall()
    database.execute(
        "CREATE OR REPLACE TEMP VIEW incidents AS SELECT kind, x, y FROM one, generate_series(1, weight)"
    )
    wanted = database.execute(rendered(sql)).fetchall()
    assert len(found) == len(wanted)
    for row, other in zip(sorted(found, key=repr), sorted(wanted, key=repr), strict=True):
        for value, expected in zip(row, other, strict=True):
            if isinstance(expected, float):
                assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-6)
            else:
                assert value == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_weights_would_falsify_is_refused(name: str) -> None:
    with pytest.raises(
        PipelineError, match=r"^questions/monthly_trend/query.sql: .+ block by block; use COUNT"
    ) as caught:
        rendered(REFUSED[name], "weight")
    assert "\n" not in str(caught.value)


def test_other_tables_are_left_alone() -> None:
    for sql in ("SELECT name FROM areas", "SELECT COUNT(*), STDDEV(x) FROM lake.incidents"):
        assert rendered(sql, "weight") == rendered(sql)


def test_it_goes_on_to_the_other_dialects() -> None:
    asked = replace(QUESTIONS[0], sql="SELECT AVG(x), COUNTIF(x > 1) FROM incidents")
    for dialect in ("bigquery", "spark"):
        sql = render(asked, dialect, datetime(2021, 1, 1), weight="weight")
        assert sql.count("incidents.weight") == 3
