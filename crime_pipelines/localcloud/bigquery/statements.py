"""Tables that a statement touches, their columns, and whether it filters by a partition column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import exp

_COMPARISONS: Final = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is)
_READERS: Final = (exp.Select, exp.Delete, exp.Update, exp.Merge)
_MOST_VIEWS: Final = 16


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view, as far as the rules need to know it.

    Attributes:
        name: its full name, ``project.dataset.table``.
        view: the view's query; None for a table.
        partition_column: the column that every reader must filter by; None where none must.
        columns: its columns.
    """

    name: str
    view: str | None
    partition_column: str | None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Touched:
    """A table that a statement touches.

    Attributes:
        relation: the table.
        columns: columns of that name in the same query; a superset of those that are read.
        filtered: whether the query that names it filters by its partition column with constants.
        through: the views that lead there, outermost first.
    """

    relation: Relation
    columns: frozenset[str]
    filtered: bool
    through: tuple[str, ...]


#: Finds a relation by project, dataset and table; the first two may be empty.
Lookup = Callable[[str, str, str], Relation | None]


def touched(sql: str, lookup: Lookup, through: tuple[str, ...] = ()) -> Iterator[Touched]:
    """List what a statement touches, views followed to their tables.

    Args:
        sql: the statement; one that can't be parsed touches nothing here and fails in the emulator.
        lookup: finds a table.
        through: the views that lead there.

    Yields:
        The tables and views.
    """
    for tree in _trees(sql):
        own = {table.alias for table in tree.find_all(exp.CTE)}
        for node in tree.find_all(exp.Table):
            if not node.db and node.name in own:
                continue
            relation = lookup(node.catalog, node.db, node.name)
            if relation is None:
                continue
            reader = node.find_ancestor(*_READERS)
            wanted = relation.partition_column
            yield Touched(
                relation,
                _columns(reader, relation),
                # INSERT and DDL name a table without reading it
                wanted is None or reader is None or _filters(reader, node, wanted),
                through,
            )
            if relation.view is not None and len(through) < _MOST_VIEWS:
                yield from touched(relation.view, lookup, (*through, relation.name))


@lru_cache(maxsize=256)
def _trees(sql: str) -> tuple[exp.Expr, ...]:
    """Parse a statement or a view's query, once however often it comes; the trees are for reading alone."""
    try:
        return tuple(filter(None, sqlglot.parse(sql, dialect="bigquery")))
    except sqlglot.errors.SqlglotError:
        return ()


def _columns(reader: exp.Expr | None, relation: Relation) -> frozenset[str]:
    if reader is None:
        return frozenset()
    if any(not isinstance(star.parent, exp.Count) for star in reader.find_all(exp.Star)):
        return frozenset(relation.columns)
    return frozenset(column.name for column in reader.find_all(exp.Column))


def _filters(reader: exp.Expr, table: exp.Table, column: str) -> bool:
    """Tell whether a condition cuts partitions: compares the column with constants, with no OR of others."""
    if isinstance(reader, exp.Merge):
        conditions = [reader.args.get("on")]
    else:
        where = reader.args.get("where")
        joins = reader.args.get("joins") or []
        conditions = [where.this if where else None, *(join.args.get("on") for join in joins)]
    return any(_cuts(condition, table.alias_or_name, column) for condition in conditions if condition)


def _cuts(condition: exp.Expr, alias: str, column: str) -> bool:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        return any(_cuts(part, alias, column) for part in condition.flatten())
    if isinstance(condition, exp.Or):
        return all(_cuts(part, alias, column) for part in condition.flatten())
    if not isinstance(condition, _COMPARISONS) or any(condition.find_all(exp.Select)):
        return False
    columns = list(condition.find_all(exp.Column))
    return bool(columns) and all(found.name == column and found.table in ("", alias) for found in columns)
