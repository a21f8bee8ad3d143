"""`dataproc doctor` over HTTP against a project that has everything, and that lacks each thing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from click.testing import CliRunner

from crime_pipelines.cli.main import cli
from crime_pipelines.cloud.dataproc.doctor import APIS, demand

NUMBER, KEY = "123", "projects/p/locations/us-central1/keyRings/r/cryptoKeys/compute"
ENCRYPTER = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def agent(name: str) -> str:
    return f"serviceAccount:service-{NUMBER}@{name}.iam.gserviceaccount.com"


class Project(ThreadingHTTPServer):
    """Google's APIs as far as they are asked: one project."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.enabled = {f"{api}.googleapis.com" for api in (*APIS, "cloudkms")}
        self.quotas = {metric: needed + 10 for metric, needed in demand("standard").items()}
        self.usage = 5.0
        self.agents = [agent("dataproc-accounts")]
        self.subnetwork: dict[str, Any] | None = {"privateIpGoogleAccess": True}
        self.encrypters = [
            agent(name) for name in ("compute-system", "dataproc-accounts", "gs-project-accounts")
        ]
        self.forbidden = ""

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        at, regional = urlsplit(path), "CPUS_ALL_REGIONS"
        if self.forbidden and self.forbidden in at.path:
            return 403, {"error": {"message": "no permission to look"}}
        quotas = [
            {"metric": name, "limit": limit, "usage": self.usage} for name, limit in self.quotas.items()
        ]
        if at.path == "/v3/projects/p":
            return 200, {"name": f"projects/{NUMBER}"}
        if at.path.endswith("/services:batchGet"):
            names = parse_qs(at.query)["names"]
            states = {True: "ENABLED", False: "DISABLED"}
            found = [
                {"name": name, "state": states[name.rpartition("/")[2] in self.enabled]} for name in names
            ]
            return 200, {"services": found}
        if at.path == "/v3/projects/p:getIamPolicy":
            return 200, {"bindings": [{"role": "roles/dataproc.serviceAgent", "members": self.agents}]}
        if at.path == "/compute/v1/projects/p":
            return 200, {"quotas": [each for each in quotas if each["metric"] == regional]}
        if at.path == "/compute/v1/projects/p/regions/us-central1":
            return 200, {"quotas": [each for each in quotas if each["metric"] != regional]}
        if "/subnetworks/" in at.path and self.subnetwork is not None:
            return 200, self.subnetwork
        if at.path == f"/v1/{KEY}:getIamPolicy":
            return 200, {"bindings": [{"role": ENCRYPTER, "members": self.encrypters}]}
        return 404, {"error": {"message": "not found"}}


class Handler(BaseHTTPRequestHandler):
    server: Project

    def do_GET(self) -> None:
        status, content = self.server.answer(self.path)
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(project: Project, patch: pytest.MonkeyPatch) -> Iterator[None]:
    for api in ("CLOUDKMS", "CLOUDRESOURCEMANAGER", "COMPUTE", "SERVICEUSAGE"):
        patch.setenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}", f"http://127.0.0.1:{project.server_port}/")
    patch.setenv("CRIME_KMS_KEY", KEY)
    with project:
        thread = threading.Thread(target=project.serve_forever, args=[0.01])
        thread.start()
        try:
            yield
        finally:
            project.shutdown()
            thread.join()


def lose(name: str) -> Callable[[Project], object]:
    return lambda project: setattr(project, name, [] if isinstance(getattr(project, name), list) else None)


def examined(project: Project, patch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    with serving(project, patch):
        done = CliRunner().invoke(cli, ["dataproc", "doctor", "--project", "p"])
    return done.exit_code, done.output.splitlines()


def test_a_project_that_has_everything_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    code, lines = examined(Project(), monkeypatch)
    assert code == 0, lines
    assert all(line.startswith("ok ") for line in lines)
    assert len(lines) == 3 + len(demand("standard")) + 1 + 3


LACKING: dict[str, tuple[Callable[[Project], object], str, str]] = {
    "an API": (
        lambda project: project.enabled.discard("dataproc.googleapis.com"),
        "lacking   APIs: dataproc.googleapis.com not enabled",
        "gcloud services enable dataproc.googleapis.com --project p",
    ),
    "the agent's role": (
        lose("agents"),
        "lacking   Dataproc's service agent with roles/dataproc.serviceAgent",
        "gcloud beta services identity create --service dataproc.googleapis.com",
    ),
    "vCPUs": (
        lambda project: project.quotas.update(CPUS_ALL_REGIONS=12),
        "lacking   quota CPUS_ALL_REGIONS in us-central1: 20 needed, 7 free",
        "ask for more in the console",
    ),
    "disks": (
        lambda project: project.quotas.update(SSD_TOTAL_GB=250),
        "lacking   quota SSD_TOTAL_GB in us-central1: 500 needed, 245 free",
        "ask for more",
    ),
    "the subnetwork": (
        lose("subnetwork"),
        "lacking   subnetwork default: not in us-central1",
        "apply Terraform",
    ),
    "private access": (
        lambda project: setattr(project, "subnetwork", {}),
        "lacking   subnetwork default with Private Google Access",
        "--enable-private-ip-google-access",
    ),
    "the key": (
        lambda project: project.encrypters.remove(agent("compute-system")),
        f"lacking   key compute for service-{NUMBER}@compute-system.iam.gserviceaccount.com",
        f"gcloud kms keys add-iam-policy-binding {KEY}",
    ),
    "a right to look": (
        lambda project: setattr(project, "forbidden", "subnetworks"),
        "not seen  subnetwork: compute: 403 no permission to look",
        "look by hand",
    ),
}


@pytest.mark.parametrize("name", LACKING)
def test_what_is_lacking_is_said_with_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, what, remedy = LACKING[name]
    project = Project()
    change(project)
    code, lines = examined(project, monkeypatch)
    assert code == 1
    (at,) = [number for number, line in enumerate(lines) if not line.startswith(("ok ", "   "))]
    assert lines[at].startswith(what)
    assert remedy in lines[at + 1]


def test_a_project_out_of_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for api in ("CLOUDKMS", "CLOUDRESOURCEMANAGER", "COMPUTE", "SERVICEUSAGE"):
        monkeypatch.setenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}", "http://127.0.0.1:9/")
    done = CliRunner().invoke(cli, ["dataproc", "doctor", "--project", "p"])
    assert done.exit_code == 1
    assert "not seen  project p: cloudresourcemanager does not answer" in done.output
