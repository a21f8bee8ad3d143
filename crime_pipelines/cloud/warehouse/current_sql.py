"""Statements that bring `incidents` up to date with `incident_versions` (docs/architecture.md).

A row counts for nothing where its run has a later attempt in `runs`: the table says which attempt of a run
counts, whether or not the rows of earlier ones are gone yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.domain.versions import LATEST_FIRST
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.warehouse import CURRENT_INCIDENTS, INCIDENT_VERSIONS, REFRESHES, RUNS, TOMBSTONES

#: Of every row here: the run it came from. The last orders equal versions of several runs.
_OF_RUN: Final = ("run_id", "attempt")
_ALL_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: A row is seen up to so long after its `loaded_at`: a job that writes it may not last longer (docs/cost.md).
OVERLAP: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of one refresh.

    Attributes:
        dataset: the warehouse's dataset, quoted, with its project.
        since: versions loaded from then on are looked at.
        replaced: whether rows of replaced attempts are in `incidents` or `tombstones`; what counts in their
            place may have been loaded long before.
    """

    dataset: str
    since: datetime
    replaced: bool = False

    def look(self) -> str:
        """Return the query of what a refresh has to do.

        Returns:
            One row: versions loaded since, tombstones of all time, current tombstones, runs settled since.
        """
        versions = self._name(INCIDENT_VERSIONS)
        return (
            f"SELECT (SELECT COUNT(*) FROM {versions} WHERE {self._loaded()}), "
            f"(SELECT COUNTIF(deleted) FROM {versions} WHERE loaded_at >= {_timestamp(_ALL_TIME)}), "
            f"(SELECT COUNT(*) FROM {self._name(TOMBSTONES)}), "
            f"(SELECT COUNT(*) FROM {self._name(RUNS)} WHERE settled_at >= {_timestamp(self.since)})"
        )

    def look_replaced(self) -> str:
        """Return the query of rows of replaced attempts; there are new ones only where runs settled since.

        Returns:
            One row: those in `incidents`, and those in `tombstones`.
        """
        return (
            f"SELECT (SELECT COUNT(*) {self._replaced(CURRENT_INCIDENTS)}) AS incidents, "
            f"(SELECT COUNT(*) {self._replaced(TOMBSTONES)}) AS tombstones"
        )

    def months(self) -> str:
        """Return the query of the months that changed ids have in `incidents`; it reads four narrow columns.

        Returns:
            Rows of one column: months since the year 0.
        """
        return (
            f"SELECT DISTINCT EXTRACT(YEAR FROM occurred_at) * 12 + EXTRACT(MONTH FROM occurred_at) - 1 "
            f"FROM {self._name(CURRENT_INCIDENTS)} WHERE id IN ({self._changed()})"
        )

    def merge_incidents(self, months: Iterable[int]) -> str:
        """Return the statement that refreshes `incidents`.

        Args:
            months: the months that changed ids have there, from the year 0; no other partition is touched.

        Returns:
            A MERGE.
        """
        names = CURRENT_INCIDENTS.names
        within = within_months("kept.occurred_at", months)
        return (
            f"MERGE {self._name(CURRENT_INCIDENTS)} AS kept\n"
            f"USING (\n{self._current(within_months('held.occurred_at', months))}\n) AS fresh\n"
            f"ON kept.id = fresh.id AND {within}\n"
            f"WHEN MATCHED AND fresh.gone THEN DELETE\n"
            f"WHEN MATCHED THEN UPDATE SET {_assigned(names)}\n"
            f"WHEN NOT MATCHED AND NOT fresh.gone THEN INSERT ({', '.join(names)})\n"
            f"VALUES ({_of('fresh', names)})"
        )

    def merge_tombstones(self, months: Iterable[int]) -> str:
        """Return the statement that refreshes `tombstones`; it comes before the other.

        Args:
            months: as for `merge_incidents`.

        Returns:
            A MERGE.
        """
        names = TOMBSTONES.names
        return (
            f"MERGE {self._name(TOMBSTONES)} AS kept\n"
            f"USING (\n{self._current(within_months('held.occurred_at', months))}\n) AS fresh\n"
            f"ON kept.id = fresh.id\n"
            f"WHEN MATCHED AND NOT COALESCE(fresh.deleted, FALSE) THEN DELETE\n"
            f"WHEN MATCHED THEN UPDATE SET {_assigned(names)}\n"
            f"WHEN NOT MATCHED AND fresh.deleted THEN INSERT ({', '.join(names)})\n"
            f"VALUES ({_of('fresh', names)})"
        )

    def _current(self, within: str) -> str:
        """Return the query of the current version of every changed id, and whether it has none to show."""
        own = (*COLUMNS, "deleted", *_OF_RUN)
        since = f"held.loaded_at >= {_timestamp(_ALL_TIME if self.replaced else self.since)}"
        return (
            f"WITH changed AS ({self._changed()}),\n"
            f"candidates AS (\n{_candidates(self.dataset, since, within)}\n),\n"
            f"current_versions AS (\nSELECT {', '.join(own)} FROM candidates "
            f"WHERE id IN (SELECT id FROM changed)\n"
            f"QUALIFY ROW_NUMBER() OVER (PARTITION BY id "
            f"ORDER BY {LATEST_FIRST}, {', '.join(_OF_RUN)}) = 1\n)\n"
            f"SELECT changed.id AS id, {_of('latest', own[1:])}, "
            f"latest.id IS NULL OR latest.deleted AS gone\n"
            f"FROM changed LEFT JOIN current_versions AS latest ON latest.id = changed.id"
        )

    def _changed(self) -> str:
        """Return the query of ids that got a version since the last refresh, or lost one."""
        loaded = f"FROM {self._name(INCIDENT_VERSIONS)} WHERE {self._loaded()}"
        if not self.replaced:
            return f"SELECT DISTINCT id {loaded}"
        return (
            f"SELECT id {loaded}\n"
            f"UNION DISTINCT\nSELECT held.id {self._replaced(CURRENT_INCIDENTS)}\n"
            f"UNION DISTINCT\nSELECT held.id {self._replaced(TOMBSTONES)}"
        )

    def _replaced(self, table: Table) -> str:
        return (
            f"FROM {self._name(table)} AS held JOIN {self._name(RUNS)} AS noted "
            f"ON noted.run_id = held.run_id AND noted.attempt <> held.attempt"
        )

    def _loaded(self) -> str:
        return f"loaded_at >= {_timestamp(self.since)}"

    def _name(self, table: Table) -> str:
        return f"{self.dataset}.`{table.name}`"


