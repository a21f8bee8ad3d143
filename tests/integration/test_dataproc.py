from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.api_core.exceptions import InvalidArgument, ServiceUnavailable
from google.cloud import dataproc_v1
from google.rpc import code_pb2

from crime_pipelines.cloud.clients import storage_client
from crime_pipelines.cloud.dataproc.attempts import Attempt, State
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.dataproc.starting import operations_of, start_once
from crime_pipelines.cloud.dataproc.submission import Submission, request_id
from crime_pipelines.cloud.settings import Settings
from tests.cloud.dataproc import DataprocStandIn, dataproc_stand_in
from tests.cloud.processes import storage_server

RUN = Submission("crimes-2026", "gs://landing/crimes 2026.csv.gz", 3)
_Node = dataproc_v1.WorkflowNode.NodeState


class Cloud:
    def __init__(self, stand_in: DataprocStandIn, settings: Settings) -> None:
        self.stand_in, self.settings = stand_in, settings
        self.dataproc = Dataproc(settings)
        self.storage = storage_client(settings)

    def start(self, occasion: str = "17", **options: Any) -> Any:
        return start_once(self.settings, self.storage, self.dataproc, RUN, occasion, **options)

    @property
    def workflow(self) -> Any:
        (workflow,) = self.stand_in.workflows.values()
        return workflow


@pytest.fixture(scope="module")
def storage_url() -> Iterator[str]:
    with storage_server() as url:
        yield url


@pytest.fixture
def cloud(storage_url: str, monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[Cloud]:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_url)
    with dataproc_stand_in() as (stand_in, endpoint):
        lake = f"lake-{abs(hash(request.node.name))}"
        cloud = Cloud(stand_in, Settings("p", lake_bucket=lake, dataproc_endpoint=endpoint, retry_seconds=5))
        cloud.storage.create_bucket(lake)
        cloud.dataproc.put_templates()
        yield cloud
        cloud.dataproc.close()


def test_templates_are_created_then_updated(cloud: Cloud) -> None:
    names = cloud.dataproc.put_templates()
    assert [name.rpartition("/")[2] for name in names] == ["crime-architecture-1", "crime-architecture-2"]
    assert [template.version for template in cloud.stand_in.templates.values()] == [2, 2]


def test_a_run_carries_its_parameters_and_its_label(cloud: Cloud) -> None:
    started = cloud.start()
    job = cloud.workflow.template.jobs[0].pyspark_job
    assert list(job.args)[:8] == [
        *("--input", RUN.source, "--run-id", RUN.run_id, "--shift-years", "3", "--as-of", "latest"),
    ]
    assert cloud.workflow.template.labels["run-id"] == RUN.run_id
    assert not started.again
    assert operations_of(cloud.settings, cloud.storage, RUN.run_id) == {started.operation}


def test_the_same_occasion_starts_once_even_after_the_run(cloud: Cloud) -> None:
    first = cloud.start()
    assert cloud.start().operation == first.operation
    cloud.workflow.end(_Node.COMPLETED)
    again = cloud.start()
    assert (again.operation, again.again) == (first.operation, True)
    assert len(cloud.stand_in.requests) == 1


def test_another_occasion_starts_again(cloud: Cloud) -> None:
    assert cloud.start("17").operation != cloud.start("18").operation
    assert len(cloud.stand_in.workflows) == 2


def test_concurrent_starts_make_one_workflow(cloud: Cloud) -> None:
    together = threading.Barrier(8)

    def one(_: int) -> Any:
        together.wait()
        return cloud.start()

    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(one, range(8)))
    assert len(cloud.stand_in.workflows) == 1
    assert {each.operation for each in started if each.operation} == set(cloud.stand_in.workflows)
    assert set(cloud.stand_in.requests) == {request_id(RUN.run_id, "17")}


def test_a_marker_without_an_operation_is_made_good(cloud: Cloud) -> None:
    def fail() -> None:
        raise ConnectionError

    cloud.stand_in.before = fail
    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever the wire makes of it
        cloud.start()
    assert operations_of(cloud.settings, cloud.storage, RUN.run_id) == frozenset()
    cloud.stand_in.before = lambda: None
    assert cloud.start().operation == cloud.workflow.name


def test_a_refused_run_is_refused_at_once(cloud: Cloud) -> None:
    template = next(iter(cloud.stand_in.templates.values()))
    del template.parameters[3]
    with pytest.raises(InvalidArgument, match="not those of the template"):
        cloud.start()


