"""Puts the strict rules into the emulator's process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from crime_pipelines.localcloud.bigquery.access import Reach
from crime_pipelines.localcloud.bigquery.appended_rows import Connection
from crime_pipelines.localcloud.bigquery.strict import Strict
from crime_pipelines.localcloud.bigquery.time_travel import keep_no_copy_of_appended
from crime_pipelines.localcloud.calls.accounts import accounts_by_token, caller, email
from crime_pipelines.localcloud.calls.record import Calls

_REQUIRED: Final = "requirePartitionFilter"


def install(access: Path | None, calls: Path, token: str) -> None:
    """Make the emulator strict.

    Args:
        access: the file of access rules, whether or not it exists.
        calls: the file that accounts' calls are recorded in.
        token: the run's token.
    """
    _wrap_rest(access, Calls(calls))
    _keep_required_filter()
    keep_no_copy_of_appended()
    _check_appended_rows(access, accounts_by_token(token))


def _wrap_rest(access: Path | None, calls: Calls) -> None:
    module = import_module("bqemulator.server")
    make = module.create_app
    middleware = import_module("starlette.middleware").Middleware

    def create_app(context: Any) -> Any:
        app = make(context)
        # innermost, where bodies are unpacked already
        app.user_middleware.append(middleware(Strict, access=access, calls=calls))
        return app

    vars(module)["create_app"] = create_app


def _keep_required_filter() -> None:
    """Keep a table's requirePartitionFilter, which the emulator knows at an older place alone."""
    module = import_module("bqemulator.api.routes.tables")
    read, write = module._rest_to_table_meta, module._table_to_rest

    def from_rest(project: str, dataset: str, body: dict[str, Any], *rest: Any) -> Any:
        made = read(project, dataset, body, *rest)
        if made.time_partitioning is None or _REQUIRED not in body:
            return made
        update = {"require_partition_filter": bool(body[_REQUIRED])}
        return made.model_copy(update={"time_partitioning": made.time_partitioning.model_copy(update=update)})

    def to_rest(table: Any) -> dict[str, Any]:
        body: dict[str, Any] = write(table)
        if table.time_partitioning is not None:
            body[_REQUIRED] = table.time_partitioning.require_partition_filter
        return body

    vars(module).update(_rest_to_table_meta=from_rest, _table_to_rest=to_rest)


def _check_appended_rows(access: Path | None, accounts: Mapping[str, str]) -> None:
    """Have AppendRows answered strictly, and streams reached by their accounts alone."""
    handler = import_module("bqemulator.grpc_api.write_servicer").BigQueryWriteHandler
    bind = handler._bind_stream_to_target

    def reached(self: Any, name: str, context: Any) -> Any:
        given = _authorization(context.invocation_metadata())
        account = caller(given.removeprefix("Bearer "), accounts)
        reach = Reach.of(access, f"Bearer {email(account, name.split('/')[1])}" if account else given)
        parts = name.split("/")
        if len(parts) > 5 and reach.refusal(".".join(parts[1:6:2]), ()) is not None:
            table = "/".join(parts[:6])
            context.set_code(import_module("grpc").StatusCode.PERMISSION_DENIED)
            context.set_details(
                f"Permission 'TABLES_UPDATE_DATA' denied on resource '{table}' (or it may not exist)."
            )
            return None
        return bind(self, name, context)

    async def append_rows(self: Any, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for answer in Connection(self, context).answers(requests):
            yield answer

    handler._bind_stream_to_target, handler._handle_append_rows = reached, append_rows


def _authorization(metadata: Iterable[tuple[str, str]] | None) -> str:
    return next((value for key, value in metadata or () if key.lower() == "authorization"), "")
