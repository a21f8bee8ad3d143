"""Queries over rows that stand for several incidents each.

A weighted query gives what the query itself gives over a table in which every row of `incidents` is repeated
as often as its weight says. What can't be weighted is refused: a wrong number would look like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

import sqlglot
from sqlglot import exp

from crime_pipelines.errors import PipelineError

_SOURCE: Final = "bigquery"
#: Aggregates that repeated rows don't change.
_UNCHANGED: Final = (exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr)
#: What an aggregate's argument may come in, and gives it another meaning.
_MODIFIERS: Final = (exp.HavingMax, exp.IgnoreNulls, exp.Limit, exp.Order, exp.RespectNulls)
_OUTER: Final = frozenset({"LEFT", "RIGHT", "FULL"})


class _Rows(Enum):
    """The treatment of rows that are selected one by one, without an aggregate."""

    CARRY = "they carry their weight"
    IGNORE = "it matters only whether there are any"
    REFUSE = "they would stand for one incident each"


class _Refused(Exception):  # noqa: N818 - not an error of its own: `weigh` says whose it is
    pass


def weigh(query: exp.Query, table: str, weight: str, name: str) -> None:
    """Weigh a query in place.

    Args:
        query: the query, in BigQuery's dialect.
        table: the table whose rows carry weights, whole numbers from 1.
        weight: its column of weights.
        name: the query's name, for the error.

    Raises:
        PipelineError: part of the query can't be weighted.
    """
    try:
        _weigh(query, weight, frozenset({table}), _Rows.REFUSE)
    except _Refused as refused:
        raise PipelineError(
            f"{name}: {refused}, so it can't be asked of incidents that are counted block by block; "
            "use COUNT, COUNTIF, SUM, AVG, MIN, MAX, LOGICAL_AND, LOGICAL_OR or DISTINCT"
        ) from refused


def _weigh(query: exp.Expr, weight: str, outer: frozenset[str], rows: _Rows) -> bool:
    """Weigh a query in place; tell whether its rows carry weights.

    Args:
        query: the query.
        weight: the name of the columns of weights.
        outer: the tables around it that have one.
        rows: what becomes of rows without an aggregate.

    Returns:
        Whether it has a column of weights now.
    """
    if not isinstance(query, exp.Query):
        raise _Refused(f"{_text(query)} is no SELECT")
    weighted = set(outer)
    if (around := query.args.get("with_")) and around.recursive:
        raise _Refused("WITH RECURSIVE")
    for table in query.ctes:
        carries = _weigh(table.this, weight, frozenset(weighted), _Rows.CARRY)
        weighted.discard(table.alias)
        if carries:
            weighted.add(table.alias)
    names = frozenset(weighted)
    if isinstance(query, exp.SetOperation):
        return _weigh_sides(query, weight, names, rows)
    if isinstance(query, exp.Subquery):
        return _weigh(query.unnest(), weight, names, rows)
    if not isinstance(query, exp.Select):
        raise _Refused(f"{_text(query)} is no SELECT")
    return _weigh_select(query, weight, names, rows)


def _weigh_sides(query: exp.SetOperation, weight: str, weighted: frozenset[str], rows: _Rows) -> bool:
    carries = {_weigh(side, weight, weighted, rows) for side in (query.left, query.right)}
    if carries == {False}:
        return False
    if len(carries) > 1 or not isinstance(query, exp.Union) or query.args.get("distinct"):
        raise _Refused("a set operation joins single incidents with other rows, or takes them once")
    return True


def _weigh_select(select: exp.Select, weight: str, weighted: frozenset[str], rows: _Rows) -> bool:
    sources, weights = _sources(select, weight, weighted)
    for nested in [node for node in _own(select) if isinstance(node, exp.Query)]:
        if not any(nested is source for source in sources):
            tested = isinstance(nested.parent, (exp.Exists, exp.In))
            _weigh(nested, weight, weighted, _Rows.IGNORE if tested else _Rows.REFUSE)
    if not weights:
        return False
    own = list(_own(select))
    for node in own:
        if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc, exp.Filter, exp.WithinGroup)):
            raise _Refused(f"{_text(node)} is not known to keep its meaning over repeated rows")
    factor = _product(weights, any(join.side in _OUTER for join in select.args.get("joins") or ()))
    aggregates = [node for node in own if isinstance(node, exp.AggFunc) and not _is_windowed(node)]
    if aggregates or select.args.get("group") or select.args.get("having"):
        for node in aggregates:
            node.replace(_weighed(node, factor))
        return False
    if windows := [node for node in own if isinstance(node, exp.Window)]:
        raise _Refused(f"{_text(windows[0])} looks at single incidents")
    if select.args.get("distinct") or rows is _Rows.IGNORE:
        return False
    if rows is _Rows.REFUSE:
        raise _Refused(f"{_text(select)[:80]} gives single incidents")
    _carry(select, weight, factor, alone=len(sources) == 1)
    return True


def _carry(select: exp.Select, weight: str, factor: str, alone: bool) -> None:
    """Let the rows of a SELECT without aggregates carry their weights, in place."""
    if select.args.get("limit") or select.args.get("offset"):
        raise _Refused("LIMIT takes single incidents")
    if not _has_star(select):
        select.select(f"{factor} AS {weight}", append=True, copy=False, dialect=_SOURCE)
    elif not alone:
        raise _Refused("* takes the columns of several tables; name them")


def _sources(
    select: exp.Select, weight: str, weighted: frozenset[str]
) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """Return the tables and subqueries that a SELECT reads from, and the weights of those that have one."""
    joins = select.args.get("joins") or []
    start = select.args.get("from_")
    sources = [start.this, *(join.this for join in joins)] if start else []
    weights: list[exp.Expr] = []
    for source in sources:
        carries = isinstance(source, exp.Table) and not source.db and source.name in weighted
        if isinstance(source, exp.Subquery):
            carries = _weigh(source, weight, weighted, _Rows.CARRY)
        if carries:
            if source.args.get("pivots") or source.args.get("sample"):
                raise _Refused(f"{_text(source)} is pivoted or sampled")
            weights.append(exp.column(weight, table=source.alias_or_name or None))
    if weights and any(join.kind in ("SEMI", "ANTI") for join in joins):
        raise _Refused("a semi join takes single incidents")
    return sources, weights


def _own(select: exp.Select) -> Iterator[exp.Expr]:
    """Return the nodes of a SELECT, without those inside its WITH and the queries in it."""

    def is_other(node: exp.Expr) -> bool:
        return node is not select and isinstance(node, (exp.Query, exp.With))

    return (node for node in select.walk(prune=is_other) if node is not select)


def _is_windowed(node: exp.Expr) -> bool:
    """Tell whether an aggregate is a window's function, which goes over the groups."""
    parent = node.parent
    while isinstance(parent, (exp.IgnoreNulls, exp.RespectNulls)):
        node, parent = parent, parent.parent
    return isinstance(parent, exp.Window) and parent.this is node


