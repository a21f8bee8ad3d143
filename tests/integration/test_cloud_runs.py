"""Both architectures from end to end: whatever is delivered, run or killed again changes no answer."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import publish, publisher, storage_client, topic_path, warehouse_client
from crime_pipelines.cloud.dataproc.attempts import State
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.warehouse.answers import read
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.engines.testing.inputs import row
from crime_pipelines.engines.testing.suite import answers_of, same
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.dataproc.job_runner import JOURNAL
from crime_pipelines.localcloud.pubsub_watch import Watch, inbox, watching
from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate
from tests.cloud.local import needs_local_cloud
from tests.cloud.machine import processes_in
from tests.waiting import eventually

pytestmark = pytest.mark.slow


class Cloud:
    """A local cloud, and what a file makes of it."""

    def __init__(self, local: LocalCloud, watch: Watch, stack: ExitStack) -> None:
        self.local, self.settings, self.watch = local, local.settings, watch
        self.storage = storage_client(self.settings)
        self.dataproc = Dataproc(self.settings)
        stack.callback(self.dataproc.close)
        subscription = local.subscribe("test-answers", self.settings.answers_topic)
        self.answered = stack.enter_context(inbox(subscription))

    def land(self, path: Path) -> tuple[str, Any]:
        blob = self.storage.bucket(self.settings.landing_bucket).blob(path.name)
        blob.upload_from_filename(str(path))
        return run_ids.of_object(blob.name, str(blob.crc32c)), blob

    def wait_for_answers(self, run_id: str) -> None:
        message, _ = self.watch.until(self.answered.next)
        assert message == {"run_id": run_id}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(warehouse_client(self.settings)) as client:
            return query(client, sql)

    def attempts(self, table: str = "incident_versions") -> dict[str, int]:
        return dict(
            self.rows(
                f"SELECT attempt, COUNT(*) FROM crime.{table} WHERE loaded_at > '1970-01-02' GROUP BY 1"
            )
        )

    def answers(self) -> dict[str, list[tuple[Any, ...]]]:
        with closing(warehouse_client(self.settings)) as client:
            return {name: answer.rows for name, answer in read(self.settings, client).items()}

    def events(self, event: str) -> int:
        path = self.local.folder / "dataproc" / JOURNAL
        lines = path.read_text(encoding="utf-8").splitlines()
        return sum(json.loads(line)["event"] == event for line in lines)

    def said(self, function: str, text: str) -> int:
        (server,) = [each for each in self.local.servers if each.name.endswith(f" {function}")]
        return sum(each.get("message") == text for each in server.log_entries())

    def notify_again(self, blob: Any) -> None:
        """Cloud Storage's notification of an object, once more."""
        resource = {"bucket": blob.bucket.name, "name": blob.name, "generation": str(blob.generation)}
        with publisher() as client:
            client.publish(
                topic_path(self.settings, self.settings.files_topic),
                json.dumps({**resource, "crc32c": blob.crc32c}).encode(),
                eventType="OBJECT_FINALIZE",
                bucketId=blob.bucket.name,
                objectId=blob.name,
                objectGeneration=str(blob.generation),
            ).result()

    def kill_job(self, midway: Callable[[], Any]) -> None:
        eventually(midway)
        for pid in processes_in(self.local.folder / "dataproc" / "clusters"):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(params=[1, 2])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    needs_local_cloud()
    folder = tmp_path / "cloud"
    folder.mkdir()
    with ExitStack() as stack:
        local = stack.enter_context(LocalCloud(folder, request.param))
        yield Cloud(local, stack.enter_context(watching(local)), stack)


def test_delivering_running_and_killing_again_change_no_answer(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "crimes.csv"
    generate(path, 1_500, seed=51, years=9, defects=0.05)
    later = [row(key, Arrest="true", Updated_On="02/11/2028 03:50:01 PM") for key in (1, 2)]
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write("".join(f"{each}\n" for each in [*later, row(1), row(2)]))
    record = run(str(path), tmp_path / "out", max_rejected=1).record
    versions = record.incidents + record.superseded

    run_id, blob = cloud.land(path)
    cloud.wait_for_answers(run_id)
    answers = cloud.answers()
    for name, wanted in answers_of(tmp_path / "out").items():
        assert len(answers[name]) == len(wanted), name
        for got, texts in zip(answers[name], wanted, strict=True):
            assert all(same(text, value) for text, value in zip(texts, got, strict=True)), (got, texts)
    (first,) = cloud.attempts().items()
    assert first[1] == versions
    assert cloud.attempts("rejects") == {first[0]: record.rejects}

    # the event again, and what the job said; architecture 2 has its answers before the job is over
    cloud.watch.until(lambda: cloud.said("start_processing", "the run is over"))
    nothing = "nothing new has landed"
    before = cloud.said("start_processing", nothing)
    for _ in range(2):
        cloud.notify_again(blob)
    cloud.watch.until(lambda: cloud.said("start_processing", nothing) >= before + 2)
    if cloud.settings.architecture == 1:
        uri = f"gs://{cloud.settings.lake_bucket}/runs/{run_id}/manifest.json"
        told = {"run_id": run_id, "architecture": 1, "manifest": uri}
        publish(cloud.settings, cloud.settings.finished_topic, told)
        cloud.wait_for_answers(run_id)
        assert cloud.said("load_tables", "loaded before") == 1
    assert cloud.events("cluster created") == 1
    assert cloud.attempts() == dict([first])
    assert cloud.answers() == answers

    # the same file again is the same run; its job is killed midway
    assert cloud.land(path)[0] == run_id
    cloud.kill_job(lambda: _is_midway(cloud, run_id, first[0]))
    eventually(lambda: cloud.events("cluster deleted") == 2)
    killed, _ = cloud.dataproc.attempts(run_id)
    assert killed.state is State.FAILED
    assert cloud.rows("SELECT COUNT(*) FROM crime.incidents") == [(record.incidents,)]
    assert cloud.answers() == answers

    # and once more, to its end: it replaces its own rows
    cloud.land(path)
    cloud.wait_for_answers(run_id)
    (last,) = cloud.attempts().items()
    assert last[1] == versions
    assert last[0] != first[0]
    assert cloud.attempts("rejects") == {last[0]: record.rejects}
    assert cloud.rows("SELECT COUNT(*) FROM crime.runs") == [(1,)]
    assert cloud.answers() == answers
    eventually(lambda: cloud.events("cluster deleted") == cloud.events("cluster created") == 3)
    assert not processes_in(cloud.local.folder / "dataproc" / "clusters")


def _is_midway(cloud: Cloud, run_id: str, first: str) -> bool:
    """Whether another attempt than the first has written something."""
    if cloud.settings.architecture == 2:
        return len(cloud.attempts()) > 1
    prefix = f"runs/{run_id}/attempts/"
    found = cloud.storage.list_blobs(cloud.settings.lake_bucket, prefix=prefix)
    return any(not blob.name.startswith(f"{prefix}{first}/") for blob in found)
