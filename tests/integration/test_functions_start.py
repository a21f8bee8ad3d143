from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.cloud import dataproc_v1
from google.cloud import storage as google_storage

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import storage_client
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.functions import arrivals
from crime_pipelines.cloud.functions.events import FINALIZED, PUBSUB
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.sources import resolve
from tests.cloud.dataproc import DataprocStandIn, dataproc_stand_in
from tests.cloud.processes import Function, kill, served, storage_server

COMPLETED: Any = dataproc_v1.WorkflowNode.NodeState.COMPLETED
BLOCKED: Any = dataproc_v1.WorkflowNode.NodeState.BLOCKED
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
            "CRIME_SOURCES": f"gs://{self.settings.landing_bucket},gs://elsewhere",
            "STORAGE_EMULATOR_HOST": storage_url,
        }
        self.storage: google_storage.Client = storage_client(self.settings)
        for bucket in (self.settings.landing_bucket, self.settings.lake_bucket):
            self.storage.create_bucket(bucket)
        self.dataproc = Dataproc(self.settings)
        self.dataproc.put_templates()

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

    def finish(self) -> None:
        """Every run ends well."""
        for workflow in self.stand_in.workflows.values():
            if not workflow.done:
                workflow.run()
                workflow.end(COMPLETED)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with (
        storage_server() as url,
        dataproc_stand_in() as (stand_in, endpoint),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", url)
        yield Cloud(stand_in, endpoint, url)


@pytest.fixture(autouse=True)
def no_run_under_way(cloud: Cloud) -> None:
    """Read all that landed before: each test begins with a bucket of which nothing is new."""
    cloud.finish()
    arrivals.Arrivals(cloud.settings, cloud.storage, cloud.dataproc).go_on()
    cloud.finish()


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
    for _ in range(2):
        resource = cloud.land("again.csv", "same")
        start.post(*event(PUBSUB, notification(resource)))
        cloud.finish()
    assert len(cloud.runs(run_of(resource))) == 2


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
        cloud.storage.list_blobs(cloud.settings.lake_bucket, prefix=f"markers/{run_of(resource)}/")
    )
    assert [json.loads(each.download_as_bytes())["operation"] for each in markers] == [None]
    assert not cloud.runs(run_of(resource))
    with served("start_processing", "cloudevent", cloud.environment, tmp_path) as function:
        assert [function.post(*told)[0] for _ in range(2)] == [200, 200]
    assert len(cloud.runs(run_of(resource))) == 1


def arrived(cloud: Cloud, start: Function, *names: str, content: str = "a,b\n") -> list[dict[str, Any]]:
    """Files land, each with its event."""
    resources = [cloud.land(name, content) for name in names]
    for resource in resources:
        assert start.post(*event(PUBSUB, notification(resource)))[0] == 200
    return resources


def look(start: Function) -> None:
    assert start.post(*event(PUBSUB, message({"look": True})))[0] == 200


def under_way(cloud: Cloud) -> list[Any]:
    return [each for each in cloud.stand_in.workflows.values() if not each.done]


def listed(cloud: Cloud, workflow: Any) -> list[str]:
    """The files that a workflow reads."""
    source = str(workflow.template.jobs[0].pyspark_job.args[1])
    if not source.endswith("/files.json"):
        return [source]
    blob = google_storage.Blob.from_uri(source, cloud.storage)
    return [str(each) for each in json.loads(blob.download_as_bytes())]


def test_files_that_land_together_are_one_run_on_one_cluster(cloud: Cloud, start: Function) -> None:
    first, *others = [f"together-{number}.csv" for number in range(20)]
    arrived(cloud, start, first)
    arrived(cloud, start, *others)
    (workflow,) = under_way(cloud)
    assert listed(cloud, workflow) == [f"gs://p-crime-landing/{first}"]
    look(start)
    assert under_way(cloud) == [workflow]
    cloud.finish()
    look(start)
    (workflow,) = under_way(cloud)
    assert sorted(listed(cloud, workflow)) == sorted(f"gs://p-crime-landing/{name}" for name in others)
    cloud.finish()
    before = len(cloud.stand_in.workflows)
    look(start)
    assert len(cloud.stand_in.workflows) == before


def test_events_out_of_order_and_many_times_make_one_run(cloud: Cloud, start: Function) -> None:
    before = len(cloud.stand_in.workflows)
    resources = [cloud.land(f"order-{number}.csv") for number in range(5)]
    told = [event(PUBSUB, notification(resource)) for resource in reversed(resources) for _ in range(10)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda each: start.post(*each)[0], told)) == {200}
    assert len(cloud.stand_in.workflows) == before + 1
    (workflow,) = under_way(cloud)
    assert len(listed(cloud, workflow)) == 5


