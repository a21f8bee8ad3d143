"""The warehouse over BigQuery's own protocol."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from crime_pipelines.cloud.clients import storage_client, warehouse_client
from crime_pipelines.cloud.dataproc.publish import publish_layout
from crime_pipelines.cloud.layouts import deployed_layout
from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse import attempts
from crime_pipelines.cloud.warehouse import load as loading
from crime_pipelines.cloud.warehouse.answers import read, refresh
from crime_pipelines.cloud.warehouse.attempts import note_attempt, settle
from crime_pipelines.cloud.warehouse.current import refresh_incidents
from crime_pipelines.cloud.warehouse.department import record_fields
from crime_pipelines.cloud.warehouse.jobs import query, replace_rows
from crime_pipelines.cloud.warehouse.load import load, read_manifest
from crime_pipelines.cloud.warehouse.setup import declarations, set_up
from crime_pipelines.cloud.warehouse.tables import ANSWERS, full_name
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.engines.testing.suite import same
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.layouts import bundled, layout_text
from crime_pipelines.pipeline import run
from crime_pipelines.schema.warehouse import AREAS, INCIDENT_VERSIONS
from crime_pipelines.synthetic import generate
from tests.cloud.lake import put_attempt
from tests.cloud.local import fresh_settings
from tests.real import REAL, needs_real_data
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("cloud")
#: A filter by partition, which every reader of versions and rejects must have.
ALL = "WHERE loaded_at >= TIMESTAMP '1970-01-01 00:00:00+00:00'"
PROGRAM = Path(sys.executable).with_name("crime-pipelines")


class Warehouse:
    """A warehouse of its own for a test."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        storage_client(settings).create_bucket(settings.lake_bucket)
        set_up(settings)

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with closing(warehouse_client(self.settings)) as client:
            return query(client, sql.replace("crime.", f"{self.settings.dataset}."), **parameters)

    def refresh(self) -> None:
        with closing(warehouse_client(self.settings)) as client:
            refresh_incidents(client, self.settings)

    def attempts(self, table: str = "incident_versions") -> dict[tuple[str, str], int]:
        found = self.rows(f"SELECT run_id, attempt, COUNT(*) FROM crime.{table} {ALL} GROUP BY 1, 2")
        return {(run_id, attempt): rows for run_id, attempt, rows in found}

    def tables(self) -> set[str]:
        with closing(warehouse_client(self.settings)) as client:
            return {each.table_id for each in client.list_tables(self.settings.dataset)}

    def assert_answers(self, out: Path) -> None:
        """The answers in BigQuery are those of an embedded run, to the last row."""
        with closing(warehouse_client(self.settings)) as client:
            found = read(self.settings, client)
        assert set(found) == {path.stem for path in (out / "answers").iterdir()}
        for name, answer in found.items():
            with (out / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                wanted = list(csv.reader(file))[1:]
            assert len(answer.rows) == len(wanted), name
            for got, texts in zip(answer.rows, wanted, strict=True):
                assert all(same(text, value) for text, value in zip(texts, got, strict=True)), (got, texts)


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse(fresh_settings())


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the embedded engine makes of a file with every defect."""
    folder = tmp_path_factory.mktemp("messy")
    generate(folder / "in.csv", 4_000, seed=21, years=9, defects=0.2)
    run(str(folder / "in.csv"), folder / "out", max_rejected=1)
    return folder / "out"


@pytest.mark.slow
def test_setting_up_again_changes_nothing_but_the_views(warehouse: Warehouse) -> None:
    with closing(warehouse_client(warehouse.settings)) as client:
        name = f"{warehouse.settings.dataset}.live_monthly_trend"
        view = client.get_table(name)
        wanted, view.view_query = view.view_query, "SELECT 1 AS one"
        client.update_table(view, ["view_query"])
        set_up(warehouse.settings)
        assert client.get_table(name).view_query == wanted
        table = client.get_table(f"{warehouse.settings.dataset}.{INCIDENT_VERSIONS.name}")
        current = client.get_table(f"{warehouse.settings.dataset}.incidents")
    parts = table.time_partitioning
    assert (parts.field, parts.type_, parts.expiration_ms) == ("loaded_at", "DAY", 400 * 86_400_000)
    assert table.require_partition_filter
    assert table.clustering_fields == ["id"]
    assert (current.time_partitioning.field, current.time_partitioning.type_) == ("occurred_at", "MONTH")
    assert current.clustering_fields == ["community_area", "primary_type"]
    assert warehouse.rows("SELECT COUNT(*), COUNT(DISTINCT name), SUM(residents) FROM crime.areas") == [
        (77, 77, 2_746_388)
    ]


@pytest.mark.slow
def test_a_warehouse_holds_one_department(messy: Path) -> None:
    settings = replace(fresh_settings(), layout="new_york")
    warehouse = Warehouse(settings)
    areas = bundled("new_york").areas.all
    assert warehouse.rows("SELECT area, name, residents FROM crime.areas ORDER BY area") == [
        *map(tuple, areas)
    ]
    assert warehouse.rows("SELECT * FROM crime.department") == [("new_york", "new_york", False)]
    of_chicago = put_attempt(settings, messy, "first", "a1")
    with pytest.raises(
        InputError, match=r"of the department chicago .* holds new_york; load them into another"
    ):
        load(settings, of_chicago)
    assert warehouse.attempts() == {}
    assert warehouse.rows("SELECT COUNT(*) FROM crime.attempts") == [(0,)]
    # nothing is in it: it may become another department's
    set_up(replace(settings, layout="chicago"))
    assert warehouse.rows("SELECT COUNT(*) FROM crime.areas") == [(77,)]
    load(settings, of_chicago)
    assert warehouse.rows("SELECT layout, department FROM crime.runs") == [("chicago", "chicago")]
    with pytest.raises(
        InputError, match="holds the department chicago, and the layout new_york is of new_york"
    ):
        set_up(settings)
    assert warehouse.rows("SELECT department FROM crime.department") == [("chicago",)]


def test_a_layout_of_one_s_own_comes_from_the_code_bucket(tmp_path: Path) -> None:
    settings = fresh_settings()
    storage = storage_client(settings)
    storage.create_bucket(settings.code_bucket)
    text = layout_text("new_york").replace('department = "new_york"', 'department = "newark"')
    areas = files("crime_pipelines.layouts").joinpath("new_york_areas.csv").read_text(encoding="utf-8")
    (tmp_path / "new_york.toml").write_text(text, encoding="utf-8")
    (tmp_path / "new_york_areas.csv").write_text(areas, encoding="utf-8")
    uri = publish_layout(settings, storage, tmp_path / "new_york.toml")
    assert uri == f"gs://{settings.code_bucket}/layouts/new_york.toml"
    own = replace(settings, layout=uri)
    found = deployed_layout(own)
    assert (found.department, str(found), found.areas) == ("newark", uri, bundled("new_york").areas)
    warehouse = Warehouse(own)
    assert warehouse.rows("SELECT * FROM crime.department") == [("newark", uri, False)]
    with closing(warehouse_client(own)) as client:
        fields = record_fields(client, own)
    assert fields["areas"] == [*bundled("new_york").areas.all]
    for place, says in (
        (uri.replace("new_york", "absent"), "can't be read"),
        (f"gs://{settings.lake_bucket}/new_york.toml", f"below gs://{settings.code_bucket}/"),
        (f"gs://{settings.code_bucket}/layouts/../x.toml", "is not known"),
    ):
        with pytest.raises(InputError, match=says):
            deployed_layout(replace(settings, layout=place))


def test_a_table_with_other_columns_is_refused() -> None:
    from google.cloud import bigquery

    settings = fresh_settings()
    with closing(warehouse_client(settings)) as client:
        client.create_dataset(settings.dataset)
        name = f"{settings.project}.{settings.dataset}.{AREAS.name}"
        client.create_table(bigquery.Table(name, schema=[bigquery.SchemaField("area", "STRING")]))
    with pytest.raises(PipelineError, match="areas is there with other columns: area STRING"):
        set_up(settings)


def test_a_run_is_loaded_and_answered_as_the_embedded_engine_does(warehouse: Warehouse, messy: Path) -> None:
    settings = warehouse.settings
    manifest = put_attempt(settings, messy, "first", "a1")
    found = read_manifest(settings, f"gs://{settings.lake_bucket}/runs/first/manifest.json")
    assert found == manifest
    load(settings, found)
    refresh(settings, found.moment)
    warehouse.assert_answers(messy)
    assert warehouse.attempts() == {("first", "a1"): manifest.versions}
    assert warehouse.attempts("rejects") == {("first", "a1"): manifest.rejects_count}
    assert warehouse.rows(
        f"SELECT COUNT(*) FROM crime.incident_versions {ALL} "
        "AND (year <> EXTRACT(YEAR FROM occurred_at) OR year IS NULL OR deleted)"
    ) == [(0,)]
    assert warehouse.rows("SELECT as_of, `read`, rejected, attempt FROM crime.runs") == [
        (manifest.moment, manifest.read, manifest.rejects_count, "a1")
    ]
    assert not any(name.startswith("staging") for name in warehouse.tables())


@needs_real_data
@pytest.mark.slow
def test_the_real_fifth_is_answered_as_the_embedded_engine_does(warehouse: Warehouse, tmp_path: Path) -> None:
    record = run(
        str(REAL / "chicago" / "crimes_2012_2018_fifth.csv.gz"), tmp_path / "out", max_rejected=1
    ).record
    load(warehouse.settings, put_attempt(warehouse.settings, tmp_path / "out", "fifth", "a1"))
    refresh(warehouse.settings, record.as_of)
    warehouse.assert_answers(tmp_path / "out")
    assert warehouse.rows("SELECT COUNT(*) FROM crime.incidents") == [(record.incidents,)]


def test_times_and_texts_come_back_as_they_were(warehouse: Warehouse, tmp_path: Path) -> None:
    rows = [
        row(1, Date="02/29/2016 11:59:59 PM", Location_Description='CTA "L", Ä 🎉'),
        row(2, Date="03/13/2016 02:30:00 AM", Updated_On=""),
        row(3, Date="01/01/1950 12:00:00 AM"),
    ]
    write(tmp_path / "in.csv", rows)
    run(str(tmp_path / "in.csv"), tmp_path / "out", max_rejected=1)
    load(warehouse.settings, put_attempt(warehouse.settings, tmp_path / "out", "times", "a"))
    warehouse.refresh()
    asked = "SELECT id, occurred_at, updated_on, location_description FROM crime.incidents ORDER BY id"
    assert warehouse.rows(asked) == [
        (1, datetime(2019, 2, 28, 23, 59, 59), datetime(2021, 2, 10, 15, 50, 1), 'CTA "L", Ä 🎉'),
        (2, datetime(2019, 3, 13, 2, 30), None, "STREET"),
        (3, datetime(1953, 1, 1), datetime(2021, 2, 10, 15, 50, 1), "STREET"),
    ]


def test_loading_twice_changes_nothing(warehouse: Warehouse, messy: Path) -> None:
    manifest = put_attempt(warehouse.settings, messy, "twice", "a1")
    load(warehouse.settings, manifest)
    counted = f"SELECT MIN(loaded_at), MAX(loaded_at), COUNT(*) FROM crime.incident_versions {ALL}"
    before = warehouse.rows(counted)
    load(warehouse.settings, manifest)
    assert before == warehouse.rows(counted)
    assert warehouse.rows("SELECT COUNT(*) FROM crime.runs") == [(1,)]


@pytest.mark.parametrize("lost", ["settle", "_take_over", "remove_earlier"])
def test_a_load_that_is_lost_on_the_way_is_made_good(
    warehouse: Warehouse, messy: Path, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(warehouse.settings, put_attempt(warehouse.settings, messy, "lost", "a0"))
    manifest = put_attempt(warehouse.settings, messy, "lost", "a1")

    def crash(*arguments: Any) -> None:
        raise ConnectionAbortedError

    with monkeypatch.context() as patch:
        patch.setattr(attempts if lost == "remove_earlier" else loading, lost, crash)
        with pytest.raises(ConnectionAbortedError):
            load(warehouse.settings, manifest)
    load(warehouse.settings, manifest)
    assert warehouse.attempts() == {("lost", "a1"): manifest.versions}
    assert warehouse.attempts("rejects") == {("lost", "a1"): manifest.rejects_count}
    assert warehouse.rows("SELECT COUNT(*) FROM crime.runs") == [(1,)]
    assert not any(name.startswith("staging") for name in warehouse.tables())


def test_a_run_again_replaces_its_own_rows_and_no_others(
    warehouse: Warehouse, messy: Path, tmp_path: Path
) -> None:
    write(tmp_path / "other.csv", [row(10_000_001), row(10_000_002, Date="")])
    run(str(tmp_path / "other.csv"), tmp_path / "other", max_rejected=1)
    load(warehouse.settings, put_attempt(warehouse.settings, tmp_path / "other", "other", "x"))
    load(warehouse.settings, put_attempt(warehouse.settings, messy, "again", "a1"))
    killed = put_attempt(warehouse.settings, messy, "again", "a2", named=False)
    uri = f"gs://{warehouse.settings.lake_bucket}/runs/again/manifest.json"
    assert read_manifest(warehouse.settings, uri).attempt == "a1"
    manifest = put_attempt(warehouse.settings, messy, "again", "a3")
    load(warehouse.settings, read_manifest(warehouse.settings, uri))
    assert killed.attempt != manifest.attempt
    assert warehouse.attempts() == {("other", "x"): 1, ("again", "a3"): manifest.versions}
    assert warehouse.attempts("rejects") == {("other", "x"): 1, ("again", "a3"): manifest.rejects_count}
    assert warehouse.rows("SELECT run_id FROM crime.runs ORDER BY 1") == [("again",), ("other",)]


@pytest.mark.parametrize(("versions", "rejected"), [(1, 0), (-1, 0), (0, 1)])
def test_counts_that_do_not_fit_leave_all_as_it_was(
    warehouse: Warehouse, messy: Path, versions: int, rejected: int
) -> None:
    settings = warehouse.settings
    good = put_attempt(settings, messy, "counted", "a1")
    load(settings, good)
    put_attempt(settings, messy, "counted", "a2", named=False)
    bad = _attempt(good, "a2", versions, rejected)
    with pytest.raises(PipelineError, match="but its manifest counts"):
        load(settings, bad)
    assert warehouse.attempts() == {("counted", "a1"): good.versions}
    load(settings, replace(good, attempt="a2", incidents=bad.incidents, rejects=bad.rejects))
    assert warehouse.attempts() == {("counted", "a2"): good.versions}


def test_a_run_without_files_must_have_no_rows(warehouse: Warehouse, messy: Path) -> None:
    manifest = put_attempt(warehouse.settings, messy, "gone", "a1")
    elsewhere = replace(manifest, incidents=f"{manifest.incidents}-nowhere")
    with pytest.raises(PipelineError, match="0 rows of incident_versions lie in the lake"):
        load(warehouse.settings, elsewhere)
    assert warehouse.attempts() == {}
    with pytest.raises(PipelineError, match="there is no manifest"):
        read_manifest(warehouse.settings, f"gs://{warehouse.settings.lake_bucket}/runs/none/manifest.json")


@pytest.mark.slow
def test_later_versions_from_another_run_count(warehouse: Warehouse, tmp_path: Path) -> None:
    later = {"Updated_On": "02/11/2018 03:50:01 PM"}
    first = [row(1), row(2, Arrest="true"), row(3), row(4, Updated_On="")]
    second = [row(1, Arrest="true", **later), row(2), row(3, Primary_Type="BATTERY"), row(4), row(5)]
    for name, rows in (("one", first), ("two", second)):
        write(tmp_path / name / "in.csv", rows)
        write(tmp_path / "both" / f"{name}.csv", rows)
        run(str(tmp_path / name), tmp_path / f"out-{name}", max_rejected=1)
        load(
            warehouse.settings, put_attempt(warehouse.settings, tmp_path / f"out-{name}", f"run-{name}", "a")
        )
    record = run(str(tmp_path / "both"), tmp_path / "out-both", max_rejected=1).record
    refresh(warehouse.settings, record.as_of)
    warehouse.assert_answers(tmp_path / "out-both")
    assert warehouse.rows("SELECT id, arrest, primary_type FROM crime.incidents ORDER BY id") == [
        (1, True, "THEFT"), (2, True, "THEFT"), (3, False, "THEFT"), (4, False, "THEFT"), (5, False, "THEFT"),
    ]  # fmt: skip


def test_live_views_answer_at_this_moment(warehouse: Warehouse, messy: Path) -> None:
    load(warehouse.settings, put_attempt(warehouse.settings, messy, "live", "a1"))
    assert warehouse.rows("SELECT COUNT(*) FROM crime.incidents") == [(0,)], "not refreshed yet"
    for name in ("monthly_trend", "theft_locations", "arrest_rates"):
        with (messy / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert warehouse.rows(f"SELECT COUNT(*) FROM crime.live_{name}") == [
                (len(list(csv.reader(file))) - 1,)
            ]


def test_the_rows_of_an_answer_take_the_place_of_others(warehouse: Warehouse) -> None:
    settings = warehouse.settings
    table = ANSWERS["crime_trend"]
    target = full_name(settings.project, settings.answers_dataset, table)
    one = ("increasing", 0.1, 0.05, 0.15, 0.01, date(2016, 1, 1), date(2020, 12, 1), 60, 0.1, 0.0, 0.2)
    two = ("too few months", None, None, None, None, None, None, 0, None, None, None)
    with closing(warehouse_client(settings)) as client:
        for rows in ([one, two], [two], [], [one]):
            replace_rows(client, target, table.columns, rows)
            found = warehouse.rows(
                f"SELECT * FROM {settings.answers_dataset}.crime_trend ORDER BY months DESC"
            )
            assert found == rows


@pytest.mark.slow
def test_an_appended_attempt_is_settled(warehouse: Warehouse, messy: Path) -> None:
    settings = warehouse.settings
    manifest = put_attempt(settings, messy, "direct", "a1")
    load(settings, manifest)
    second = replace(manifest, attempt="a2", architecture=2, incidents=None, rejects=None)
    with pytest.raises(PipelineError, match="0 rows of attempt a2 stand in"):
        settle(settings, second)
    assert warehouse.attempts() == {("direct", "a1"): manifest.versions}
    with closing(warehouse_client(settings)) as client:
        note_attempt(client, settings, second)
    for table in ("incident_versions", "rejects"):
        copied = f"SELECT * REPLACE ('a2' AS attempt) FROM crime.{table} {ALL}"
        warehouse.rows(f"INSERT INTO crime.{table} {copied}")
    # each incident counts once also while both attempts stand there
    for _ in range(2):
        warehouse.refresh()
        assert warehouse.rows("SELECT COUNT(*) FROM crime.incidents") == [(manifest.versions,)]
    for _ in range(2):
        settle(settings, second)
        assert warehouse.attempts() == {("direct", "a2"): manifest.versions}
        assert warehouse.attempts("rejects") == {("direct", "a2"): manifest.rejects_count}
    assert warehouse.rows("SELECT architecture FROM crime.runs") == [(2,)]
    refresh(settings, second.moment)
    warehouse.assert_answers(messy)


@pytest.mark.slow
def test_the_command_line_sets_up_and_reads(messy: Path, tmp_path: Path) -> None:
    settings = fresh_settings()
    environment = {**os.environ, **settings.environment()}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, "warehouse", *arguments],
            env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    before = call("answers")
    assert (before.returncode, before.stdout) == (1, "")
    assert before.stderr.startswith("Error: BigQuery: ")
    assert before.stderr.count("\n") == 1
    made = call("setup")
    assert made.returncode == 0, made.stderr
    declared = json.loads(call("schema").stdout)
    assert declared == declarations()
    datasets = {
        "warehouse": settings.dataset,
        "answers": settings.answers_dataset,
        "published": settings.published_dataset,
        "staging": settings.staging_dataset,
    }
    assert sorted(made.stdout.split()) == sorted(
        f"{datasets[kind]}.{name}"
        for kind, dataset in declared.items()
        for part in ("tables", "views")
        for name in dataset[part]
    )
    storage_client(settings).create_bucket(settings.lake_bucket)
    load(settings, put_attempt(settings, messy, "by-hand", "a"))
    assert call("refresh").stdout.endswith(" versions looked at, in 0 months of incidents\n")
    refresh(settings, datetime(2021, 1, 1))
    assert call("answers", "--out", str(tmp_path / "answers")).returncode == 0
    written = (tmp_path / "answers" / "monthly_trend.csv").read_text(encoding="utf-8")
    assert written.startswith("month,incidents,complete\n2016-02-01,")
    assert written in call("answers").stdout


def _attempt(manifest: Manifest, attempt: str, versions: int, rejected: int) -> Manifest:
    """Another attempt, which counts otherwise."""
    return replace(
        manifest,
        attempt=attempt,
        versions=manifest.versions + versions,
        read=manifest.read + versions + rejected,
        rejected={**manifest.rejected, "bad_id": manifest.rejected.get("bad_id", 0) + rejected},
        incidents=str(manifest.incidents).replace(manifest.attempt, attempt),
        rejects=str(manifest.rejects).replace(manifest.attempt, attempt),
    )
