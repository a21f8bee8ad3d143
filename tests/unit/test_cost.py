"""Bytes of every statement of a daily full load, from statistics alone: they don't grow with the loads."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import time_machine

pytest.importorskip("google.cloud.bigquery", reason="needs the extra gcp: make dev")

from google.api_core.exceptions import NotFound

from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse import answers, attempts, load
from crime_pipelines.schema.row_counts import FileRows
from crime_pipelines.schema.warehouse import CURRENT_INCIDENTS, INCIDENT_VERSIONS, REJECTS, TABLES

ROOT = Path(__file__).parents[2]
#: Bytes of a column, as terraform/estimate.py measures them in a real fifth of Chicago's incidents.
SIZES = {
    "id": 8.0, "case_number": 10.0, "occurred_at": 8.0, "block": 20.51, "iucr": 6.0, "primary_type": 12.01,
    "description": 18.44, "location_description": 14.21, "arrest": 1.0, "domestic": 1.0, "beat": 6.0,
    "district": 5.0, "ward": 8.0, "community_area": 8.0, "fbi_code": 4.25, "x_coordinate": 7.94,
    "y_coordinate": 7.94, "year": 8.0, "updated_on": 8.0, "latitude": 7.94, "longitude": 7.94,
    "shift_years": 8.0, "unreadable": 0.0, "run_id": 42.0, "attempt": 22.0, "source_file": 62.0,
    "loaded_at": 8.0, "deleted": 1.0,
}  # fmt: skip
SETTINGS = Settings("p", retry_seconds=1)
FIRST_DAY = datetime(2026, 1, 1, 6, tzinfo=UTC)
PER_TIB = 6.25
MODEL_FILE = ROOT / "terraform" / "statement_bytes.py"


def model() -> ModuleType:
    spec = spec_from_file_location("statement_bytes", MODEL_FILE)
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    sys.modules["statement_bytes"] = made
    spec.loader.exec_module(made)
    return made


MODEL = model()


def statistics(names: tuple[str, ...], column: str | None) -> Any:
    return MODEL.Statistics({name: SIZES.get(name, 20.0) for name in names}, {}, column)


class Ledger:
    """A warehouse of statistics alone: answers what the code asks, and notes what it is billed for."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.versions = statistics(INCIDENT_VERSIONS.names, "loaded_at")
        self.incidents = statistics(CURRENT_INCIDENTS.names, "occurred_at")
        self.rejects = statistics(REJECTS.names, "loaded_at")
        self.staging = statistics(load.LAKE_INCIDENTS.names, None)
        self.staging.rows = {None: rows}
        self.refreshed: datetime | None = None
        self.began: datetime | None = None
        self.published: date | None = None
        self.billed: list[tuple[str, int]] = []

    def query(self, sql: str, job_config: Any = None, **_: Any) -> Any:
        given = {each.name: each.value for each in job_config.query_parameters or ()} if job_config else {}
        moments = {name: value.isoformat() for name, value in given.items() if isinstance(value, datetime)}
        tables = {table.name: statistics(table.names, None) for table in TABLES} | {
            "incident_versions": self.versions,
            "incidents": self.incidents,
            "rejects": self.rejects,
            **dict.fromkeys(re.findall(r"staging_incidents_\w+", sql), self.staging),
        }
        self.billed.append((sql, MODEL.bytes_of(sql, tables, moments)))
        rows = self._rows(sql)
        if sql.startswith("MERGE") and "published_monthly_trend" in sql:
            self.published = date(2025, 12, 31)
        return SimpleNamespace(
            result=lambda **_: [SimpleNamespace(values=lambda row=row: row) for row in rows]
        )

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        today = datetime.now(UTC).date()
        replaced = self.rows if self.incidents.rows else 0
        if sql.startswith("INSERT INTO") and "incident_versions" in sql:
            self.versions.rows[today] = self.versions.rows.get(today, 0) + self.rows
        elif sql.startswith("DELETE") and "incident_versions" in sql:
            self.versions.rows = {today: self.rows}
        elif sql.startswith("MERGE") and "`incidents` AS kept" in sql:
            share = self.rows // 300
            self.incidents.rows = {date(2001 + at // 12, at % 12 + 1, 1): share for at in range(300)}
        elif "INSERT INTO" in sql and "refreshes" in sql:
            self.refreshed = datetime.now(UTC)
        elif sql.startswith("SELECT department"):
            return [("chicago",)]
        elif "SELECT MIN(began_at)" in sql:
            return [(self.began,)]
        elif sql.startswith(("SELECT MAX(refreshed_at)", "SELECT MAX(`as_of`)")):
            return [(self.refreshed if "refreshed_at" in sql else self.published,)]
        elif sql.startswith("SELECT (SELECT COUNT(*)"):
            return [(replaced, 0) if "AS incidents" in sql else (self.rows, 0, 0, 1)]
        elif sql.startswith("SELECT DISTINCT EXTRACT"):
            return [(2001 * 12 + at,) for at in range(300)] if replaced else []
        elif sql.startswith("/* The covered period"):
            first, last = datetime(2001, 1, 1), datetime(2025, 12, 31, 23)
            return [(first, last, 0, 100, 1_000, date(2025, 12, 30), date(2025, 12, 29))]
        elif sql.startswith("SELECT COUNT(*) FROM"):
            return [(self.rows if "incident_versions" in sql else 0,)]
        return []

    def get_job(self, name: str, **_: Any) -> Any:
        raise NotFound(name)

    def create_table(self, table: Any, **_: Any) -> None:
        """Do nothing: a table beside an analysis is small, and load jobs are free."""

    def delete_table(self, table: str, **_: Any) -> None:
        """Do nothing, likewise."""

    def close(self) -> None:
        pass


def manifest(rows: int, day: int) -> Manifest:
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    return Manifest(
        run_id="scheduled", attempt=f"a{day}", architecture=1, source="gs://p-crime-landing/", engine="spark",
        files=[FileRows("f", 1, None, rows, rows)], started_at=now, finished_at=now, shift_years=3,
        as_of=None, read=rows, versions=rows, latest="2025-12-31 23:00:00",
    )  # fmt: skip


@lru_cache
def loads(rows: int) -> dict[int, list[tuple[str, int]]]:
    """Bytes of the statements of a daily full load of the same content, on days 1, 2 and 365."""
    ledger = Ledger(rows)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for module in (answers, attempts):
            patch.setattr(module, "warehouse_client", lambda settings: ledger)
        for day in (1, 2, 365):
            ledger.billed = []
            with time_machine.travel(FIRST_DAY + timedelta(days=day - 1), tick=False):
                own = manifest(rows, day)
                attempts.note_attempt(ledger, SETTINGS, own)  # type: ignore[arg-type]
                part = load._Part(load.LAKE_INCIDENTS, INCIDENT_VERSIONS, "gs://lake", rows)
                load._take_over(ledger, SETTINGS, own, part)  # type: ignore[arg-type]
                attempts.settle(SETTINGS, own)
                ledger.began = datetime.now(UTC) - timedelta(minutes=10)
                answers.refresh(SETTINGS, own.moment)
            found[day] = ledger.billed
    return found


def total(statements: list[tuple[str, int]]) -> int:
    return sum(size for _, size in statements)


#: Statements by how they begin, as docs/cost.md calls them.
KINDS = {
    "INSERT INTO `p`.`crime`.`incident_versions`": "add the staged rows",
    "SELECT COUNT(*)": "count them, when added and when settled",
    "DELETE": "delete the replaced attempt's rows",
    "SELECT (SELECT": "look what there is to refresh",
    "SELECT DISTINCT": "find the months of changed ids",
    "MERGE `p`.`crime`.`incidents`": "refresh `incidents`",
    "": "the answers, and small tables",
}


def by_statement() -> list[str]:
    """The lines of docs/cost.md about ten million rows."""
    found = loads(10_000_000)
    sums: dict[int, dict[str, int]] = {day: dict.fromkeys(KINDS.values(), 0) for day in found}
    for day, statements in found.items():
        for sql, size in statements:
            sums[day][next(name for begin, name in KINDS.items() if sql.startswith(begin))] += size
    return [
        f"| {name} | {sums[1][name] / 2**30:.1f} GiB | {sums[365][name] / 2**30:.1f} GiB |"
        for name in KINDS.values()
    ]


def table() -> list[str]:
    """The lines of docs/cost.md."""
    lines = []
    for rows in (10_000_000, 100_000_000, 1_000_000_000):
        found = loads(rows)
        cells = [
            f"{total(statements) / 2**30:,.0f} GiB, ${total(statements) / 2**40 * PER_TIB:,.2f}"
            for statements in found.values()
        ]
        lines.append(f"| {rows:,} | {' | '.join(cells)} |")
    return lines


@pytest.mark.parametrize("rows", [10_000_000, 100_000_000, 1_000_000_000])
def test_a_load_of_the_same_content_costs_the_same_on_every_day(rows: int) -> None:
    found = loads(rows)
    first, second, last = (total(statements) for statements in found.values())
    assert second == pytest.approx(last, rel=0.05)
    assert first <= second
    assert max(size for _, size in found[365]) / SETTINGS.maximum_bytes_billed < 1


def test_the_docs_have_these_numbers() -> None:
    text = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    lines = [*by_statement(), *table()]
    missing = [line for line in lines if line not in text]
    assert missing == []


def test_a_small_change_costs_its_months_and_narrow_columns() -> None:
    """A day of the stream over a billion incidents: a thousand versions, in three months."""
    ledger = Ledger(1_000_000_000)
    ledger.incidents.rows = {date(2001 + at // 12, at % 12 + 1, 1): 3_333_333 for at in range(300)}
    ledger.versions.rows = {date(2026, 1, 1): 1_000}
    statements = answers_of_change(ledger)
    merged = sum(size for sql, size in statements if sql.startswith("MERGE"))
    assert merged < 0.05 * 1_000_000_000 * sum(SIZES.values())
    narrow = sum(size for sql, size in statements if not sql.startswith("MERGE"))
    assert narrow < 0.5 * 1_000_000_000 * sum(SIZES.values())


def answers_of_change(ledger: Ledger) -> list[tuple[str, int]]:
    from crime_pipelines.cloud.warehouse.current_sql import Statements

    statements = Statements("`p`.`crime`", datetime(2026, 1, 1, tzinfo=UTC))
    months = [2010 * 12, 2025 * 12 + 10, 2025 * 12 + 11]
    for sql in (statements.look(), statements.months(), statements.merge_incidents(months)):
        ledger.query(sql)
    return ledger.billed
