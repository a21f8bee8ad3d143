"""Bytes that BigQuery bills a statement for, from the statistics of tables alone.

On demand a query is billed for the columns that it reads, in the partitions that constants leave over;
UPDATE, DELETE and MERGE for every column of the target's partitions as well. What clustering saves is left
aside.
https://cloud.google.com/bigquery/docs/data-manipulation-language#calculating_dml_cost
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

#: For each table that a statement reads.
LEAST_BYTES: Final = 10 * 2**20


@dataclass(slots=True)
class Statistics:
    """A table's statistics.

    Attributes:
        sizes: bytes of each column in a row, on average.
        rows: rows of each partition, by its first day; of None where it has none.
        column: the column that it is partitioned by.
    """

    sizes: Mapping[str, float]
    rows: dict[date | None, int] = field(default_factory=dict)
    column: str | None = None

    def scanned(self, condition: exp.Expr | None) -> int:
        """Return the rows of the partitions that a condition leaves over."""
        return sum(
            rows
            for day, rows in self.rows.items()
            if condition is None or day is None or self._may_hold(condition, day)
        )

    def _may_hold(self, condition: exp.Expr, day: date) -> bool:
        condition = condition.unnest()
        if isinstance(condition, exp.And):
            return all(self._may_hold(part, day) for part in condition.flatten())
        if isinstance(condition, exp.Or):
            return any(self._may_hold(part, day) for part in condition.flatten())
        if isinstance(condition, exp.Boolean):
            return bool(condition.this)
        if not isinstance(condition, exp.GTE | exp.LT) or condition.left.name != self.column:
            return True
        literal = condition.right.find(exp.Literal)
        if literal is None or not isinstance(condition.left, exp.Column):
            return True  # no constant: BigQuery can't prune by it
        bound = datetime.fromisoformat(literal.name)
        bound = bound if bound.tzinfo is None else bound.astimezone(UTC).replace(tzinfo=None)
        days = (bound - datetime(day.year, day.month, day.day)).days
        # a partition is a day, or a month, whose end is not looked at: that reads one too many at most
        return (
            days < 1 or (self.column == "occurred_at" and days < 31)
            if isinstance(condition, exp.GTE)
            else days >= 0
        )


def bytes_of(sql: str, tables: Mapping[str, Statistics], parameters: Mapping[str, str]) -> int:
    """Return the bytes that a statement is billed for.

    Args:
        sql: the statement, in BigQuery's dialect.
        tables: statistics by table's name; the others are small.
        parameters: constants of its named parameters that are moments.

    Returns:
        Bytes.
    """
    tree = sqlglot.parse_one(sql, dialect="bigquery")
    tree = tree.transform(
        lambda node: (
            exp.cast(exp.Literal.string(parameters[node.name]), exp.DataType.Type.TIMESTAMPTZ)
            if isinstance(node, exp.Parameter) and node.name in parameters
            else node
        )
    )
    return sum(max(LEAST_BYTES, round(size)) for size in _billed(tree, tables))


def _billed(tree: exp.Expr, tables: Mapping[str, Statistics]) -> Iterator[float]:
    match tree:
        case exp.Merge():
            using = tree.args["using"]
            yield from _read(using.this, tables) if isinstance(using, exp.Subquery) else ()
            yield _whole(tree.this, tables, tree.args["on"])
        case exp.Delete():
            yield _whole(tree.this, tables, tree.args["where"].this)
        case exp.Insert():
            if isinstance(tree.expression, exp.Select):
                yield from _read(tree.expression, tables)
        case _:
            yield from _read(tree, tables)


def _whole(table: exp.Expr, tables: Mapping[str, Statistics], condition: exp.Expr | None) -> float:
    statistics = tables.get(table.name)
    return sum(statistics.sizes.values()) * statistics.scanned(condition) if statistics else 0.0


def _read(tree: exp.Expr, tables: Mapping[str, Statistics]) -> Iterator[float]:
    schema: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    for node in tree.find_all(exp.Table):
        if node.name in tables and node.db:
            columns = dict.fromkeys(tables[node.name].sizes, "STRING")
            schema.setdefault(node.catalog, {}).setdefault(node.db, {})[node.name] = columns
    qualified = qualify(
        tree.copy(),
        schema=schema,
        dialect="bigquery",
        validate_qualify_columns=False,
        quote_identifiers=False,
    )
    pruned = pushdown_projections(qualified)
    for scope in traverse_scope(pruned):
        where = scope.expression.args.get("where")
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table) and source.name in tables:
                statistics = tables[source.name]
                columns = {column.name for column in scope.columns if column.table == alias}
                size = sum(statistics.sizes.get(name, 0.0) for name in columns)
                yield size * statistics.scanned(where.this if where else None)
