"""The dashboard over the warehouse, over BigQuery's own protocol: it shows what is written as it comes."""

from __future__ import annotations

import base64
import csv
import json
import re
import zlib
from contextlib import closing
from itertools import accumulate, islice
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from crime_pipelines.cloud.clients import storage_client, warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.current import refresh_incidents
from crime_pipelines.cloud.warehouse.load import load
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.cloud.warehouse.views import views
from crime_pipelines.dashboard.dashboard import Dashboard
from crime_pipelines.dashboard.warehouse import LiveWarehouse
from crime_pipelines.errors import PipelineError
from crime_pipelines.pipeline import run
from crime_pipelines.report.filters.counts import CELL, GROUP
from crime_pipelines.synthetic import generate
from tests.cloud.lake import put_attempt
from tests.cloud.local import fresh_settings

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def settings() -> Settings:
    found = fresh_settings()
    storage_client(found).create_bucket(found.lake_bucket)
    set_up(found)
    return found


def put(settings: Settings, out: Path, run_id: str) -> None:
    """Load a run's output into the warehouse and refresh its incidents, as `load_tables` does."""
    load(settings, put_attempt(settings, out, run_id, "a1"))
    with closing(warehouse_client(settings)) as client:
        refresh_incidents(client, settings)


def counted(page: str) -> dict[str, int]:
    """What the page's filters add up: incidents in all, and late at night."""
    found = re.search(r'id="explorer-data">(.*?)</script>', page)
    assert found
    given = json.loads(found[1])
    planes = zlib.decompress(base64.b64decode(given["data"]))
    groups, cells = given["groups"], given["cells"]
    size = GROUP * groups + CELL * cells
    numbers = [
        sum(planes[plane * size + at] << 8 * plane for plane in range(given["width"])) for at in range(size)
    ]
    lengths, of_cells = iter(numbers[(GROUP - 1) * groups : GROUP * groups]), numbers[GROUP * groups :]
    steps, incidents = iter(of_cells[:cells]), of_cells[cells : 2 * cells]
    slots = [slot for length in lengths for slot in accumulate(islice(steps, length))]
    late = sum(
        number for slot, number in zip(slots, incidents, strict=True) if given["late_hours"][slot % 24]
    )
    return {"late": late, "incidents": sum(incidents)}


def text(dashboard: Dashboard, path: str) -> str:
    """Return the page that a dashboard serves under a path."""
    body = dashboard.body(path)
    assert body is not None
    return body.plain.decode()


def test_shows_what_is_written_as_it_comes(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="holds no incident yet"):
        Dashboard(LiveWarehouse(settings=settings, every=0.0))
    generate(tmp_path / "first.csv", 1_500, seed=31, years=3)
    run(str(tmp_path / "first.csv"), tmp_path / "first", max_rejected=1)
    put(settings, tmp_path / "first", "first-run")
    dashboard = Dashboard(LiveWarehouse(settings=settings, every=0.0))
    page, version = text(dashboard, "/"), json.loads(text(dashboard, "/state"))["version"]
    with (tmp_path / "first" / "answers" / "safest_areas.csv").open(encoding="utf-8", newline="") as file:
        areas = list(csv.DictReader(file))
    found = counted(page)
    assert found["incidents"] == 1_500
    assert found["late"] >= sum(int(area["late_night_incidents"]) for area in areas)
    assert f'name="crime-version" content="{version}"' in page
    for area in (areas[0], areas[-1]):
        assert area["late_night_per_1000_residents_per_year"] in page
    assert json.loads(text(dashboard, "/state"))["version"] == version, "nothing new"

    generate(tmp_path / "second.csv", 2_200, seed=32, years=3)
    run(str(tmp_path / "second.csv"), tmp_path / "second", max_rejected=1)
    put(settings, tmp_path / "second", "second-run")
    later = text(dashboard, "/")
    with closing(warehouse_client(settings)) as client:
        ((incidents,),) = client.query_and_wait(f"SELECT COUNT(*) FROM {settings.dataset}.incidents")
    assert counted(later)["incidents"] == incidents == 2_200, "made-up files give the same ids again"
    assert json.loads(text(dashboard, "/state"))["version"] != version


def test_asks_no_more_often_than_it_may(settings: Settings, tmp_path: Path) -> None:
    generate(tmp_path / "first.csv", 300, seed=33, years=3)
    run(str(tmp_path / "first.csv"), tmp_path / "first", max_rejected=1)
    live = LiveWarehouse(settings=settings, every=3600.0)
    before = live.version()
    put(settings, tmp_path / "first", "first-run")
    assert live.version() == before


def test_every_column_of_every_view_is_described(settings: Settings) -> None:
    with closing(warehouse_client(settings)) as client:
        for view in views(settings.project, settings.dataset):
            found = client.get_table(f"{settings.project}.{settings.dataset}.{view.name}")
            assert {field.name: field.description for field in found.schema} == {
                column.name: column.description for column in view.columns
            }
            assert [(field.name, field.field_type) for field in found.schema] == [
                (column.name, column.bigquery_type) for column in view.columns
            ]
            assert found.description == view.description
