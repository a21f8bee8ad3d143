"""The questions in an engine's own dialect of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import exp

from crime_pipelines.domain.night import is_late_night_sql
from crime_pipelines.domain.offences import is_theft_sql
from crime_pipelines.domain.periods.arrest_years import is_in_arrest_years_sql
from crime_pipelines.domain.periods.as_of import last_whole_day_sql
from crime_pipelines.domain.periods.covered_period import (
    CoveredPeriod,
    is_covered_sql,
    is_dated_after_update_sql,
)
from crime_pipelines.questions.model import Question
from crime_pipelines.questions.registry import COVERED_PERIOD, QUESTIONS
from crime_pipelines.questions.weighing import weigh

_SOURCE: Final = "bigquery"
_INCIDENTS: Final = "incidents"
#: Stand in a statement for the moments that it depends on: no question has these.
_MOMENTS: Final = {
    "as_of": "9999-12-31 23:59:59.999999",
    "covered_from": "9999-12-31 23:59:59.999998",
    "covered_to": "9999-12-31 23:59:59.999997",
}
#: Rules that the questions call like functions, each by the domain's expression of it.
_RULES: Final[dict[str, Callable[..., str]]] = {
    "IS_LATE_NIGHT": is_late_night_sql,
    "IS_THEFT": is_theft_sql,
    "IS_IN_ARREST_YEARS": is_in_arrest_years_sql,
    "IS_DATED_AFTER_UPDATE": is_dated_after_update_sql,
    "IS_COVERED": is_covered_sql,
    "LAST_WHOLE_DAY": last_whole_day_sql,
}
_RULE_OF_PERIOD: Final = "IS_COVERED"


def render(
    asked: Question,
    dialect: str,
    as_of: datetime | None,
    shift_years: int = 0,
    tables: Mapping[str, str] | None = None,
    weight: str | None = None,
    covered: CoveredPeriod | None = None,
) -> str:
    """Return a question as a statement that an engine runs as it stands.

    Args:
        asked: the question.
        dialect: sqlglot's name of the engine's dialect: ``bigquery``, ``duckdb`` or ``spark``.
        as_of: the moment the answer is as of; None for the end of the covered period.
        shift_years: the run's date shift, which only `DATA_QUALITY` asks for.
        tables: the engine's names of the tables `incidents` and `areas`, where they differ.
        weight: the column of `incidents` that says how many incidents a row stands for, where each row does
            not stand for itself alone.
        covered: the covered period of `incidents`; unless given (as for a view), the statement finds it.

    Returns:
        A SELECT in that dialect. Rules of the domain are written out; a question that builds on another
        carries it along as a common table expression.

    Raises:
        TypeError: its SQL is no SELECT.
        PipelineError: it can't be asked of rows with weights.
    """
    first, last = (
        f"(SELECT {end} FROM {COVERED_PERIOD.name})" if covered is None else _constant(_MOMENTS[end])
        for end in ("covered_from", "covered_to")
    )
    statement = _rendered(
        asked,
        dialect,
        (last if as_of is None else _constant(_MOMENTS["as_of"]), first, last),
        # nearly all data hold no outlying incident, and the condition makes every question read two columns
        covered is not None and not covered.outlying,
        shift_years,
        tuple(tables.items()) if tables else (),
        weight,
    )
    moments: dict[str, datetime | None] = {"as_of": as_of}
    if covered is not None:
        moments |= {"covered_from": covered.first, "covered_to": covered.last}
    for name, moment in moments.items():
        if moment is not None:
            statement = statement.replace(_MOMENTS[name], moment.isoformat(sep=" "))
    return statement


@lru_cache(maxsize=64)  # takes as long as the rest of a run over a small file
def _rendered(
    asked: Question,
    dialect: str,
    moments: tuple[str, str, str],
    all_count: bool,
    shift_years: int,
    named: tuple[tuple[str, str], ...],
    weight: str | None,
) -> str:
    tables = dict(named)
    as_of, first, last = moments
    parameters = {
        "as_of": as_of,
        "shift_years": str(shift_years),
        "covered_from": first,
        "covered_to": last,
    }
    tree = _expanded(asked, parameters, all_count=all_count)
    if weight:
        weigh(tree, _INCIDENTS, weight, f"questions/{asked.name}/query.sql")
    for node in list(tree.find_all(exp.Table)):
        if node.name in tables:
            alias = node.alias or node.name
            node.replace(exp.to_table(tables[node.name], dialect=dialect, alias=alias))
    if dialect == _SOURCE:
        _for_bigquery(tree)
    if dialect == "duckdb":
        # a row for each day is little: the period's tables may stay in memory
        _for_duckdb(tree, materialize=asked is COVERED_PERIOD)
    if dialect == "spark":
        _for_spark(tree)
    return tree.sql(dialect=dialect, pretty=True, copy=False)


def _for_bigquery(tree: exp.Expr) -> None:
    """Write the numbers of days and months as BigQuery takes them, in place."""
    # sqlglot writes INTERVAL '59' MONTH; BigQuery's functions of dates take a number.
    for each in list(tree.find_all(exp.Interval, exp.DateAdd, exp.DateSub, exp.DatetimeAdd)):
        number = "this" if isinstance(each, exp.Interval) else "expression"
        each.set(number, exp.Literal.number(each.args[number].name))


def _constant(moment: str) -> str:
    return f"DATETIME '{moment}'"


def _for_duckdb(tree: exp.Expr, *, materialize: bool = False) -> None:
    """Make DuckDB mean what BigQuery means, and keep it from tables in memory, in place."""
    # It would keep in memory what is named twice, for the hexagons every incident's place.
    for table in [] if materialize else list(tree.find_all(exp.CTE)):
        table.set("materialized", False)
    # It counts the days of a week from 0, BigQuery and Spark from 1.
    for part in list(tree.find_all(exp.Extract)):
        if part.name.upper() == "DAYOFWEEK":
            part.replace(exp.paren(exp.Add(this=part.copy(), expression=exp.Literal.number(1))))
    # sqlglot's sum is NULL where no row is; a count is 0, as in BigQuery and Spark.
    for count in list(tree.find_all(exp.CountIf)):
        counted = exp.If(this=count.this, true=exp.Literal.number(1))
        count.replace(exp.Count(this=counted, big_int=True))


def _for_spark(tree: exp.Expr) -> None:
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
        asked: the question.
        dialect: sqlglot's name of the engine's dialect.

    Returns:
        What stands behind ORDER BY, over the answer's own columns; nothing where they have no order.
    """
    if not asked.is_sql_alone:
        return ", ".join(exp.column(name, quoted=True).sql(dialect=dialect) for name in asked.ordered_by)
    order = sqlglot.parse_one(asked.sql, dialect=_SOURCE).args["order"].copy()
    for column in order.find_all(exp.Column):
        column.replace(exp.column(column.name, quoted=True))
    return ", ".join(each.sql(dialect=dialect) for each in order.expressions)


