"""The flex template as gcloud itself would write it, and the drain before a destroy, through gcloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.plans import TERRAFORM, Plan
from tests.waiting import PATIENCE

MODULE = TERRAFORM / "modules" / "dataflow"
METADATA = TERRAFORM.parent / "beam" / "template" / "stream.json"
needs_gcloud = pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed")


@needs_gcloud
def test_the_specification_is_what_gcloud_would_write(everything: Plan, tmp_path: Path) -> None:
    template = everything.one("google_storage_bucket_object", name="templates/crime-stream.json")
    ours = json.loads(template.values["content"])
    environment = ours["defaultEnvironment"]
    key = environment.pop("kmsKeyName")
    assert key in {each.values["id"] for each in everything.of("google_kms_crypto_key")}
    call = [
        *("gcloud", "dataflow", "flex-template", "build", "gs://code/template.json", "--print-only"),
        *("--project=a-project", f"--image={ours['image']}", f"--sdk-language={ours['sdkInfo']['language']}"),
        f"--metadata-file={METADATA}",
        f"--service-account-email={environment['serviceAccountEmail']}",
        f"--subnetwork={environment['subnetwork']}",
        "--disable-public-ips",
        "--enable-streaming-engine",
        f"--temp-location={environment['tempLocation']}",
        f"--staging-location={environment['stagingLocation']}",
        f"--worker-machine-type={environment['machineType']}",
        f"--num-workers={environment['numWorkers']}",
        f"--max-workers={environment['maxWorkers']}",
        f"--additional-experiments={','.join(environment['additionalExperiments'])}",
        "--additional-user-labels="
        + ",".join(f"{name}={value}" for name, value in environment["additionalUserLabels"].items()),
        "--format=value(.)",
    ]
    said = subprocess.run(
        call, env=_gcloud(tmp_path), capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout
    theirs = json.loads(said[said.index("{") : said.rindex("}") + 1])
    # gcloud 528 leaves out what it doesn't know of a streaming template.
    for field in ("streaming", "supportsAtLeastOnce", "supportsExactlyOnce", "defaultStreamingMode"):
        if field not in theirs["metadata"]:
            ours["metadata"].pop(field)
    assert ours == theirs


class Dataflow(BaseHTTPRequestHandler):
    """Dataflow's REST API, as far as listing and draining go. A job is drained after two more listings."""

    jobs: dict[str, dict[str, Any]]
    looks: dict[str, int]
    stuck = False

    def do_GET(self) -> None:
        for job, looks in list(self.looks.items()):
            self.looks[job] = looks - 1
            if looks == 0 and not self.stuck:
                self.jobs[job]["currentState"] = "JOB_STATE_DRAINED"
        over = {"JOB_STATE_DRAINED", "JOB_STATE_DONE"}
        self._answer({"jobs": [job for job in self.jobs.values() if job["currentState"] not in over]})

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        job = self.path.partition("?")[0].rpartition("/")[2]
        assert body["requestedState"] == "JOB_STATE_DRAINED"
        self.jobs[job]["currentState"] = "JOB_STATE_DRAINING"
        self.looks[job] = 1
        self._answer(self.jobs[job])

    def _answer(self, content: dict[str, Any]) -> None:
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as the base class has it
        pass


@contextmanager
def dataflow(jobs: dict[str, str], *, stuck: bool = False) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    kept = {
        name: {
            "id": name,
            "name": name,
            "projectId": "p",
            "location": "r",
            "type": "JOB_TYPE_STREAMING",
            "createTime": "2026-01-01T00:00:00Z",
            "currentState": state,
            "currentStateTime": "2026-01-01T00:00:00Z",
        }
        for name, state in jobs.items()
    }
    handler = type("Handler", (Dataflow,), {"jobs": kept, "looks": {}, "stuck": stuck})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", kept
        finally:
            server.shutdown()
            thread.join()


def _gcloud(folder: Path, url: str = "") -> dict[str, str]:
    return {
        **os.environ,
        "CLOUDSDK_CONFIG": str(folder),
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        **({"CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAFLOW": url} if url else {}),
    }


def drain(folder: Path, url: str, minutes: int = 5) -> subprocess.CompletedProcess[str]:
    names = {"PROJECT": "p", "REGION": "r", "JOB": "crime-stream", "DRAIN_PAUSE": "0"}
    return subprocess.run(
        [str(MODULE / "drain.sh")],
        env={**_gcloud(folder, url), **names, "DRAIN_MINUTES": str(minutes)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@needs_gcloud
def test_a_destroy_drains_what_runs_and_waits(tmp_path: Path) -> None:
    with dataflow({"crime-stream-1": "JOB_STATE_RUNNING", "another": "JOB_STATE_RUNNING"}) as (url, jobs):
        done = drain(tmp_path, url)
        assert done.returncode == 0, done.stderr
        assert jobs["crime-stream-1"]["currentState"] == "JOB_STATE_DRAINED"
        assert jobs["another"]["currentState"] == "JOB_STATE_RUNNING"
        assert "crime-stream: drained" in done.stdout


@needs_gcloud
def test_a_destroy_with_nothing_to_drain_goes_on(tmp_path: Path) -> None:
    with dataflow({"another": "JOB_STATE_RUNNING"}) as (url, jobs):
        done = drain(tmp_path, url)
        assert done.returncode == 0, done.stderr
        assert "no job runs" in done.stdout
        assert jobs["another"]["currentState"] == "JOB_STATE_RUNNING"


@needs_gcloud
def test_a_job_that_does_not_drain_stops_the_destroy(tmp_path: Path) -> None:
    with dataflow({"crime-stream-1": "JOB_STATE_RUNNING"}, stuck=True) as (url, _):
        done = drain(tmp_path, url, minutes=0)
        assert done.returncode == 1
        assert "not drained after 0 minutes" in done.stderr