def _has_star(select: exp.Select) -> bool:
    return any(
        isinstance(column, exp.Star) or (isinstance(column, exp.Column) and isinstance(column.this, exp.Star))
        for column in select.expressions
    )


def _product(weights: list[exp.Expr], outer: bool) -> str:
    """Count the rows that one row stands for; a row that an outer join adds stands for itself."""
    return " * ".join(f"COALESCE({_text(each)}, 1)" if outer else _text(each) for each in weights)


def _weighed(aggregate: exp.AggFunc, factor: str) -> exp.Expr:
    """Return an aggregate over rows that count as often as `factor` says."""
    argument = aggregate.this
    if isinstance(aggregate, _UNCHANGED) and not isinstance(argument, _MODIFIERS):
        return aggregate.copy()
    if isinstance(argument, exp.Distinct) and isinstance(aggregate, (exp.Avg, exp.Count, exp.Sum)):
        return aggregate.copy()
    if isinstance(argument, (*_MODIFIERS, exp.Distinct)) or aggregate.args.get("expressions"):
        raise _Refused(f"{_text(aggregate)} can't be weighted")
    value = _text(argument)
    known = factor if isinstance(argument, exp.Star) else f"IF(({value}) IS NULL, 0, {factor})"
    if isinstance(aggregate, exp.Count):
        weighed = f"COALESCE(CAST(SUM({known}) AS INT64), 0)"
    elif isinstance(aggregate, exp.CountIf):
        weighed = f"COALESCE(CAST(SUM(IF({value}, {factor}, 0)) AS INT64), 0)"
    elif isinstance(aggregate, exp.Sum):
        weighed = f"SUM(({value}) * {factor})"
    elif isinstance(aggregate, exp.Avg):
        weighed = f"CAST(SUM(({value}) * {factor}) AS FLOAT64) / NULLIF(SUM({known}), 0)"
    else:
        raise _Refused(f"{_text(aggregate)} can't be weighted")
    return sqlglot.parse_one(f"({weighed})" if isinstance(aggregate, exp.Avg) else weighed, dialect=_SOURCE)


def _text(node: exp.Expr) -> str:
    return node.sql(dialect=_SOURCE, comments=False)