def test_a_cluster_that_is_refused_is_asked_for_once_more_then_alerted(cloud: Cloud, start: Function) -> None:
    def refuse() -> None:
        (workflow,) = under_way(cloud)
        workflow.refuse_cluster("Insufficient 'CPUS' quota")
        workflow.end(BLOCKED, 9, "Insufficient 'CPUS' quota")

    before = len(entries(start))
    (resource,) = arrived(cloud, start, "refused.csv")
    refuse()
    look(start)
    refuse()
    look(start)
    look(start)
    assert under_way(cloud) == []
    assert len(cloud.runs(run_of(resource))) == 2
    said = [each for each in entries(start)[before:] if each["severity"] in ("WARNING", "ERROR")]
    assert [(each["severity"], each["message"]) for each in said] == [
        ("WARNING", "the run is started again: it failed before its job (Insufficient 'CPUS' quota)"),
        ("ERROR", "the run failed before its job: Insufficient 'CPUS' quota"),
    ]
    # nothing is lost: what lands next takes it along
    arrived(cloud, start, "next.csv")
    (workflow,) = under_way(cloud)
    assert {each.rpartition("/")[2] for each in listed(cloud, workflow)} == {"refused.csv", "next.csv"}


def test_a_job_that_failed_is_not_done_again_by_itself(cloud: Cloud, start: Function) -> None:
    arrived(cloud, start, "broken.csv")
    (workflow,) = under_way(cloud)
    workflow.run()
    workflow.end(dataproc_v1.WorkflowNode.NodeState.FAILED, 2, "exit code 2")
    look(start)
    assert under_way(cloud) == []


def test_an_empty_object_is_passed_over_with_a_line(cloud: Cloud, start: Function) -> None:
    before = len(cloud.stand_in.workflows)
    arrived(cloud, start, "empty.csv", content="")
    assert len(cloud.stand_in.workflows) == before
    (said,) = [each for each in entries(start) if each.get("uri") == "gs://p-crime-landing/empty.csv"]
    assert (said["severity"], said["message"]) == ("INFO", "passed over: it is empty")


@pytest.mark.parametrize("name", ["encoded.csv", "encoded-too.csv.gz"])
def test_an_object_that_some_readers_get_unpacked_is_read_right(
    cloud: Cloud, start: Function, name: str
) -> None:
    lines = "".join(f"{number},2024-01-01T00:00:00,THEFT,STREET,true,8\n" for number in range(1, 20_000))
    text = f"ID,Date,Primary Type,Location Description,Arrest,Community Area\n{lines}"
    blob = cloud.storage.bucket(cloud.settings.landing_bucket).blob(name)
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(text.encode()))
    arrived(cloud, start, "beside.csv")
    (workflow,) = under_way(cloud)
    (uri,) = [each for each in listed(cloud, workflow) if "encoded" in each]
    assert uri.endswith(".csv.gz")
    copy = google_storage.Blob.from_uri(uri, cloud.storage)
    copy.reload()
    assert copy.content_encoding is None
    for source in (uri, f"gs://{cloud.settings.landing_bucket}/{name}"):
        (file,) = resolve(source)
        with file.open_rows() as rows:
            assert b"".join(rows).count(b"\n") == 19_999


def test_a_tick_waits_for_the_run_that_is_under_way(cloud: Cloud, start: Function) -> None:
    arrived(cloud, start, "before-tick.csv")
    ticking = message({"scheduled": True})
    ticking["message"]["publishTime"] = "2026-11-25T20:05:07Z"
    before = len(cloud.runs("scheduled"))
    assert start.post(*event(PUBSUB, ticking))[0] == 200
    assert len(cloud.runs("scheduled")) == before
    cloud.finish()
    look(start)
    assert len(cloud.runs("scheduled")) == before + 1


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
    before = len(cloud.runs("scheduled"))
    for _ in range(2):
        assert start.post(*event(PUBSUB, message({"scheduled": True})))[0] == 200
    (workflow,) = cloud.runs("scheduled")[before:]
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
        (FINALIZED, {"bucket": "b", "name": "x.csv", "generation": "1", "crc32c": "AAAA"}),
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


def test_a_request_without_a_day_starts_a_run_of_the_latest(cloud: Cloud, asking: Function) -> None:
    for number, day in enumerate(({}, {"as_of": ""}, {"as_of": "latest"})):
        body = {"source": "gs://elsewhere/x.csv", "run_id": f"open-{number}", **day}
        assert asking.post(json.dumps(body).encode(), {})[0] == 202
        (workflow,) = cloud.runs(f"open-{number}")
        args = list(workflow.template.jobs[0].pyspark_job.args)
        assert args[args.index("--as-of") + 1] == "latest"


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
        b'{"source": "gs://elsewhere/x", "run_id": "NO"}',
        b'{"source": "gs://elsewhere/x", "run_id": "feed"}',
        b'{"source": "gs://elsewhere/x", "architecture": true}',
        b'{"source": "gs://other/x"}',
        b'{"source": "gs://*/*"}',
        b'{"source": "gs://elsewhere::file:///etc/passwd"}',
        b'{"source": "gs://elsewhere/\\ud83d.csv"}',
        b'{"source": "gs://elsewhere/x", "\\ud83d": 1}',
        b'{"source": "gs://elsewhere/x", "shift_years": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_a_bad_request_is_answered_in_one_line(asking: Function, body: bytes) -> None:
    status, said = asking.post(body, {"Content-Type": "application/json"})
    assert status == 400
    assert said.strip()
    assert said.count("\n") == 1
