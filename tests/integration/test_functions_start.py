from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage as google_storage

from crime_pipelines import run_ids
from crime_pipelines.clients import storage_client
from crime_pipelines.dataproc.client import Dataproc
from crime_pipelines.functions.events import FINALIZED, PUBSUB
from crime_pipelines.settings import Settings
from tests.cloud.dataproc import DataprocStandIn, dataproc_stand_in
from tests.cloud.processes import Function, kill, served, storage_server

TRACE = "105445aa7843bc8bf206b12000100000"
Headers = dict[str, str]


class Cloud:
    """Cloud Storage and Dataproc, and the settings that lead to them."""

    def __init__(self, stand_in: DataprocStandIn, endpoint: str, storage_url: str) -> None:
        self.stand_in = stand_in
        self.settings = Settings("p", dataproc_endpoint=endpoint, retry_seconds=5)
        self.environment = {
            **self.settings.for_architecture(1).environment(),
            "CRIME_TEMPLATE": "",
            "STORAGE_EMULATOR_HOST": storage_url,
        }
        self.storage: google_storage.Client = storage_client(self.settings)
        for bucket in (self.settings.landing_bucket, self.settings.lake_bucket):
            self.storage.create_bucket(bucket)
        client = Dataproc(self.settings)
        client.put_templates()
        client.close()

    def land(self, name: str, content: str = "a,b\n") -> dict[str, Any]:
        """An object lands; the resource that Cloud Storage would tell of."""
        blob = self.storage.bucket(self.settings.landing_bucket).blob(name)
        blob.upload_from_string(content)
        return {
            "bucket": blob.bucket.name,
            "name": name,
            "generation": str(blob.generation),
            "crc32c": blob.crc32c,
        }

    def runs(self, run_id: str) -> list[Any]:
        found = list(self.stand_in.workflows.values())
        return [each for each in found if each.template.labels["run-id"] == run_id]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with (
        storage_server() as url,
        dataproc_stand_in() as (stand_in, endpoint),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", url)
        yield Cloud(stand_in, endpoint, url)


@pytest.fixture(scope="module")
def start(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("start")
    with served("start_processing", "cloudevent", cloud.environment, folder) as function:
        yield function


@pytest.fixture(scope="module")
def asking(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("http")
    with served("start_processing_http", "http", cloud.environment, folder) as function:
        yield function


def event(kind: str, data: Any) -> tuple[bytes, Headers]:
    """A CloudEvent in binary mode, as Eventarc delivers it."""
    headers = {
        "ce-id": "event-1",
        "ce-source": "//test",
        "ce-type": kind,
        "ce-specversion": "1.0",
        "Content-Type": "application/json",
        "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    }
    return data if isinstance(data, bytes) else json.dumps(data).encode(), headers


def message(data: Any, attributes: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "message": {
            "data": base64.b64encode(json.dumps(data).encode()).decode(),
            "attributes": attributes or {},
            "messageId": "1",
            "publishTime": "2026-11-24T20:05:07.123Z",
        },
        "subscription": "projects/p/subscriptions/s",
    }


def notification(resource: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        "eventType": "OBJECT_FINALIZE",
        "bucketId": resource["bucket"],
        "objectId": resource["name"],
        "objectGeneration": resource["generation"],
        "payloadFormat": "JSON_API_V1",
    }
    return message(resource, attributes)


def entries(function: Function) -> list[dict[str, Any]]:
    return [json.loads(line) for line in function.log().splitlines() if line.startswith("{")]


def run_of(resource: dict[str, Any]) -> str:
    return run_ids.of_object(resource["name"], resource["crc32c"])


@pytest.mark.parametrize("form", ["pubsub", "direct", "push", "without payload"])
def test_a_landed_file_starts_one_run_however_often_it_is_told(
    cloud: Cloud, start: Function, form: str
) -> None:
    resource = cloud.land(f"{form}.csv", form)
    told = notification(resource)
    if form == "without payload":
        told["message"]["data"] = ""
    body, headers = event(*((FINALIZED, resource) if form == "direct" else (PUBSUB, told)))
    if form == "push":  # a push subscription's own form, without a CloudEvent around it
        headers = {"Content-Type": "application/json"}
    for _ in range(3):
        assert start.post(body, headers)[0] == 200
    (workflow,) = cloud.runs(run_of(resource))
    args = list(workflow.template.jobs[0].pyspark_job.args)
    assert args[1] == f"gs://{resource['bucket']}/{resource['name']}"


def test_concurrent_deliveries_start_one_run(cloud: Cloud, start: Function) -> None:
    resource = cloud.land("concurrent.csv")
    body, headers = event(PUBSUB, notification(resource))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: start.post(body, headers)[0], range(16)))
    assert answers == [200] * 16
    assert len(cloud.runs(run_of(resource))) == 1


def test_the_same_content_again_is_the_same_run_started_anew(cloud: Cloud, start: Function) -> None:
    resources = [cloud.land("again.csv", "same") for _ in range(2)]
    assert resources[0]["generation"] != resources[1]["generation"]
    for resource in resources:
        start.post(*event(PUBSUB, notification(resource)))
    assert run_of(resources[0]) == run_of(resources[1])
    assert len(cloud.runs(run_of(resources[0]))) == 2


def test_a_function_killed_between_marker_and_start_leaves_nothing_undone(
    cloud: Cloud, tmp_path: Path
) -> None:
    resource = cloud.land("killed.csv")
    told = event(PUBSUB, notification(resource))
    reached, release = threading.Event(), threading.Event()

    def hang() -> None:
        reached.set()
        release.wait()
        raise ConnectionAbortedError

    cloud.stand_in.before = hang
    try:
        with (
            ThreadPoolExecutor(1) as pool,
            served("start_processing", "cloudevent", cloud.environment, tmp_path) as function,
        ):
            delivery = pool.submit(function.post, *told)
            assert reached.wait(30)
            kill(function.process)
            assert isinstance(delivery.exception(), OSError)
    finally:
        cloud.stand_in.before = lambda: None
        release.set()
    markers = list(
        cloud.storage.list_blobs(cloud.settings.lake_bucket, prefix=f"runs/{run_of(resource)}/started/")
    )
    assert [json.loads(each.download_as_bytes())["operation"] for each in markers] == [None]
    assert not cloud.runs(run_of(resource))
    with served("start_processing", "cloudevent", cloud.environment, tmp_path) as function:
        assert [function.post(*told)[0] for _ in range(2)] == [200, 200]
    assert len(cloud.runs(run_of(resource))) == 1


def test_a_failing_dataproc_is_worth_another_delivery(cloud: Cloud, start: Function) -> None:
    resource = cloud.land("later.csv")
    template = cloud.settings.template
    name = f"projects/p/regions/us-central1/workflowTemplates/{template}"
    put_aside = cloud.stand_in.templates.pop(name)
    try:
        assert start.post(*event(PUBSUB, notification(resource)))[0] == 500
    finally:
        cloud.stand_in.templates[name] = put_aside
    assert start.post(*event(PUBSUB, notification(resource)))[0] == 200
    assert len(cloud.runs(run_of(resource))) == 1


def test_a_tick_reads_the_whole_landing_folder_once_a_minute(cloud: Cloud, start: Function) -> None:
    cloud.land("ticked.csv")
    for _ in range(2):
        assert start.post(*event(PUBSUB, message({"scheduled": True})))[0] == 200
    (workflow,) = cloud.runs("tick-20261124-2005")
    assert workflow.template.jobs[0].pyspark_job.args[1] == "gs://p-crime-landing/"


def test_what_is_no_incident_file_is_passed_over_with_a_line(cloud: Cloud, start: Function) -> None:
    before = len(cloud.stand_in.workflows)
    for name in ("notes.txt", "folder/"):
        resource = cloud.land(name)
        assert start.post(*event(PUBSUB, notification(resource)))[0] == 200
    assert len(cloud.stand_in.workflows) == before
    said = [each for each in entries(start) if each["message"].startswith("passed over")]
    assert {each["uri"] for each in said} >= {
        "gs://p-crime-landing/notes.txt",
        "gs://p-crime-landing/folder/",
    }
    assert {each["severity"] for each in said} == {"INFO"}


def test_an_object_that_is_gone_is_done_with(cloud: Cloud, start: Function) -> None:
    resource = cloud.land("gone.csv")
    cloud.storage.bucket(resource["bucket"]).blob(resource["name"]).delete()
    told = notification(resource)
    told["message"]["data"] = ""
    assert start.post(*event(PUBSUB, told))[0] == 200
    assert not cloud.runs(run_of(resource))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (PUBSUB, {"message": {"data": "***", "messageId": "1", "publishTime": "2026-11-24T20:05:07Z"}}),
        (PUBSUB, {"message": {}}),
        (PUBSUB, {}),
        (PUBSUB, message({"something": "else"})),
        ("com.example.other", {"a": 1}),
        (FINALIZED, {"name": "x.csv"}),
        (FINALIZED, {"bucket": "b", "name": "x" * 1000 + ".csv", "generation": "1", "crc32c": "AAAA"}),
    ],
)
def test_what_can_never_succeed_is_said_once_and_done_with(start: Function, kind: str, data: Any) -> None:
    before = len(entries(start))
    assert start.post(*event(kind, data))[0] == 200
    (entry,) = [each for each in entries(start)[before:] if each["severity"] == "ERROR"]
    assert entry["message"].startswith("given up: ")
    assert entry["event_id"] == "event-1"
    assert entry["logging.googleapis.com/trace"] == f"projects/p/traces/{TRACE}"
    assert "stack_trace" not in entry


