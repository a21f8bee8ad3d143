"""Permissions that a request to BigQuery's REST API needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import sqlglot
from sqlglot import exp

_PROJECT: Final = r"/bigquery/v2/projects/[^/]+"
_TABLE: Final = re.compile(
    rf"{_PROJECT}/datasets/(?P<dataset>[^/]+)/tables(?:/(?P<table>[^/]+))?(?P<part>/insertAll|/data)?"
)
_DATASET: Final = re.compile(rf"{_PROJECT}/datasets(?:/(?P<dataset>[^/]+))?")
_JOBS: Final = re.compile(rf"{_PROJECT}/(?:jobs|queries)(?:/.*)?")
_VERBS: Final = {"GET": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update"}
_PARTS: Final = {"/insertAll": "updateData", "/data": "getData"}
_CHANGES: Final = (exp.Insert, exp.Merge, exp.Update, exp.Delete)
_PROJECT_ITSELF: Final = "project"
#: Tables of one load: they are named by the run.
_STAGING: Final = "staging_"


def needed(method: str, path: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """List the permissions that a request needs, its statement's tables apart.

    Args:
        method: the HTTP method.
        path: its path.
        request: its body.

    Yields:
        Permission and resource. A job is looked at by its creator, who needs no other permission for that.
    """
    table = _TABLE.fullmatch(path)
    dataset = _DATASET.fullmatch(path)
    if table and table["table"]:
        verb = _PARTS[table["part"]] if table["part"] else _VERBS[method]
        yield f"bigquery.tables.{verb}", _table(table["dataset"], table["table"])
    elif table:
        verb = "create" if method == "POST" else "list"
        yield f"bigquery.tables.{verb}", f"dataset/{table['dataset']}"
    elif dataset:
        on = f"dataset/{dataset['dataset']}" if dataset["dataset"] else _PROJECT_ITSELF
        yield f"bigquery.datasets.{'create' if method == 'POST' else _VERBS[method]}", on
    elif _JOBS.fullmatch(path):
        yield "bigquery.jobs.create", _PROJECT_ITSELF
        yield from _loaded(request.get("configuration", {}).get("load", {}))
    else:
        yield f"unknown: {method} {path}", _PROJECT_ITSELF


def _loaded(load: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    target = load.get("destinationTable")
    if target:
        if load.get("createDisposition", "CREATE_IF_NEEDED") == "CREATE_IF_NEEDED":
            yield "bigquery.tables.create", f"dataset/{target['datasetId']}"
        yield "bigquery.tables.updateData", _table(target["datasetId"], target["tableId"])


def sources(request: Mapping[str, Any]) -> list[str]:
    """Return the objects that a load job reads in its caller's name.

    Args:
        request: the request's body.

    Returns:
        Their URIs, with asterisks.
    """
    return list(request.get("configuration", {}).get("load", {}).get("sourceUris", []))


def of_statement(sql: str, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """List the permissions that a statement needs on tables.

    Args:
        sql: the statement.
        tables: the tables and views that it touches, ``project.dataset.table``, in the order in which they
            stand there; those behind authorized views apart.

    Yields:
        Permission and resource.
    """
    targets, inserts = _changed(sql)
    for name in tables:
        _, dataset, table = name.split(".")
        resource = _table(dataset, table)
        if table in targets:
            yield "bigquery.tables.updateData", resource
        if table in inserts:
            inserts.remove(table)  # named once more, it is read
        else:
            yield "bigquery.tables.getData", resource


def _table(dataset: str, table: str) -> str:
    name = f"{_STAGING}*" if table.startswith(_STAGING) else table
    return f"table/{dataset}/{name}"


def _changed(sql: str) -> tuple[set[str], set[str]]:
    """Return the tables that a statement changes, and those of them that it only adds to."""
    try:
        trees = sqlglot.parse(sql, dialect="bigquery")
    except sqlglot.errors.SqlglotError:
        return set(), set()
    targets, inserts = set(), set()
    for tree in trees:
        target = tree.this.find(exp.Table) if isinstance(tree, _CHANGES) else None
        if target is not None:
            targets.add(target.name)
            if isinstance(tree, exp.Insert):
                inserts.add(target.name)
    return targets, inserts
