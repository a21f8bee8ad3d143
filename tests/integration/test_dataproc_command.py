from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.cloud import dataproc_v1

from crime_pipelines.cloud.clients import storage_client
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.dataproc.templates import JOB_FILES
from crime_pipelines.cloud.settings import Settings
from tests.cloud.dataproc import DataprocStandIn, dataproc_stand_in
from tests.cloud.processes import storage_server
from tests.waiting import PATIENCE

PROGRAM = Path(sys.executable).with_name("crime-pipelines")
_Node = dataproc_v1.WorkflowNode.NodeState


class Cloud:
    def __init__(self, stand_in: DataprocStandIn, environment: dict[str, str]) -> None:
        self.stand_in = stand_in
        self.environment = {**os.environ, **environment}

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, "dataproc", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def end_at_first_look(self, node: _Node, code: int = 0, message: str = "") -> None:
        def end() -> None:
            for workflow in self.stand_in.workflows.values():
                workflow.run()
                workflow.end(node, code, message)

        self.stand_in.at_look = end


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with storage_server() as url, dataproc_stand_in() as (stand_in, endpoint):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        settings = Settings("p", dataproc_endpoint=endpoint, retry_seconds=3)
        for bucket in (settings.lake_bucket, settings.code_bucket):
            storage_client(settings).create_bucket(bucket)
        cloud = Cloud(
            stand_in,
            {
                **settings.environment(),
                "CRIME_SOURCES": "gs://box",
                "CRIME_TEMPLATE": "",
                "STORAGE_EMULATOR_HOST": url,
            },
        )
        client = Dataproc(settings)
        client.put_templates()
        client.close()
        yield cloud


def test_templates_are_put_up_and_printed(cloud: Cloud) -> None:
    again = cloud.call("templates")
    assert again.stdout.splitlines() == [
        f"projects/p/regions/us-central1/workflowTemplates/crime-architecture-{each}" for each in (1, 2)
    ]
    printed = json.loads(cloud.call("templates", "--print").stdout)
    assert [each["id"] for each in printed] == ["crime-architecture-1", "crime-architecture-2"]


def test_a_run_is_submitted_looked_up_and_cancelled(cloud: Cloud) -> None:
    started = cloud.call("submit", "gs://box/x.csv", "--run-id", "my-run", "--no-wait", "--architecture", "2")
    assert started.returncode == 0, started.stderr
    assert started.stdout.startswith("my-run: started as projects/p/regions/us-central1/operations/")
    (workflow,) = cloud.stand_in.workflows.values()
    assert workflow.template.id == "crime-architecture-2"
    workflow.run()
    status = cloud.call("status", "my-run")
    assert status.returncode == 0
    cluster = workflow.metadata.cluster_name
    assert cluster.startswith("crime-2-")
    assert f"running    workflow on {cluster}: job-1 runs on {cluster}" in status.stdout
    assert "asked to end" in cloud.call("cancel", "my-run").stdout
    assert workflow.cluster_gone
    over = cloud.call("status", "my-run")
    assert (over.returncode, "cancelled" in over.stdout) == (1, True)
    assert "nothing to cancel" in cloud.call("cancel", "my-run").stdout


def test_a_run_that_is_watched_says_how_it_ended(cloud: Cloud) -> None:
    cloud.end_at_first_look(_Node.COMPLETED)
    done = cloud.call("submit", "gs://box/crimes.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].endswith(": done, the job is done and the cluster is gone")
    assert done.stderr == ""  # no progress where nobody looks
    cloud.end_at_first_look(_Node.FAILED, 13, "job failed:\nexit code 2")
    failed = cloud.call("submit", "gs://box/crimes.csv", "--run-id", "bad-one")
    assert failed.returncode == 1
    assert failed.stderr == "Error: run bad-one failed: job failed: exit code 2\n"


def test_a_batch_is_watched_likewise(cloud: Cloud) -> None:
    def end() -> None:
        for batch in cloud.stand_in.batches.values():
            batch.state = dataproc_v1.Batch.State.SUCCEEDED

    cloud.stand_in.at_look = end
    done = cloud.call("submit", "gs://box/x.csv", "--serverless", "--run-id", "a-batch")
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, "a-batch: done, the batch is succeeded")


@pytest.mark.slow
def test_interrupting_the_watching_lets_the_run_go_on(cloud: Cloud) -> None:
    looked = threading.Event()
    cloud.stand_in.at_look = looked.set
    with subprocess.Popen(
        [PROGRAM, "dataproc", "submit", "gs://box/x.csv", "--run-id", "goes-on"],
        env=cloud.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert looked.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said == "Interrupted: the run goes on; to end it: crime-pipelines dataproc cancel goes-on\n"
    assert not next(iter(cloud.stand_in.workflows.values())).done


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["submit", "x.csv"], 2, "not among the sources"),
        (["submit", "gs://box/x.csv", "--run-id", "X"], 2, "run id 'X'"),
        (["submit", "gs://box/x.csv", "--shift-years", "2000"], 2, "at most 1000"),
        (["submit", "gs://box/x.csv", "--as-of", "yesterday"], 2, "yesterday"),
        (["submit", "gs://box/x.csv", "--architecture", "3"], 2, "--architecture"),
        (["status", "unknown-run"], 2, "neither Dataproc nor the lake knows"),
        (["cancel", "unknown-run"], 2, "neither Dataproc nor the lake knows"),
        (["publish", "--wheel", "/nowhere.whl"], 2, "/nowhere.whl"),
    ],
)
def test_mistakes_are_one_line(cloud: Cloud, arguments: list[str], code: int, says: str) -> None:
    done = cloud.call(*arguments)
    assert done.returncode == code
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert says in last


def test_without_a_template_or_a_service_one_line_says_so(cloud: Cloud) -> None:
    cloud.stand_in.templates.clear()
    missing = cloud.call("submit", "gs://box/x.csv", "--run-id", "no-template")
    assert missing.returncode == 1
    assert "workflowTemplates/crime-architecture-1" in missing.stderr
    cloud.environment["CRIME_DATAPROC_ENDPOINT"] = "http://127.0.0.1:1"
    away = cloud.call("templates")
    assert (away.returncode, len(away.stderr.splitlines())) == (1, 1)


@pytest.mark.slow
def test_the_code_is_published(cloud: Cloud, tmp_path: Path) -> None:
    wheel = tmp_path / "crime_pipelines-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    done = cloud.call("publish", "--wheel", str(wheel), "--no-libraries")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "gs://p-crime-code/wheels/crime_pipelines-0.1.0-py3-none-any.zip",
        *(f"gs://p-crime-code/jobs/{job}" for job in JOB_FILES.values()),
    ]
    cloud.environment["CRIME_CODE_BUCKET"] = "nowhere"
    nowhere = cloud.call("publish", "--wheel", str(wheel), "--no-libraries")
    assert nowhere.stderr == "Error: gs://nowhere: there is no such bucket\n"
