"""The local cloud's rules for BigQuery: bounds of partitions, partition filters, who reaches what."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from crime_pipelines.localcloud.bigquery.access import Reach
from crime_pipelines.localcloud.bigquery.statements import Relation, touched
from crime_pipelines.localcloud.bigquery.streamed_rows import refusal

TODAY = date(2026, 11, 30)
RELATIONS = {
    "t": Relation("p.d.t", None, "day", ("id", "day", "block")),
    "u": Relation("p.d.u", None, None, ("id",)),
    "v": Relation("p.d.v", "SELECT id FROM `p`.`d`.`t` WHERE day > '2020-01-01'", None, ("id",)),
    "w": Relation("p.d.w", "SELECT id FROM `p`.`d`.`t`", None, ("id",)),
}


def lookup(project: str, dataset: str, table: str) -> Relation | None:
    return RELATIONS.get(table)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (date(2021, 12, 1), True),
        (date(2021, 11, 30), False),
        ("2027-12-01T23:59:59", True),
        ("2027-12-02T00:00:00", False),
        (datetime(2026, 11, 30, tzinfo=UTC), True),
        ("9999-12-31 23:59:59 UTC", False),
        (None, True),
        ("soon", True),
    ],
)
def test_streamed_rows_are_bounded(value: object, taken: bool) -> None:
    text = refusal(value, "occurred_at", "p:d.t", TODAY)
    assert (text is None) is taken
    if text:
        assert "for field occurred_at of the destination table p:d.t is outside the allowed bounds" in text


@pytest.mark.parametrize(
    ("sql", "filtered"),
    [
        ("SELECT id FROM d.t", False),
        ("SELECT id FROM d.t WHERE day >= '2020-01-01' AND id = 3", True),
        ("SELECT id FROM d.t WHERE DATE(day) = @day", True),
        ("SELECT id FROM d.t AS x WHERE x.day BETWEEN '2020-01-01' AND '2020-02-01'", True),
        ("SELECT id FROM d.t WHERE id = 3", False),
        ("SELECT id FROM d.t WHERE day = '2020-01-01' OR id = 3", False),
        ("SELECT id FROM d.t WHERE day = '2020-01-01' OR day = '2020-03-01'", True),
        ("SELECT id FROM d.t WHERE day >= (SELECT MAX(id) FROM d.u)", False),
        ("SELECT t.id FROM d.t JOIN d.u ON t.id = u.id AND t.day = '2020-01-01'", True),
        ("SELECT t.id FROM d.t JOIN d.u ON t.day = u.id", False),
        ("INSERT INTO d.t (id) SELECT id FROM d.u", True),
        ("DELETE FROM d.t WHERE id = 3", False),
        ("DELETE FROM d.t WHERE day = '2020-01-01'", True),
        ("MERGE d.t AS k USING d.u AS f ON k.id = f.id WHEN MATCHED THEN DELETE", False),
        (
            "MERGE d.t AS k USING d.u AS f ON k.id = f.id AND k.day > '2020-01-01' WHEN MATCHED THEN DELETE",
            True,
        ),
        ("WITH t AS (SELECT 1 AS id) SELECT id FROM t", True),
        ("SELECT id FROM d.v", True),
        ("SELECT id FROM d.w", False),
    ],
)
def test_a_partition_filter_compares_with_constants(sql: str, filtered: bool) -> None:
    assert all(each.filtered for each in touched(sql, lookup)) is filtered


def test_views_are_followed_to_their_tables() -> None:
    found = [(each.relation.name, each.through) for each in touched("SELECT * FROM d.v", lookup)]
    assert found == [("p.d.v", ()), ("p.d.t", ("p.d.v",))]


def test_accounts_reach_what_the_rules_leave_them(tmp_path: Path) -> None:
    rules = tmp_path / "access.json"
    assert Reach.of(rules, "Bearer a@x").refusal("p.d.t", ["id"]) is None
    rules.write_text(json.dumps({"d.t": ["a@x", "b@x"], "d.t.block": ["a@x"]}))
    assert Reach.of(rules, "Bearer a@x").refusal("p.d.t", ["block"]) is None
    assert "policy tag on columns p.d.t.block" in str(
        Reach.of(rules, "Bearer b@x").refusal("p.d.t", ["block"])
    )
    assert "Access Denied: Table p:d.t" in str(Reach.of(rules, "bearer c@x").refusal("p.d.t", ["id"]))
    assert Reach.of(rules, "Bearer local").refusal("p.d.t", ["block"]) is None, "no account is named"