def expression(sql: str, dialect: str) -> str:
    """Return an expression over the columns of `incidents` as an engine reads it.

    Args:
        sql: the expression in BigQuery's dialect; it may call the domain's rules like functions.
        dialect: sqlglot's name of the engine's dialect.

    Returns:
        The expression in that dialect, rules written out.
    """
    tree = exp.paren(_with_rules(sqlglot.parse_one(sql, dialect=_SOURCE), {}), copy=False)
    if dialect == "duckdb":
        _for_duckdb(tree)
    if dialect == "spark":
        _for_spark(tree)
    inner: exp.Expr = tree.this
    return inner.sql(dialect=dialect)


def _with_rules(tree: exp.Expr, parameters: Mapping[str, str], *, all_count: bool = False) -> exp.Expr:
    def expand(node: exp.Expr) -> exp.Expr:
        if all_count and isinstance(node, exp.Anonymous) and node.name.upper() == _RULE_OF_PERIOD:
            return exp.true()
        if isinstance(node, exp.Anonymous) and node.name.upper() in _RULES:
            arguments = [argument.sql(dialect=_SOURCE) for argument in node.expressions]
            rule = sqlglot.parse_one(_RULES[node.name.upper()](*arguments), dialect=_SOURCE)
            return _with_rules(rule, parameters)
        if isinstance(node, exp.Parameter) and node.name in parameters:
            return sqlglot.parse_one(parameters[node.name], dialect=_SOURCE)
        return node

    return tree.transform(expand, copy=False)


def _expanded(asked: Question, parameters: Mapping[str, str], *, all_count: bool = False) -> exp.Select:
    """Write out the rules, parameters and questions that a question's SQL builds on."""
    tree = _with_rules_of(asked, parameters, all_count=all_count)
    below: dict[str, exp.Select] = {}

    def collect(reader: exp.Select) -> None:
        own = {table.alias for table in reader.find_all(exp.CTE)}
        read = {node.name for node in reader.find_all(exp.Table)} - own
        for other in (*QUESTIONS, COVERED_PERIOD):
            if other.name in read and other.name not in below:
                inner = _with_rules_of(other, parameters, all_count=all_count)
                collect(inner)
                below[other.name] = inner

    collect(tree)
    for name, inner in below.items():
        tree = tree.with_(name, as_=inner, append=True, copy=False)
    if below:  # each table comes after those that it reads
        expressions = tree.args["with_"].expressions
        own, others = expressions[: -len(below)], expressions[-len(below) :]
        tree.args["with_"].set("expressions", [*others, *own])
    return tree


def _with_rules_of(asked: Question, parameters: Mapping[str, str], *, all_count: bool) -> exp.Select:
    tree = sqlglot.parse_one(asked.sql, dialect=_SOURCE)
    expanded = _with_rules(tree, {**asked.parameters, **parameters}, all_count=all_count)
    if not isinstance(expanded, exp.Select):
        raise TypeError(f"questions/{asked.name}/query.sql is not a SELECT")
    return expanded