def test_a_request_starts_the_run_that_it_names_once(cloud: Cloud, asking: Function) -> None:
    body = {"source": "gs://elsewhere/*.csv", "run_id": "by-hand", "shift_years": 0, "as_of": "2021-11-11"}
    first, second = (asking.post(json.dumps(body).encode(), {}) for _ in range(2))
    assert (first[0], second[0]) == (202, 202)
    assert json.loads(first[1])["started"] is True
    assert json.loads(second[1]) == {**json.loads(first[1]), "started": False}
    (workflow,) = cloud.runs("by-hand")
    assert list(workflow.template.jobs[0].pyspark_job.args)[5:8:2] == ["0", "2021-11-11"]


def test_a_request_may_choose_the_architecture_and_a_batch(cloud: Cloud, asking: Function) -> None:
    body = {"source": "gs://elsewhere/x.csv", "run_id": "second", "architecture": 2}
    assert asking.post(json.dumps(body).encode(), {})[0] == 202
    (workflow,) = cloud.runs("second")
    assert workflow.template.id == "crime-architecture-2"
    body = {"source": "gs://elsewhere/x.csv", "run_id": "third", "serverless": True}
    assert asking.post(json.dumps(body).encode(), {})[0] == 202
    assert [each for each in cloud.stand_in.batches.values() if each.labels["run-id"] == "third"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"source": "/etc/passwd"}',
        b'{"source": "gs://b/x", "run_id": "NO"}',
    ],
)
def test_a_bad_request_is_answered_in_one_line(asking: Function, body: bytes) -> None:
    status, said = asking.post(body, {"Content-Type": "application/json"})
    assert status == 400
    assert said.strip()
    assert said.count("\n") == 1
