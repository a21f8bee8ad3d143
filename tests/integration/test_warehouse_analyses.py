"""The analyses in BigQuery, over its own protocol: those of a run, read back in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from crime_pipelines.cloud.clients import storage_client, warehouse_client
from crime_pipelines.cloud.warehouse.analyses import read_analyses
from crime_pipelines.cloud.warehouse.answers import refresh
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.load import load
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.cloud.warehouse.tables import ANALYSIS_TABLES
from crime_pipelines.dashboard.dashboard import Dashboard
from crime_pipelines.dashboard.warehouse import LiveWarehouse
from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate
from tests.cloud.lake import put_attempt
from tests.cloud.local import fresh_settings, stores


@pytest.fixture(scope="module", autouse=True)
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with stores(tmp_path_factory.mktemp("cloud")):
        yield


def test_the_analyses_are_those_of_a_run(tmp_path: Path) -> None:
    settings = fresh_settings()
    storage_client(settings).create_bucket(settings.lake_bucket)
    made = set_up(settings)
    assert {f"{settings.answers_dataset}.{table.name}" for table in ANALYSIS_TABLES.values()} <= set(made)
    generate(tmp_path / "in.csv", 9_000, seed=5, years=3)
    result = run(str(tmp_path / "in.csv"), tmp_path / "out", max_rejected=1)
    load(settings, put_attempt(settings, tmp_path / "out", "a-run", "a1"))
    refresh(settings, result.record.as_of)
    with closing(warehouse_client(settings)) as client:
        found = read_analyses(settings, client)
        for name, answer in result.analyses.items():
            assert len(found[name].rows) == len(answer.rows), name
            for row, wanted in zip(found[name].rows, answer.rows, strict=True):
                for value, own in zip(row, wanted, strict=True):
                    is_decimal = isinstance(own, float)
                    assert value == (pytest.approx(own, rel=1e-9) if is_decimal else own), (name, row)
        table = client.get_table(f"{settings.project}.{settings.answers_dataset}.analysis_changes")
        assert [field.description for field in table.schema] == [
            column.description for column in ANALYSIS_TABLES["changes"].columns
        ]
    assert found["monthly_forecasts"].rows
    # A refresh that found no new version is no news to a dashboard, which would ask everything again.
    dashboard = Dashboard(LiveWarehouse(settings=settings, every=0.0))
    version = state(dashboard)
    refreshes = f"`{settings.project}.{settings.dataset}.refreshes`"
    with closing(warehouse_client(settings)) as client:
        query(client, f"INSERT INTO {refreshes} VALUES (CURRENT_TIMESTAMP(), 0, 0)")
    assert state(dashboard) == version
    page = dashboard.body("/")
    assert page is not None
    assert "MB in " in page.plain.decode()


def state(dashboard: Dashboard) -> str:
    body = dashboard.body("/state")
    assert body is not None
    return str(json.loads(body.plain)["version"])
