"""docs/deploy.md walked in the local cloud: each command that is executed there, as it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import storage_client, warehouse_client
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.guard.names import TOKEN_HEADER
from tests.cloud.local import needs_local_cloud
from tests.integration.test_demo import PATIENCE
from tests.terraform.test_documents import TEXT, walk_table
from tests.waiting import eventually

#: The walk's file has more rows than a test needs.
ROWS = ("--rows 200000", "--rows 2000")


def walked() -> list[str]:
    """The commands that are executed in the local cloud, in their order."""
    here = "executed in the local cloud"
    begins = tuple(f"{command} " for command, how in walk_table().items() if how.startswith(here))
    lines = [line[4:] for line in TEXT.splitlines() if line.startswith("    ")]
    return [line.replace(*ROWS) for line in lines if line.startswith(begins)]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed")
def test_the_walk_leads_from_a_file_to_answers(tmp_path: Path) -> None:
    needs_local_cloud()
    program = Path(sys.executable).with_name("crime-pipelines")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "crime-pipelines").symlink_to(program)
    with LocalCloud(tmp_path / "cloud", 1) as cloud, closing(warehouse_client(cloud.settings)) as warehouse:
        root, token, _ = cloud.environment["STORAGE_EMULATOR_HOST"].rsplit("/", 2)
        environment = {
            **os.environ,
            **cloud.environment,
            "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"),
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{root}/storage/v1/",
            "CLOUDSDK_STORAGE_ADDITIONAL_HEADERS": f"{TOKEN_HEADER}={token}",
        }
        storage = storage_client(cloud.settings)
        executed = []
        for command in walked():
            if command.startswith("bq query "):
                (statement,) = _words(command, environment)[3:]
                assert query(warehouse, statement), command
            else:
                done = subprocess.run(
                    ["bash", "-euc", command],
                    env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
                )  # fmt: skip
                assert done.returncode == 0, (command, done.stdout, done.stderr)
            executed.append(command)
            if command.startswith("gcloud storage cp demo/crimes.csv.gz"):
                blob = storage.bucket(cloud.settings.landing_bucket).get_blob("crimes.csv.gz")
                environment["RUN"] = run_ids.of_object(blob.name, str(blob.crc32c))
                # the walk waits for the report, which is written last
                page = storage.bucket(cloud.settings.report_bucket).blob("latest/index.html")
                eventually(page.exists, patience=PATIENCE)
            if " dataproc status " in command:
                assert "done" in done.stdout
        assert len(executed) >= 10
        assert (tmp_path / "demo" / "latest" / "index.html").is_file()
        assert (tmp_path / "demo" / "out" / "answers" / "crime_trend.csv").is_file()


def _words(command: str, environment: dict[str, str]) -> list[str]:
    """A command's words, as the shell gives them to its program."""
    call = ["bash", "-euc", f"printf '%s\\0' {command}"]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]
