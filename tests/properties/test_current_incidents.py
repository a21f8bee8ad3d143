"""Whatever versions, deletions, repeats and replacements come: `incidents` is what the domain's rule says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crime_pipelines.cloud.warehouse.current_sql import OVERLAP, Statements, live_incidents, within_months
from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.domain.reading import Incident, read_incident
from crime_pipelines.domain.versions import Tombstone, latest
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.warehouse import (
    CURRENT_INCIDENTS,
    INCIDENT_VERSIONS,
    REFRESHES,
    RUNS,
    TOMBSTONES,
)

TABLES = (INCIDENT_VERSIONS, CURRENT_INCIDENTS, TOMBSTONES, RUNS, REFRESHES)
RUN_IDS = ("feed", "one-run", "two-run")
Version = Incident | Tombstone


def duck(sql: str) -> str:
    return sqlglot.transpile(sql, read="bigquery", write="duckdb")[0]


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("ATTACH ':memory:' AS project; SET TimeZone = 'UTC'; CREATE SCHEMA project.crime")
        for table in TABLES:
            columns = ", ".join(f'"{each.name}" {duck_type(each.standard_type)}' for each in table.columns)
            connection.execute(f"CREATE TABLE {name(table)} ({columns})")
        yield connection


def duck_type(standard: str) -> str:
    return {"INT64": "BIGINT", "FLOAT64": "DOUBLE", "BOOL": "BOOLEAN", "STRING": "VARCHAR",
            "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ"}[standard]  # fmt: skip


def name(table: Table) -> str:
    return f'"project"."crime"."{table.name}"'


@dataclass
class Warehouse:
    """A warehouse whose clock is a test's."""

    database: duckdb.DuckDBPyConnection
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    rows: list[tuple[str, str, Version]] = field(default_factory=list)
    attempts: dict[str, str] = field(default_factory=dict)
    refreshed: datetime = datetime(1970, 1, 2, tzinfo=UTC)
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for table in TABLES:
            self.database.execute(f"DELETE FROM {name(table)}")

    def write(self, run_id: str, attempt: str, versions: list[Version]) -> None:
        for version in versions:
            values = dict.fromkeys(INCIDENT_VERSIONS.names) | version._asdict()
            values |= {"deleted": isinstance(version, Tombstone), "run_id": run_id, "attempt": attempt}
            values |= {"loaded_at": self.now}
            marks = ", ".join("?" for _ in values)
            self.database.execute(
                f"INSERT INTO {name(INCIDENT_VERSIONS)} VALUES ({marks})", list(values.values())
            )
            self.rows.append((run_id, attempt, version))

    def settle(self, run_id: str, attempt: str, *, clean: bool) -> None:
        """Note the attempt that counts; take earlier ones' rows away now, or leave that to a crash."""
        self.database.execute(f"DELETE FROM {name(RUNS)} WHERE run_id = ?", [run_id])
        self.database.execute(
            f"INSERT INTO {name(RUNS)} (run_id, attempt, settled_at) VALUES (?, ?, ?)",
            [run_id, attempt, self.now],
        )
        self.attempts[run_id] = attempt
        if clean:
            self.database.execute(
                f"DELETE FROM {name(INCIDENT_VERSIONS)} WHERE run_id = ? AND attempt <> ?", [run_id, attempt]
            )

    def refresh(self) -> None:
        begun = self.now
        statements = Statements("`project`.`crime`", self.refreshed - OVERLAP)
        ((versions, _, _, settled),) = self.ask(statements.look())
        replaced = bool(settled) and any(self.ask(statements.look_replaced())[0])
        if versions or replaced:
            statements = Statements(statements.dataset, statements.since, replaced)
            months = [month for (month,) in self.ask(statements.months())]
            self.ask(statements.merge_tombstones(months))
            self.ask(statements.merge_incidents(months))
        self.refreshed = begun

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        self.sent.append(sql)
        return self.database.execute(duck(sql)).fetchall()

    def wanted(self) -> set[Incident]:
        current: dict[int, Version] = {}
        for run_id, attempt, version in self.rows:
            if self.attempts.get(run_id, attempt) == attempt:
                current[version.id] = latest(version, current.get(version.id, version))
        return {version for version in current.values() if isinstance(version, Incident)}

    def held(self) -> list[Incident]:
        found = self.ask(f"SELECT {', '.join(COLUMNS)} FROM {name(CURRENT_INCIDENTS)}".replace('"', "`"))
        return [Incident(*row) for row in found]  # type: ignore[arg-type]


def incident(changes: dict[str, str]) -> Incident:
    found = read_incident({"primary_type": "THEFT", **changes}, 0)
    assert isinstance(found, Incident)
    return found


