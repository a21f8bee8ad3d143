"""Rules for streamed rows: required columns, and partitions 1,825 days back to 366 days ahead of today.

They hold for insertAll and for the Storage Write API; the bounds, where a table is partitioned by a column of
the row. Load jobs and statements may write any partition.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

DAYS_BACK: Final = 1825
DAYS_AHEAD: Final = 366
#: Bytes of a request, for insertAll, AppendRows and every call with a JSON body.
LARGEST_REQUEST: Final = 10 * 1024 * 1024
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def refusal(value: Any, field: str, table: str, today: dt.date) -> str | None:
    """Return why a streamed row is refused for its partition.

    Args:
        value: the row's value of the partition column: a date, a datetime, its ISO text, or None.
        field: the partition column.
        table: the table, ``project:dataset.table``.
        today: today's date, UTC.

    Returns:
        Google's words; None where the row may be streamed. A value that is no date is for another check.
    """
    moment = _moment(value)
    if moment is None or -DAYS_BACK <= (moment.date() - today).days <= DAYS_AHEAD:
        return None
    microseconds = (moment - _EPOCH) // dt.timedelta(microseconds=1)
    return (
        f"Value {microseconds} for field {field} of the destination table {table} is outside the allowed "
        f"bounds. You can only stream to date range within {DAYS_BACK} days in the past and {DAYS_AHEAD} "
        "days in the future relative to the current date."
    )


def missing(table: Any, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Find rows that lack a value of a required column.

    Args:
        table: the emulator's entry of the table.
        rows: values by column.

    Returns:
        Google's words, by the number of the row.
    """
    required = [field.name for field in table.schema_.fields if field.mode == "REQUIRED"]
    return {
        number: f"Missing required field: {name}."
        for number, row in enumerate(rows)
        for name in reversed(required)
        if row.get(name) is None
    }


def rows_out_of_bounds(table: Any, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Find rows that may not be streamed for their partition.

    Args:
        table: the emulator's entry of the table.
        rows: values by column.

    Returns:
        Google's words, by the number of the row.
    """
    partitioning = table.time_partitioning
    if partitioning is None or partitioning.field is None:
        return {}  # partitioned by arrival, or not at all
    today = dt.datetime.now(dt.UTC).date()
    name = f"{table.project_id}:{table.dataset_id}.{table.table_id}"
    texts = (refusal(row.get(partitioning.field), partitioning.field, name, today) for row in rows)
    return {number: text for number, text in enumerate(texts) if text is not None}


def _moment(value: Any) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return None