def test_waiting_tells_each_change_once(cloud: Cloud) -> None:
    operation = cloud.start().operation
    told: list[Attempt] = []

    def listen(attempt: Attempt) -> None:
        told.append(attempt)
        if len(told) == 1:
            cloud.workflow.run()
        else:
            cloud.workflow.end(_Node.COMPLETED)

    over = cloud.dataproc.wait(operation, listen, poll_seconds=0.01)
    assert [each.detail for each in told] == [
        f"{cloud.workflow.metadata.cluster_name} is being made",
        f"job-1 runs on {cloud.workflow.metadata.cluster_name}",
        "the job is done and the cluster is gone",
    ]
    assert over.state is State.DONE


@pytest.mark.parametrize(
    ("code", "message", "state", "detail"),
    [
        (code_pb2.CANCELLED, "", State.CANCELLED, "the workflow was cancelled"),
        (code_pb2.DEADLINE_EXCEEDED, "dag timeout\n of 6h", State.FAILED, "dag timeout of 6h"),
        (code_pb2.INTERNAL, "", State.FAILED, "Dataproc gives no reason"),
        (0, "", State.FAILED, "job job-1 failed"),
    ],
)
def test_ends_that_are_not_good(cloud: Cloud, code: int, message: str, state: State, detail: str) -> None:
    operation = cloud.start().operation
    cloud.workflow.run()
    cloud.workflow.end(_Node.FAILED, code, message)
    over = cloud.dataproc.wait(operation, lambda attempt: None, poll_seconds=0.01)
    assert (over.state, over.detail) == (state, detail)
    assert cloud.workflow.cluster_gone


def test_a_run_is_found_by_its_label_alone(cloud: Cloud) -> None:
    cloud.start("17")
    cloud.start("18")
    found = cloud.dataproc.attempts(RUN.run_id)
    assert {each.operation for each in found} == set(cloud.stand_in.workflows)
    assert cloud.dataproc.attempts("another-run") == []


def test_a_failed_cluster_leaves_no_label_but_the_marker_knows(cloud: Cloud) -> None:
    operation = cloud.start().operation
    cloud.workflow.metadata.graph.nodes[0].error = "no quota for N2 machines"
    cloud.workflow.end(_Node.FAILED)
    assert cloud.dataproc.attempts(RUN.run_id) == []
    known = operations_of(cloud.settings, cloud.storage, RUN.run_id)
    (attempt,) = cloud.dataproc.attempts(RUN.run_id, known)
    assert (attempt.operation, attempt.detail) == (operation, "no quota for N2 machines")


def test_cancelling_ends_the_workflow_and_its_cluster(cloud: Cloud) -> None:
    cloud.start()
    cloud.workflow.run()
    (attempt,) = cloud.dataproc.attempts(RUN.run_id)
    cloud.dataproc.cancel(attempt)
    assert cloud.dataproc.attempt(attempt.operation).state is State.CANCELLED
    assert cloud.workflow.cluster_gone


def test_a_batch_is_started_once_found_and_cancelled(cloud: Cloud) -> None:
    started = cloud.start(serverless=True)
    (batch,) = cloud.stand_in.batches.values()
    assert batch.runtime_config.version == "2.3"
    assert batch.labels["run-id"] == RUN.run_id
    # the marker lost its note: the same batch is found again
    marker = cloud.storage.bucket(cloud.settings.lake_bucket).blob(f"markers/{RUN.run_id}/17.json")
    marker.upload_from_string(json.dumps({"operation": None}))
    assert cloud.start(serverless=True).operation == started.operation
    (attempt,) = cloud.dataproc.attempts(RUN.run_id)
    assert (attempt.kind, attempt.state) == ("batch", State.RUNNING)
    cloud.dataproc.cancel(attempt)
    assert cloud.dataproc.wait(started.operation, lambda each: None, 0.01).state is State.CANCELLED


def test_an_endpoint_out_of_reach_is_given_up_in_time() -> None:
    nobody = Dataproc(Settings("p", dataproc_endpoint="http://127.0.0.1:1", retry_seconds=1))
    with pytest.raises(Exception) as raised:  # noqa: PT011
        nobody.put_templates()
    assert isinstance(raised.value.__cause__ or raised.value, ServiceUnavailable)
    nobody.close()
