"""The analyses in BigQuery, over its own protocol: those of a run, read back in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.api_core.exceptions import Forbidden
from google.cloud.bigquery import Client as BigQuery
from google.oauth2.credentials import Credentials

from crime_pipelines.cloud.clients import storage_client, warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.answers import read_analyses, refresh
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.load import load
from crime_pipelines.cloud.warehouse.published import DAYS_BETWEEN, is_due, publish_anew
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.cloud.warehouse.tables import ANALYSIS_TABLES, ANSWERS, PUBLISHED_TABLES
from crime_pipelines.dashboard.dashboard import Dashboard
from crime_pipelines.dashboard.warehouse import LiveWarehouse
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.output.publishing import Published
from crime_pipelines.pipeline import run
from crime_pipelines.questions import Answer
from crime_pipelines.result import RunResult
from crime_pipelines.synthetic import generate
from tests.cloud.lake import put_attempt
from tests.cloud.local import fresh_settings
from tests.unit.test_publishing import attack


class Answered(NamedTuple):
    """A warehouse with the answers of a run.

    `made` names the tables and views that were made for it, `analyses` are read back as of the run.
    """

    settings: Settings
    result: RunResult
    made: set[str]
    analyses: Mapping[str, Answer]


@pytest.fixture(scope="module")
def answered(cloud: Emulators, tmp_path_factory: pytest.TempPathFactory) -> Answered:
    folder, settings = tmp_path_factory.mktemp("answered"), fresh_settings()
    storage_client(settings).create_bucket(settings.lake_bucket)
    made = set(set_up(settings))
    set_up(settings)  # again: the views are let into the answers once
    generate(folder / "in.csv", 9_000, seed=5, years=5)
    result = run(str(folder / "in.csv"), folder / "out", max_rejected=1)
    load(settings, put_attempt(settings, folder / "out", "a-run", "a1"))
    refresh(settings, result.record.as_of)
    with closing(warehouse_client(settings)) as client:
        return Answered(settings, result, made, read_analyses(settings, client))


def test_the_analyses_are_those_of_a_run(answered: Answered) -> None:
    settings, result, made, found = answered
    assert {f"{settings.answers_dataset}.{table.name}" for table in ANALYSIS_TABLES.values()} <= made
    assert all(answer.rows for answer in result.analyses.values()), "there is something to compare"
    with closing(warehouse_client(settings)) as client:
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


def test_the_views_hold_what_a_run_publishes_and_are_all_that_their_readers_see(
    cloud: Emulators, answered: Answered, caplog: pytest.LogCaptureFixture
) -> None:
    settings, result, made, _ = answered
    assert {f"{settings.published_dataset}.{name}" for name in PUBLISHED_TABLES} <= made
    public = Published.of(result.record, result.answers, result.analyses)
    wanted = {**public.answers, **public.analyses}
    # without suppression there is nothing to see here
    assert len(public.answers["arrest_rates"].rows) < len(result.answers["arrest_rates"].rows)
    moment = result.record.as_of

    names = [table.name for table in (*ANSWERS.values(), *PUBLISHED_TABLES.values())]
    cloud.access.write_text(json.dumps({f"{settings.answers_dataset}.{name}": [] for name in names}))
    press = f"press@{settings.project}.iam.gserviceaccount.com"
    try:
        with closing(BigQuery(settings.project, Credentials(press))) as reader:
            found = {name: of_view(reader, settings, name) for name in PUBLISHED_TABLES}
            with pytest.raises(Forbidden, match="Access Denied: Table"):
                reader.query_and_wait(f"SELECT * FROM {settings.answers_dataset}.published_arrest_rates")
    finally:
        cloud.access.unlink()
    for name, rows in found.items():
        assert [row[0] for row in rows] == [moment.date()] * len(rows), name
        assert [row[1] for row in rows] == list(range(1, len(rows) + 1)), name
        assert len(rows) == len(wanted[name].rows), name
        for row, own in zip(rows, wanted[name].rows, strict=True):
            for value, known in zip(row[2:], own, strict=True):
                is_decimal = isinstance(known, float)
                assert value == (pytest.approx(known, rel=1e-9) if is_decimal else known), (name, row)
    every = {name: answer.records() for name, answer in result.answers.items()}
    assert attack(every, {name: records_of(name, rows) for name, rows in found.items()})
    assert found["safest_areas"] == []  # one of them has few incidents late at night

    # Another day's publication beside this one would tell what was reported in between.
    refresh(settings, moment + timedelta(days=DAYS_BETWEEN - 1))
    with closing(warehouse_client(settings)) as client:
        assert {row[0] for row in of_view(client, settings, "crime_trend")} == {moment.date()}
        # Where nothing may be published, what was published stays.
        months = result.answers["monthly_trend"]
        few = [(months.rows[-1][0], 3, False)]
        publish_anew(
            client,
            settings,
            moment + timedelta(days=DAYS_BETWEEN),
            result.record.covered_period,
            {**result.answers, "monthly_trend": Answer(months.question, few)},
            result.analyses,
        )
        assert "nothing can be published" in caplog.records[-1].reason
        assert of_view(client, settings, "monthly_trend") == found["monthly_trend"]
        for days in (DAYS_BETWEEN, -DAYS_BETWEEN):
            assert is_due(client, settings, moment + timedelta(days=days))


def records_of(name: str, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(PUBLISHED_TABLES[name].names, row, strict=True)) for row in rows]


def of_view(client: BigQuery, settings: Settings, name: str) -> list[tuple[Any, ...]]:
    rows = client.query_and_wait(f"SELECT * FROM {settings.published_dataset}.{name} ORDER BY `row`")
    return [tuple(row.values()) for row in rows]


def state(dashboard: Dashboard) -> str:
    body = dashboard.body("/state")
    assert body is not None
    return str(json.loads(body.plain)["version"])
