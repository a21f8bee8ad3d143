"""The questions in an engine's own dialect of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import sqlglot
from sqlglot import exp

from crime_pipelines.domain.night import is_late_night_sql
from crime_pipelines.domain.offences import is_theft_sql
from crime_pipelines.questions.catalogue import QUESTIONS, Question, question

_SOURCE: Final = "bigquery"
_INCIDENTS: Final = "incidents"
#: Rules that the questions call like functions, each by the domain's expression of it.
_RULES: Final[dict[str, Callable[..., str]]] = {"IS_LATE_NIGHT": is_late_night_sql, "IS_THEFT": is_theft_sql}


def render(
    asked: Question,
    dialect: str,
    as_of: datetime | str,
    shift_years: int = 0,
    tables: Mapping[str, str] | None = None,
    weight: str | None = None,
) -> str:
    """A question as a statement that an engine runs as it stands.

    Args:
        asked: the question.
        dialect: sqlglot's name of the engine's dialect: ``bigquery``, ``duckdb`` or ``spark``.
        as_of: the moment the answer is as of, or a SQL expression of it in BigQuery's dialect (for a view:
            ``(SELECT MAX(occurred_at) FROM incidents)``).
        shift_years: the run's date shift, which only `DATA_QUALITY` asks for.
        tables: the engine's names of the tables `incidents` and `areas`, where they differ.
        weight: the column of `incidents` that says how many incidents a row stands for, where each row does
            not stand for itself alone.

    Returns:
        A SELECT in that dialect. Rules of the domain are written out; a question that builds on another
        carries it along as a common table expression.
    """
    moment = f"DATETIME '{as_of.isoformat(sep=' ')}'" if isinstance(as_of, datetime) else as_of
    parameters = {"as_of": moment, "shift_years": str(shift_years)}
    tree = _expanded(asked, parameters)
    names = {each.name for each in QUESTIONS}
    for table in {node.name for node in tree.find_all(exp.Table)} & names:
        tree = tree.with_(table, as_=_expanded(question(table), parameters), append=True)
    if weight:
        _weigh(tree, weight)
    for node in list(tree.find_all(exp.Table)):
        if tables and node.name in tables:
            alias = node.alias or node.name
            node.replace(exp.to_table(tables[node.name], dialect=dialect, alias=alias))
    if dialect == _SOURCE:
        # sqlglot writes INTERVAL '59' MONTH; BigQuery's functions of dates take a number.
        for each in list(tree.find_all(exp.Interval, exp.DateSub)):
            number = "expression" if isinstance(each, exp.DateSub) else "this"
            each.set(number, exp.Literal.number(each.args[number].name))
    if dialect == "duckdb":
        # It would keep in memory what is named twice, for the hexagons every incident's place.
        for each in list(tree.find_all(exp.CTE)):
            each.set("materialized", False)
    if dialect == "spark":
        _without_instants(tree)
    return tree.sql(dialect=dialect, pretty=True)


def _without_instants(tree: exp.Expr) -> None:
    """Keep Spark from taking a DATETIME for an instant, in place."""
    # DATETIME is TIMESTAMP to sqlglot where a literal has it.
    for kind in list(tree.find_all(exp.DataType)):
        if kind.this in (exp.DataType.Type.DATETIME, exp.DataType.Type.TIMESTAMP):
            kind.set("this", exp.DataType.Type.TIMESTAMPNTZ)
    for truncated in list(tree.find_all(exp.DatetimeTrunc)):
        unit = truncated.args["unit"]
        # Spark's DATE_TRUNC makes an instant, which takes several times as long as a date.
        kept = (
            exp.cast(truncated.this, exp.DataType.Type.DATE)
            if unit.name.upper() == "DAY"
            else exp.TimestampTrunc(this=truncated.this, unit=unit)
        )
        truncated.replace(exp.cast(kept, exp.DataType.Type.TIMESTAMPNTZ))


def order_of(asked: Question, dialect: str) -> str:
    """By what the rows of a question's answer are ordered, to read them back from where they are kept.

    Args:
        asked: the question, whose SQL gives the answer's rows as they stand.
        dialect: sqlglot's name of the engine's dialect.

    Returns:
        What stands behind ORDER BY, over the answer's own columns.
    """
    order = sqlglot.parse_one(asked.sql, dialect=_SOURCE).args["order"].copy()
    for column in order.find_all(exp.Column):
        column.replace(exp.column(column.name, quoted=True))
    return ", ".join(each.sql(dialect=dialect) for each in order.expressions)


def expression(sql: str, dialect: str) -> str:
    """An expression over the columns of `incidents` as an engine reads it.

    Args:
        sql: the expression in BigQuery's dialect; it may call the domain's rules like functions.
        dialect: sqlglot's name of the engine's dialect.

    Returns:
        The expression in that dialect, rules written out.
    """
    return _with_rules(sqlglot.parse_one(sql, dialect=_SOURCE), {}).sql(dialect=dialect)


def _with_rules(tree: exp.Expr, parameters: Mapping[str, str]) -> exp.Expr:
    def expand(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name.upper() in _RULES:
            arguments = [argument.sql(dialect=_SOURCE) for argument in node.expressions]
            return sqlglot.parse_one(_RULES[node.name.upper()](*arguments), dialect=_SOURCE)
        if isinstance(node, exp.Parameter) and node.name in parameters:
            return sqlglot.parse_one(parameters[node.name], dialect=_SOURCE)
        return node

    return tree.transform(expand)


def _weigh(tree: exp.Expr, weight: str) -> None:
    """Let every row of `incidents` count as often as its weight says, in place."""
    for select in list(tree.find_all(exp.Select)):
        source = select.args.get("from_") or select.args.get("from")
        if source is None or source.this.name != _INCIDENTS:
            continue
        for count in list(select.find_all(exp.Count, exp.CountIf)):
            counted = f"IF({count.this.sql(dialect=_SOURCE)}, {weight}, 0)"
            if isinstance(count, exp.Count):
                if not isinstance(count.this, exp.Star):
                    raise TypeError(f"{count.sql(dialect=_SOURCE)} can't be weighed")
                counted = weight
            total = f"COALESCE(CAST(SUM({counted}) AS INT64), 0)"
            count.replace(sqlglot.parse_one(total, dialect=_SOURCE))


def _expanded(asked: Question, parameters: Mapping[str, str]) -> exp.Select:
    expanded = _with_rules(sqlglot.parse_one(asked.sql, dialect=_SOURCE), parameters)
    if not isinstance(expanded, exp.Select):
        raise TypeError(f"{asked.name}.sql is not a SELECT")
    return expanded