IDS = st.sampled_from(["1", "2", "3"])
UPDATES = st.sampled_from(["", "2024-03-10T06:00:00", "2024-03-11T06:00:00"])
VERSIONS = st.one_of(
    st.fixed_dictionaries(
        {
            "id": IDS,
            "occurred_at": st.sampled_from(
                ["2024-03-09T22:00:00", "2024-05-10T04:00:00", "9999-12-31T23:00:00"]
            ),
            "arrest": st.sampled_from(["true", "false"]),
            "location_description": st.sampled_from(["", "STREET"]),
            "updated_on": UPDATES,
        }
    ).map(incident),
    st.builds(Tombstone, IDS.map(int), UPDATES.filter(bool).map(datetime.fromisoformat), st.just(0)),
)
LOADS = st.lists(VERSIONS, max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("stream"), LOADS),
    st.tuples(st.sampled_from(["one-run", "two-run"]), LOADS, st.booleans()),
    st.tuples(st.just("crash"), st.sampled_from(["one-run", "two-run"]), LOADS),
    st.tuples(st.just("refresh")),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 24 * 30])),
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
def test_any_history_ends_in_the_current_versions(
    database: duckdb.DuckDBPyConnection, steps: list[tuple[object, ...]]
) -> None:
    warehouse = Warehouse(database)
    for number, (kind, *arguments) in enumerate(steps):
        match kind:
            case "stream":
                warehouse.write("feed", "feed", arguments[0])  # type: ignore[arg-type]
            case "refresh":
                warehouse.refresh()
            case "wait":
                warehouse.now += timedelta(hours=arguments[0])  # type: ignore[arg-type]
            case "crash":  # an attempt that was killed wrote rows, and no later one has come yet
                warehouse.write(str(arguments[0]), f"a{number}", arguments[1])  # type: ignore[arg-type]
            case run_id:
                warehouse.write(str(run_id), f"a{number}", arguments[0])  # type: ignore[arg-type]
                warehouse.settle(str(run_id), f"a{number}", clean=bool(arguments[1]))
        warehouse.now += timedelta(minutes=1)
    warehouse.refresh()
    held = warehouse.held()
    assert len(held) == len({each.id for each in held})
    assert set(held) == warehouse.wanted()
    warehouse.refresh()
    assert set(warehouse.held()) == warehouse.wanted(), "a refresh again changes nothing"


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=LOADS, second=LOADS, refreshed=st.booleans())
def test_live_incidents_are_those_that_count_now(
    database: duckdb.DuckDBPyConnection, first: list[Version], second: list[Version], refreshed: bool
) -> None:
    warehouse = Warehouse(database, datetime.now(UTC) - timedelta(days=3))
    warehouse.write("feed", "feed", first)
    if refreshed:
        warehouse.refresh()
        database.execute(f"INSERT INTO {name(REFRESHES)} (refreshed_at) VALUES (?)", [warehouse.refreshed])
    warehouse.now += timedelta(days=2)
    warehouse.write("feed", "feed", second)
    found = warehouse.ask(live_incidents("`project`.`crime`", 7))
    assert {Incident(*row) for row in found} == warehouse.wanted()  # type: ignore[arg-type]


def test_a_merge_touches_the_months_of_changed_ids_alone(database: duckdb.DuckDBPyConnection) -> None:
    warehouse = Warehouse(database)
    first = [
        incident({"id": str(number), "occurred_at": f"20{number:02}-05-01T00:00:00", "arrest": "no"})
        for number in range(1, 20)
    ]
    warehouse.write("feed", "feed", list(first))
    for _ in range(2):  # the second still looks at what was loaded shortly before the first
        warehouse.refresh()
        warehouse.now += timedelta(days=2)
    changes = {"id": "7", "occurred_at": "2021-01-01T00:00:00", "updated_on": "2024-01-01T00:00:00"}
    moved = incident({"arrest": "no", **changes})
    warehouse.write("feed", "feed", [moved])
    warehouse.refresh()
    merge = warehouse.sent[-1]
    assert (
        "(kept.occurred_at >= DATETIME '2007-05-01 00:00:00' AND kept.occurred_at < DATETIME '2007-06-01 "
        "00:00:00')" in merge
    )
    assert merge.count("DATETIME '") == 4, "of one month alone, on either side"
    assert set(warehouse.held()) == {*first[:6], *first[7:], moved}


def test_adjacent_months_make_one_range() -> None:
    assert within_months("c", []) == "FALSE"
    assert within_months("c", [24191, 24192, 24190, 24300]) == (
        "((c >= DATETIME '2015-11-01 00:00:00' AND c < DATETIME '2016-02-01 00:00:00') OR "
        "(c >= DATETIME '2025-01-01 00:00:00' AND c < DATETIME '2025-02-01 00:00:00'))"
    )
    assert within_months("c", [9999 * 12 + 11]) == "((c >= DATETIME '9999-12-01 00:00:00'))"
