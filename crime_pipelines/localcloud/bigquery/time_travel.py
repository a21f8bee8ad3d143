"""Time travel without a copy of the whole table for each request that appends rows.

The emulator copies a table after each change, so that `FOR SYSTEM_TIME AS OF` finds it as it was. A stream of
many small requests would cost the square of its rows in time and memory. Here appended rows leave the table
uncopied: it can be read as of the last change, and as of before the first rows that were appended since the
last copy. Between them the emulator would be wrong, so it refuses.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

#: The emulator's modules that append rows; every other one is to copy the table.
_APPENDING: Final = frozenset({"bqemulator.api.routes.tabledata", "bqemulator.grpc_api.write_servicer"})
_Name = tuple[str, str, str]


@dataclass(slots=True)
class _Span:
    """A time in which rows were appended to a table without copies of it.

    Attributes:
        first: when rows were appended first.
        last: when rows were appended last.
        until: when the table was copied next; None if it was not.
    """

    first: datetime
    last: datetime
    until: datetime | None = None


def keep_no_copy_of_appended() -> None:
    """Have the emulator copy a table after statements and load jobs alone."""
    manager = import_module("bqemulator.versioning.snapshots").SnapshotManager
    changed = import_module("bqemulator.domain.events").TableDataChanged
    out_of_range = import_module("bqemulator.domain.errors").OutOfRangeError
    copy, resolve, drop = manager.record_change, manager.resolve_time_travel, manager.drop_snapshots_for_table
    spans: dict[_Name, list[_Span]] = {}

    def record_change(self: Any, *name: str) -> Any:
        own, now = spans.setdefault((name[0], name[1], name[2]), []), self._clock.now()
        if sys._getframe(1).f_globals["__name__"] not in _APPENDING:
            if own and own[-1].until is None:
                own[-1].until = now
            return copy(self, *name)
        if not own or own[-1].until is not None:
            own.append(_Span(now, now))
        own[-1].last = now
        self._events.publish(changed(*name))
        return None

    def resolve_time_travel(self: Any, project: str, dataset: str, table: str, target: datetime) -> Any:
        moment = target.replace(tzinfo=UTC) if target.tzinfo is None else target
        found = resolve(self, project, dataset, table, moment)
        own = spans.get((project, dataset, table), [])
        if own and own[-1].until is None and moment >= own[-1].last:
            return None  # as it is now
        if (own and found is None) or any(span.first <= moment < (span.until or span.last) for span in own):
            raise out_of_range(
                f"FOR SYSTEM_TIME AS OF {moment.isoformat()}: the local cloud keeps no copy of "
                f"{dataset}.{table} from a time in which rows were appended to it"
            )
        return found

    def drop_snapshots_for_table(self: Any, project: str, dataset: str, table: str, **options: Any) -> Any:
        spans.pop((project, dataset, table), None)
        return drop(self, project, dataset, table, **options)

    manager.record_change, manager.resolve_time_travel = record_change, resolve_time_travel
    manager.drop_snapshots_for_table = drop_snapshots_for_table