def live_incidents(dataset: str, days: int) -> str:
    """Return the query of the incidents that count at this moment: `incidents` and the versions loaded since.

    Args:
        dataset: as for `Statements`.
        days: how old versions are looked at; `incidents` must be refreshed more often.

    Returns:
        A SELECT of the columns of an incident.
    """
    # The first bound is what BigQuery prunes by; the second leaves out what the last refresh has judged.
    since = (
        f"held.loaded_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {days} DAY) "
        f"AND held.loaded_at >= (SELECT COALESCE(TIMESTAMP_SUB(MAX(refreshed_at), INTERVAL "
        f"{OVERLAP // timedelta(hours=1)} HOUR), TIMESTAMP '1970-01-01 00:00:00+00:00') "
        f"FROM {dataset}.`{REFRESHES.name}`)"
    )
    own = (*COLUMNS, "deleted", *_OF_RUN)
    return (
        f"SELECT {', '.join(COLUMNS)} FROM (\nSELECT {', '.join(own)} FROM (\n"
        f"{_candidates(dataset, since, 'TRUE')}\n)\nWHERE TRUE\n"
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY id "
        f"ORDER BY {LATEST_FIRST}, {', '.join(_OF_RUN)}) = 1\n)\nWHERE NOT deleted"
    )


def _candidates(dataset: str, since: str, within: str) -> str:
    """Return the query of all rows that may be the current version of their incident."""
    own = (*COLUMNS, "deleted", *_OF_RUN)
    noted = f"LEFT JOIN {dataset}.`{RUNS.name}` AS noted ON noted.run_id = held.run_id"
    valid = "(noted.attempt IS NULL OR noted.attempt = held.attempt)"
    nulls = {column.name: f"CAST(NULL AS {column.standard_type})" for column in CURRENT_INCIDENTS.columns}
    buried = nulls | {name: f"held.{name}" for name in TOMBSTONES.names} | {"deleted": "TRUE"}
    tombstones = ", ".join(f"{buried[name]} AS {name}" for name in own)
    return (
        f"SELECT {_of('held', COLUMNS)}, COALESCE(held.deleted, FALSE) AS deleted, {_of('held', _OF_RUN)} "
        f"FROM {dataset}.`{INCIDENT_VERSIONS.name}` AS held {noted} WHERE {since} AND {valid}\n"
        f"UNION ALL\nSELECT {_of('held', COLUMNS)}, FALSE AS deleted, {_of('held', _OF_RUN)} "
        f"FROM {dataset}.`{CURRENT_INCIDENTS.name}` AS held {noted} WHERE {within} AND {valid}\n"
        f"UNION ALL\nSELECT {tombstones} FROM {dataset}.`{TOMBSTONES.name}` AS held {noted} WHERE {valid}"
    )


def within_months(column: str, months: Iterable[int]) -> str:
    """Return the condition that a DATETIME lies in one of some months, as BigQuery prunes partitions by it.

    Args:
        column: the column.
        months: months since the year 0.

    Returns:
        Ranges of adjacent months between constants.
    """
    ranges: list[list[int]] = []
    for month in sorted(set(months)):
        if ranges and month == ranges[-1][1] + 1:
            ranges[-1][1] = month
        else:
            ranges.append([month, month])
    if not ranges:
        return "FALSE"
    parts = (
        f"{column} >= DATETIME '{_first(first)}'"
        + (f" AND {column} < DATETIME '{_first(last + 1)}'" if last + 1 < _END else "")
        for first, last in ranges
    )
    return "(" + " OR ".join(f"({part})" for part in parts) + ")"


_END: Final = 10_000 * 12


def _first(month: int) -> str:
    return f"{month // 12:04}-{month % 12 + 1:02}-01 00:00:00"


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00:00}'"


def _of(relation: str, names: Sequence[str]) -> str:
    return ", ".join(f"{relation}.{name}" for name in names)


def _assigned(names: Sequence[str]) -> str:
    return ", ".join(f"{name} = fresh.{name}" for name in names if name != "id")
