"""Columns added to a table, through the API or by a statement.

The emulator keeps a table's schema in its catalog apart from the table itself: a column added through the API
is in the catalog alone, one of ALTER TABLE in the table alone, and either makes the next row fail.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Final

#: Two names of one type.
_ALIASES: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}


async def follow(context: Any, name: tuple[str, str, str], body: bytes) -> str | None:
    """Bring catalog and table together before a request to the table, and add the columns that it adds.

    Args:
        context: the emulator's.
        name: project, dataset and table.
        body: the request's body, a table resource where it changes the table; empty for any other request.

    Returns:
        Why BigQuery refuses the new schema; None where it does not.
    """
    table = context.catalog.get_table(*name)
    if table is None or table.table_type != "TABLE" or not table.schema_.fields:
        return None
    async with context.engine.write_lock():
        table = adopt_altered(context, name)
        wanted = json.loads(body).get("schema", {}).get("fields", []) if body else []
        if not wanted:
            return None
        refused = _refusal(table, wanted)
        if refused is None:
            known = {field.name for field in table.schema_.fields}
            new = [field for field in wanted if field["name"] not in known]
            target = import_module("bqemulator.storage.sql_identifiers").quoted_table_ref(*name)
            for column, kind in import_module("bqemulator.storage.type_map").bq_schema_to_duckdb_columns(new):
                context.engine.execute(f'ALTER TABLE {target} ADD COLUMN "{column}" {kind}')
        return refused


def adopt_altered(context: Any, name: tuple[str, str, str]) -> Any:
    """Take the columns that a statement has added to a table into the catalog.

    Args:
        context: the emulator's.
        name: project, dataset and table; it exists.

    Returns:
        The catalog's entry.
    """
    table = context.catalog.get_table(*name)
    known = {field.name for field in table.schema_.fields}
    held = import_module("bqemulator.catalog.ddl_sync")._introspect_schema(*name, context).fields
    altered = tuple(field for field in held if field.name not in known)
    if altered:
        schema = table.schema_.model_copy(update={"fields": (*table.schema_.fields, *altered)})
        table = table.model_copy(update={"schema_": schema})
        context.catalog.update_table(table)
    return table


def _refusal(table: Any, wanted: list[dict[str, Any]]) -> str | None:
    fields = {field["name"]: field for field in wanted}
    for held in table.schema_.fields:
        new = fields.pop(held.name, None)
        if new is None:
            return _does_not_match(table, f"Field {held.name} is missing in new schema")
        if _type(new.get("type", "STRING")) != _type(held.type):
            return _does_not_match(
                table, f"Field {held.name} has changed type from {held.type} to {new.get('type')}"
            )
    required = [name for name, field in fields.items() if field.get("mode") == "REQUIRED"]
    if required:
        return _does_not_match(
            table, f"Cannot add required fields to an existing schema. (field: {required[0]})"
        )
    return None


def _type(name: str) -> str:
    return _ALIASES.get(name.upper(), name.upper())


def _does_not_match(table: Any, why: str) -> str:
    name = f"{table.project_id}:{table.dataset_id}.{table.table_id}"
    return f"Provided Schema does not match Table {name}. {why}."
