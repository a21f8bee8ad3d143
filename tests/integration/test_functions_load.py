"""load_tables and render_charts as Cloud Run serves them, over the protocols of the services behind them."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from crime_pipelines.cloud.clients import storage_client, subscriber, warehouse_client
from crime_pipelines.cloud.manifest import FILE, Manifest
from crime_pipelines.cloud.warehouse.answers import read
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.engines.testing.suite import same
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate
from tests.cloud.lake import put_attempt
from tests.cloud.local import found, fresh_settings, make_topic
from tests.cloud.processes import Function, served


class Cloud:
    """A warehouse, its buckets and its topic, and the functions that serve them."""

    def __init__(self, emulators: Emulators) -> None:
        self.settings = fresh_settings()
        self.environment = {**self.settings.environment(), **emulators.environment}
        self.storage = storage_client(self.settings)
        for bucket in (self.settings.lake_bucket, self.settings.report_bucket):
            self.storage.create_bucket(bucket)
        set_up(self.settings)
        self._subscription = make_topic(self.settings, self.settings.answers_topic)

    def told(self) -> list[Any]:
        """The messages on the topic of fresh answers since the last look; at least one is waited for."""
        with subscriber() as client:
            found = client.pull(subscription=self._subscription, max_messages=50).received_messages
            client.acknowledge(subscription=self._subscription, ack_ids=[each.ack_id for each in found])
        return [json.loads(each.message.data) for each in found]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(warehouse_client(self.settings)) as client:
            return query(client, sql.replace("crime.", f"{self.settings.dataset}."))

    def answers(self) -> dict[str, list[tuple[Any, ...]]]:
        with closing(warehouse_client(self.settings)) as client:
            return {name: answer.rows for name, answer in read(self.settings, client).items()}

    def assert_answers(self, out: Path) -> None:
        for name, rows in self.answers().items():
            with (out / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                wanted = list(csv.reader(file))[1:]
            assert len(rows) == len(wanted), name
            for got, texts in zip(rows, wanted, strict=True):
                assert all(same(text, value) for text, value in zip(texts, got, strict=True)), (got, texts)

    def reports(self, prefix: str) -> dict[str, bytes]:
        found = self.storage.list_blobs(self.settings.report_bucket, prefix=prefix)
        return {blob.name.removeprefix(prefix): blob.download_as_bytes() for blob in found}


@pytest.fixture(scope="module")
def cloud(emulators: Emulators) -> Iterator[Cloud]:
    with found(emulators):
        yield Cloud(emulators)


@pytest.fixture(scope="module")
def load_tables(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    with served("load_tables", "cloudevent", cloud.environment, tmp_path_factory.mktemp("load")) as function:
        yield function


@pytest.fixture(scope="module")
def render_charts(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("charts")
    with served("render_charts", "cloudevent", cloud.environment, folder) as function:
        yield function


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """What the embedded engine makes of a file, of a later one, and of both."""
    folder = tmp_path_factory.mktemp("outputs")
    (folder / "first").mkdir()
    generate(folder / "first" / "in.csv", 3_000, seed=31, years=9, defects=0.2)
    later = {"Updated_On": "02/11/2028 03:50:01 PM"}
    rows = [row(key, Arrest="true", **later) for key in range(5_000_001, 5_000_200)]
    write(folder / "second" / "in.csv", [*rows, row("x")])
    write(folder / "both" / "b.csv", [*rows, row("x")])
    (folder / "both" / "a.csv").write_bytes((folder / "first" / "in.csv").read_bytes())
    for name in ("first", "second", "both"):
        run(str(folder / name), folder / f"out-{name}", max_rejected=1)
    return folder / "out-first", folder / "out-second", folder / "out-both"


def finished(cloud: Cloud, manifest: Manifest, **changes: Any) -> bytes:
    uri = f"gs://{cloud.settings.lake_bucket}/runs/{manifest.run_id}/{FILE}"
    return pushed({"run_id": manifest.run_id, "architecture": 1, "manifest": uri, **changes})


def pushed(content: object) -> bytes:
    """A message as a push subscription delivers it."""
    data = base64.b64encode(json.dumps(content).encode()).decode()
    message = {"data": data, "messageId": "1", "publishTime": "2026-11-24T20:05:07.123Z", "attributes": {}}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


def post(function: Function, body: bytes) -> int:
    return function.post(body, {"Content-Type": "application/json"})[0]


def entries(function: Function) -> list[dict[str, Any]]:
    return [json.loads(line) for line in function.log().splitlines() if line.startswith("{")]


@pytest.mark.slow
def test_a_finished_run_becomes_answers_and_a_report(
    cloud: Cloud, load_tables: Function, render_charts: Function, outputs: tuple[Path, Path, Path]
) -> None:
    first, second, both = outputs
    manifest = put_attempt(cloud.settings, first, "first", "a1")
    assert post(load_tables, finished(cloud, manifest)) == 200
    assert cloud.told() == [{"run_id": "first"}]
    cloud.assert_answers(first)
    assert post(render_charts, pushed({"run_id": "first"})) == 200
    report = cloud.reports("runs/first/")
    assert report == cloud.reports("latest/")
    assert b"</html>" in report["index.html"]
    assert {name.rpartition(".")[2] for name in report} == {"html", "svg", "png"}

    # delivered twice, and many times at once
    before = cloud.rows(
        "SELECT run_id, attempt, COUNT(*), MIN(loaded_at) FROM crime.incident_versions "
        "WHERE loaded_at > '1970-01-02' GROUP BY 1, 2"
    )
    assert post(load_tables, finished(cloud, manifest)) == 200
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: post(load_tables, finished(cloud, manifest)), range(4))) == {200}
    assert before == cloud.rows(
        "SELECT run_id, attempt, COUNT(*), MIN(loaded_at) FROM crime.incident_versions "
        "WHERE loaded_at > '1970-01-02' GROUP BY 1, 2"
    )
    cloud.assert_answers(first)

    # a later file adds to it; the report speaks of both, and the first run's message comes late
    later = replace(put_attempt(cloud.settings, second, "second", "a1"), finished_at="2026-11-24 11:05:00")
    bucket = cloud.storage.bucket(cloud.settings.lake_bucket)
    bucket.blob(f"runs/second/{FILE}").upload_from_string(later.to_json())
    assert post(load_tables, finished(cloud, later)) == 200
    wanted = json.loads((both / "run.json").read_text(encoding="utf-8"))
    assert cloud.rows("SELECT COUNT(*) FROM crime.incidents") == [(wanted["incidents"],)]
    assert post(render_charts, pushed({"run_id": "first"})) == 200
    assert cloud.reports("latest/") == report
    assert post(render_charts, pushed({"run_id": "second"})) == 200
    assert cloud.reports("latest/") == cloud.reports("runs/second/") != report
    assert cloud.reports("runs/first/") == report

    # the first run's message comes once more: the answers stay as of the second
    assert post(load_tables, finished(cloud, later)) == 200
    answers = cloud.answers()
    cloud.told()
    assert post(load_tables, finished(cloud, manifest)) == 200
    assert cloud.told() == [{"run_id": "second"}]
    assert cloud.answers() == answers
    passed = [each for each in entries(render_charts) if each["message"].startswith("passed over")]
    assert [(each["run_id"], each["later"]) for each in passed] == [("first", "second")]


@pytest.mark.slow
def test_deliveries_at_once_load_a_run_once(
    cloud: Cloud, load_tables: Function, outputs: tuple[Path, Path, Path]
) -> None:
    manifest = put_attempt(cloud.settings, outputs[0], "at-once", "a1")
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: post(load_tables, finished(cloud, manifest)), range(4)))
    # A delivery that lost a race is worth another one, which changes nothing.
    assert set(codes) <= {200, 500}
    assert post(load_tables, finished(cloud, manifest)) == 200
    counted = "SELECT COUNT(*) FROM crime.{} WHERE run_id = 'at-once' AND {} > '1970-01-02'"
    assert cloud.rows(counted.format("incident_versions", "loaded_at")) == [(manifest.versions,)]
    assert cloud.rows(counted.format("rejects", "loaded_at")) == [(manifest.rejects_count,)]
    assert cloud.rows(counted.format("runs", "started_at")) == [(1,)]


@pytest.mark.slow
def test_a_count_that_does_not_fit_fails_loudly_and_changes_no_answer(
    cloud: Cloud, load_tables: Function, outputs: tuple[Path, Path, Path]
) -> None:
    before = cloud.answers()
    manifest = put_attempt(cloud.settings, outputs[1], "short", "a1")
    wrong = replace(manifest, versions=manifest.versions + 1, read=manifest.read + 1)
    blob = cloud.storage.bucket(cloud.settings.lake_bucket).blob(f"runs/short/{FILE}")
    blob.upload_from_string(wrong.to_json())
    assert post(load_tables, finished(cloud, manifest)) == 500
    assert "but its manifest counts 200" in load_tables.log()
    assert cloud.answers() == before
    assert cloud.rows(
        "SELECT COUNT(*) FROM crime.incident_versions WHERE loaded_at > '1970-01-02' AND run_id = 'short'"
    ) == [(0,)]
    blob.upload_from_string(manifest.to_json())
    assert post(load_tables, finished(cloud, manifest)) == 200
    assert cloud.rows(
        "SELECT COUNT(*) FROM crime.incident_versions WHERE loaded_at > '1970-01-02' AND run_id = 'short'"
    ) == [(199,)]


def test_a_manifest_that_is_not_there_yet_is_worth_another_delivery(
    cloud: Cloud, load_tables: Function, outputs: tuple[Path, Path, Path]
) -> None:
    manifest = put_attempt(cloud.settings, outputs[1], "late", "a1", named=False)
    assert post(load_tables, finished(cloud, manifest)) == 500
    assert "there is no manifest" in load_tables.log()


@pytest.mark.parametrize(
    "content",
    [
        {"run_id": "NO", "architecture": 1},
        {"architecture": 1, "manifest": "gs://bucket/x"},
        {"run_id": "elsewhere", "architecture": 1, "manifest": "gs://bucket/runs/elsewhere/manifest.json"},
        {"run_id": "elsewhere", "architecture": 1},
        [],
    ],
)
def test_what_can_never_succeed_is_given_up_in_one_line(load_tables: Function, content: object) -> None:
    before = len(entries(load_tables))
    assert post(load_tables, pushed(content)) == 200
    (entry,) = [each for each in entries(load_tables)[before:] if each["severity"] == "ERROR"]
    assert entry["message"].startswith("given up: ")


def test_a_run_that_went_straight_to_the_warehouse_is_passed_over(load_tables: Function) -> None:
    body = pushed({"run_id": "direct", "architecture": 2, "manifest": None})
    assert post(load_tables, body) == 200
    assert entries(load_tables)[-1]["message"] == "passed over: the run is in the warehouse already"


def test_a_run_without_an_incident_is_loaded_and_leaves_the_answers(
    cloud: Cloud, load_tables: Function, outputs: tuple[Path, Path, Path]
) -> None:
    before = cloud.answers()
    manifest = put_attempt(cloud.settings, outputs[1], "hollow", "a1")
    hollow = replace(
        manifest, incidents=f"{manifest.incidents}-none", versions=0, read=manifest.rejects_count, latest=None
    )
    blob = cloud.storage.bucket(cloud.settings.lake_bucket).blob(f"runs/hollow/{FILE}")
    blob.upload_from_string(hollow.to_json())
    assert post(load_tables, finished(cloud, hollow)) == 200
    assert entries(load_tables)[-1]["message"].startswith("given up: run hollow: no row of ")
    assert cloud.answers() == before
    assert cloud.rows("SELECT as_of, versions, rejected FROM crime.runs WHERE run_id = 'hollow'") == [
        (None, 0, 1)
    ]
