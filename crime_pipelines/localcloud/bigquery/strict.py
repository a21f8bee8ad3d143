"""The emulator made to refuse what BigQuery refuses; everything else is left to the emulator.

Refused are streamed rows outside of their partitions' bounds or of another type, requests over 10 MB, a taken
job id, schemas that do not fit, statements without a partition filter, and what is out of an account's reach.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from crime_pipelines.localcloud.bigquery.access import Reach
from crime_pipelines.localcloud.bigquery.schema_changes import follow
from crime_pipelines.localcloud.bigquery.statements import Lookup, Relation, touched
from crime_pipelines.localcloud.bigquery.streamed_rows import LARGEST_REQUEST, missing, rows_out_of_bounds
from crime_pipelines.localcloud.calls import storage, warehouse
from crime_pipelines.localcloud.calls.accounts import account_of
from crime_pipelines.localcloud.calls.record import Calls

_TABLE: Final = r"/bigquery/v2/projects/([^/]+)/datasets/([^/]+)/tables/([^/]+)"
_INSERT: Final = re.compile(f"{_TABLE}/insertAll")
_STATEMENTS: Final = re.compile(r"/bigquery/v2/projects/([^/]+)/(?:jobs|queries)")
_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    409: "ALREADY_EXISTS",
    413: "OUT_OF_RANGE",
}


class Refused(Exception):  # noqa: N818 - not an error of ours
    """A call that BigQuery would refuse."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        """Say why.

        Args:
            code: the HTTP status.
            reason: BigQuery's word for it.
            message: its sentence.
        """
        super().__init__(message)
        self.code = code
        self.body = {
            "error": {
                "code": code,
                "message": message,
                "errors": [{"message": message, "domain": "global", "reason": reason}],
                "status": _STATUS[code],
            }
        }


class Strict:
    """ASGI middleware over the emulator's REST API."""

    def __init__(self, app: Any, access: Path | None, calls: Calls) -> None:
        """Wrap the API.

        Args:
            app: the ASGI application within.
            access: the file of access rules.
            calls: where accounts' calls are recorded.
        """
        self._app, self._access, self._calls = app, access, calls
        self._taken: set[tuple[str, str]] = set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Refuse a call, or hand it on."""
        if scope["type"] != "http" or scope["path"].startswith("/upload/"):
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more and len(body) <= LARGEST_REQUEST:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        context = scope["app"].state.context
        job: tuple[str, str] | None = None
        try:
            if len(body) > LARGEST_REQUEST:
                raise Refused(
                    413, "uploadTooLarge", f"Request payload size exceeds the limit: {LARGEST_REQUEST} bytes."
                )
            reach = Reach.of(self._access, _header(scope, b"authorization"))
            await _follow_schema(context, scope, body)
            answer, body, job = self._judged(context, scope, body, reach)
        except Refused as refused:
            await _answer(send, refused.code, refused.body)
            return
        if answer is not None:
            await _answer(send, 200, answer)
            return

        async def replay() -> dict[str, Any]:
            nonlocal body
            sent, body = body, b""
            return {"type": "http.request", "body": sent, "more_body": False}

        async def watched(message: dict[str, Any]) -> None:
            if job is not None and message["type"] == "http.response.start" and message["status"] >= 400:
                self._taken.discard(job)  # a request that is refused makes no job
            await send(message)

        await self._app(scope, replay, watched)

    def _judged(
        self, context: Any, scope: dict[str, Any], body: bytes, reach: Reach
    ) -> tuple[dict[str, Any] | None, bytes, tuple[str, str] | None]:
        """Return an answer of our own, the body to hand on, and the job that it starts."""
        path, method = scope["path"], scope["method"]
        record(self._calls, account_of(reach.account), context, (method, path, body))
        insert = _INSERT.fullmatch(path)
        if insert and method == "POST":
            _hold(reach, ".".join(insert.groups()), ())
            answer, body = insert_all(context, insert.groups(), body)
            return answer, body, None
        table = re.match(_TABLE, path)
        if table:
            _hold(reach, ".".join(table.groups()), ())
        statements = _STATEMENTS.fullmatch(path)
        if not statements or method != "POST":
            return None, body, None
        request = json.loads(body)
        project = statements[1]
        config = request.get("configuration", {})
        query = request if "query" in request else config.get("query", {})
        if query.get("query"):
            _hold_statement(context, project, query, reach)
        load = config.get("load", {}).get("destinationTable")
        if load:
            _hold(reach, f"{load['projectId']}.{load['datasetId']}.{load['tableId']}", ())
        job = request.get("jobReference", {}).get("jobId")
        if not job or config.get("dryRun"):
            return None, body, None
        if (project, job) in self._taken or context.catalog.get_job(project, job) is not None:
            raise Refused(409, "duplicate", f"Already Exists: Job {project}:US.{job}")
        self._taken.add((project, job))
        return None, body, (project, job)


async def _follow_schema(context: Any, scope: Mapping[str, Any], body: bytes) -> None:
    table = re.match(_TABLE, scope["path"])
    if table:
        changes = scope["method"] in ("PATCH", "PUT")
        text = await follow(context, (table[1], table[2], table[3]), body if changes else b"")
        if text is not None:
            raise Refused(400, "invalid", text)


def record(calls: Calls, account: str, context: Any, request: tuple[str, str, bytes]) -> None:
    """Record the permissions that a request needs.

    Args:
        calls: where.
        account: the short name of the account that calls; nothing is recorded where it is empty.
        context: the emulator's.
        request: method, path and body.
    """
    method, path, body = request
    if not account:
        return
    asked = json.loads(body) if body else {}
    needs = list(warehouse.needed(method, path, asked))
    query = asked if "query" in asked else asked.get("configuration", {}).get("query", {})
    project = path.split("/")[4]
    if isinstance(query.get("query"), str):
        tables = [
            table.relation.name
            for table in touched(query["query"], _lookup(context, project, query))
            if not any(_authorized(context, view, table.relation.name) for view in table.through)
        ]
        needs += warehouse.of_statement(query["query"], tables)
    for uri in warehouse.sources(asked):
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        needs.append(("storage.objects.get", storage.resource(bucket, name, project)))
        if "*" in name:
            needs.append(("storage.objects.list", storage.resource(bucket, "", project)))
    for permission, resource in needs:
        calls.note(account, permission, resource)


def insert_all(context: Any, name: tuple[str, ...], body: bytes) -> tuple[dict[str, Any] | None, bytes]:
    """Judge streamed rows one by one.

    Args:
        context: the emulator's.
        name: project, dataset and table.
        body: the request.

    Returns:
        The answer where rows are refused and nothing is left to insert; the request for the emulator.
    """
    table = context.catalog.get_table(*name)
    request = json.loads(body)
    rows = request.get("rows", [])
    if table is None or not rows:
        return None, body
    refused = {number: errors for number, row in enumerate(rows) if (errors := _errors(table, row["json"]))}
    if not refused:
        return None, body
    skip = request.get("skipInvalidRows", False)
    if skip and len(refused) < len(rows):
        # the emulator would have to merge two lists of errors: nothing here asks for this
        raise Refused(400, "invalid", "skipInvalidRows is not served by the local cloud")
    stopped = [{"reason": "stopped", "location": "", "debugInfo": "", "message": ""}]
    entries = [{"index": number, "errors": refused.get(number, stopped)} for number in range(len(rows))]
    return {"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": entries}, body


def _errors(table: Any, row: Mapping[str, Any]) -> list[dict[str, str]]:
    tabledata = import_module("bqemulator.api.routes.tabledata")
    fields = {field.name: field for field in table.schema_.fields}
    found = [("no such field: " + name + ".", name) for name in row if name not in fields]
    for name, value in row.items():
        if name in fields and value is not None:
            field = {"name": name, "type": fields[name].type, "mode": fields[name].mode}
            try:
                tabledata.bq_rows_to_arrow([{"json": {name: value}}], tabledata._build_arrow_schema([field]))
            except (ValueError, TypeError, OverflowError):
                found.append((f"Cannot convert value to {field['type'].lower()} (bad value): {value}", name))
    if not found:
        rules = (missing, rows_out_of_bounds)
        found = [(text, "") for rule in rules for text in rule(table, [row]).values()]
    return [{"reason": "invalid", "location": name, "debugInfo": "", "message": text} for text, name in found]


def _hold(reach: Reach, name: str, columns: tuple[str, ...] | frozenset[str]) -> None:
    text = reach.refusal(name, columns)
    if text is not None:
        raise Refused(403, "accessDenied", text)


def _lookup(context: Any, project: str, query: Mapping[str, Any]) -> Lookup:
    default = query.get("defaultDataset") or {}

    def lookup(named: str, dataset: str, table: str) -> Relation | None:
        place = (
            named or default.get("projectId") or project,
            dataset or default.get("datasetId") or "",
            table,
        )
        found = context.catalog.get_table(*place)
        if found is None:
            return None
        parts = found.time_partitioning
        return Relation(
            ".".join(place),
            found.view_query,
            parts.field if parts is not None and parts.require_partition_filter else None,
            tuple(field.name for field in found.schema_.fields),
        )

    return lookup


def _hold_statement(context: Any, project: str, query: Mapping[str, Any], reach: Reach) -> None:
    for table in touched(query["query"], _lookup(context, project, query)):
        name = table.relation.name
        if not any(_authorized(context, view, name) for view in table.through):
            _hold(reach, name, table.columns)
        if not table.filtered:
            raise Refused(
                400,
                "invalidQuery",
                f"Cannot query over table '{name}' without a filter over column(s) "
                f"'{table.relation.partition_column}' that can be used for partition elimination",
            )


def _authorized(context: Any, view: str, table: str) -> bool:
    project, dataset, _ = table.split(".")
    found = context.catalog.get_dataset(project, dataset)
    return found is not None and any(entry.view == tuple(view.split(".")) for entry in found.access_entries)


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


async def _answer(send: Any, code: int, body: Mapping[str, Any]) -> None:
    headers = [(b"content-type", b"application/json; charset=UTF-8")]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
