"""The local cloud: from an object that lands to a job on local Spark, and what becomes of its cluster."""

from __future__ import annotations

import hashlib
import json
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.cloud import bigquery
from google.cloud import storage as google_storage

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import SOCKET, publish, storage_client, subscriber, warehouse_client
from crime_pipelines.cloud.dataproc.attempts import Attempt, State
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.dataproc.starting import operations_of, start_once
from crime_pipelines.cloud.dataproc.submission import Submission
from crime_pipelines.cloud.dataproc.templates import package_name, workflow_template
from crime_pipelines.cloud.functions.surges import SURGES_PUBLISHED
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.localcloud import prerequisites as needs
from crime_pipelines.localcloud.calls.record import Call
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.dataproc.job_runner import JOURNAL
from crime_pipelines.localcloud.faults import FILE as FAULTS
from crime_pipelines.localcloud.faults import Fault, Faults
from crime_pipelines.localcloud.pubsub_watch import watching
from tests.cloud.local import needs_local_cloud
from tests.cloud.machine import processes_in, processes_of
from tests.cloud.surge import DAYS, MANY, id_of, incidents, received
from tests.waiting import eventually

TINY = Path(__file__).parents[1] / "cloud" / "tiny_job.py"
CSV = "id,occurred_at,arrest\n1,2024-02-29T22:30:00,true\n2,2024-03-10T02:30:00,false\n3,,\n"


class Cloud:
    """The local cloud with a job of its own in place of the project's."""

    def __init__(self, local: LocalCloud) -> None:
        self.local, self.settings = local, local.settings
        self.storage: google_storage.Client = storage_client(self.settings)
        code = self.storage.bucket(self.settings.code_bucket)
        for job in ("job_parquet.py", "job_bigquery.py"):
            code.blob(f"jobs/{job}").upload_from_filename(str(TINY))
        package = local.folder / "package.zip"
        with zipfile.ZipFile(package, "w") as packed:
            packed.writestr("marker.py", "WORD = 'packed'\n")
        code.blob(package_name()).upload_from_filename(str(package))
        table = bigquery.Table(
            f"{self.settings.project}.{self.settings.dataset}.tiny",
            schema=[
                bigquery.SchemaField("id", "INTEGER"),
                bigquery.SchemaField("occurred_at", "DATETIME"),
                bigquery.SchemaField("arrest", "BOOLEAN"),
                bigquery.SchemaField("word", "STRING"),
            ],
        )
        with closing(warehouse_client(self.settings)) as client:
            client.create_table(table)
        self.dataproc = Dataproc(self.settings)

    def land(self, name: str) -> str:
        """An object lands; its run."""
        blob = self.storage.bucket(self.settings.landing_bucket).blob(name)
        blob.upload_from_string(CSV)
        return run_ids.of_object(name, str(blob.crc32c))

    def submit(self, name: str, **options: Any) -> str:
        """Submit a job that reads a name; its operation."""
        submission = Submission(name, f"gs://{self.settings.landing_bucket}/{name}.csv", 0)
        return start_once(
            self.settings, self.storage, self.dataproc, submission, uuid.uuid4().hex, **options
        ).operation

    def operation_of(self, run_id: str) -> str:
        def noted() -> str:
            return next(iter(operations_of(self.settings, self.storage, run_id)), "")

        return str(eventually(noted))

    def wait(self, operation: str) -> tuple[Attempt, list[str]]:
        told: list[str] = []
        over = self.dataproc.wait(operation, lambda each: told.append(each.detail), poll_seconds=0.05)
        return over, told

    def journal(self) -> list[dict[str, Any]]:
        path = self.local.folder / "dataproc" / JOURNAL
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def clusters(self, run_id: str) -> list[str]:
        """What happened to a run's clusters, as the endpoint noted it."""
        events = self.journal()
        own = {each["cluster"] for each in events if each.get("labels", {}).get("run-id") == run_id}
        return [each["event"] for each in events if each.get("cluster") in own]

    def assert_gone(self, run_id: str) -> None:
        """The run's cluster was made and deleted, and nothing of it is left."""
        assert self.clusters(run_id) == ["cluster created", "cluster deleted"]
        assert list((self.local.folder / "dataproc" / "clusters").iterdir()) == []
        (attempt,) = self.dataproc.attempts(run_id)
        assert attempt.state.is_over
        assert not processes_in(self.local.folder / "dataproc" / "clusters")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    needs_local_cloud()
    with LocalCloud(tmp_path_factory.mktemp("local cloud"), 1, with_code=False) as local:
        cloud = Cloud(local)
        yield cloud
        # it goes down with a job at work
        cloud.submit("hang-down")
        eventually(lambda: processes_in(cloud.local.folder / "dataproc" / "clusters"))
        cloud.dataproc.close()
    assert not processes_of(local.folder)
    assert cloud.clusters("hang-down") == ["cluster created", "cluster deleted"]


@pytest.mark.slow
def test_a_landed_file_is_read_by_a_job_on_a_cluster_that_goes(cloud: Cloud) -> None:
    run_id = cloud.land("tiny.csv")
    over, told = cloud.wait(cloud.operation_of(run_id))
    assert over.state is State.DONE, over
    assert told[-1] == "the job is done and the cluster is gone"
    with closing(warehouse_client(cloud.settings)) as client:
        rows = query(
            client, "SELECT id, occurred_at, arrest, word FROM crime.tiny WHERE word = 'packed' ORDER BY 1"
        )
    assert rows == [
        (1, datetime(2024, 2, 29, 22, 30), True, "packed"),
        (2, datetime(2024, 3, 10, 2, 30), False, "packed"),
        (3, None, None, "packed"),
    ]
    names = [blob.name for blob in cloud.storage.list_blobs(cloud.settings.lake_bucket, prefix="tiny/")]
    assert f"tiny/{run_id}/_SUCCESS" in names
    cloud.assert_gone(run_id)


@pytest.mark.slow
def test_many_rows_take_many_requests(cloud: Cloud) -> None:
    run_id = cloud.land("many.csv")
    over, _ = cloud.wait(cloud.operation_of(run_id))
    assert over.state is State.DONE, over
    with closing(warehouse_client(cloud.settings)) as client:
        counted = "COUNT(*), COUNT(DISTINCT id), MIN(occurred_at), MAX(LENGTH(word))"
        assert query(client, f"SELECT {counted} FROM crime.tiny WHERE word <> 'packed'") == [
            (150_000, 150_000, datetime(2024, 2, 29, 22, 30), 99)
        ]


@pytest.mark.slow
def test_a_lost_worker_costs_a_task_and_not_the_job(cloud: Cloud) -> None:
    Faults(Path(cloud.settings.dataproc_endpoint.removeprefix(SOCKET)).with_name(FAULTS)).ask_for(
        Fault.WORKER, 1
    )
    run_id = cloud.land("lost.csv")
    over, _ = cloud.wait(cloud.operation_of(run_id))
    assert over.state is State.DONE, over
    (job,) = (each["job"] for each in cloud.journal() if run_id in each.get("arguments", []))
    own = [each["event"] for each in cloud.journal() if each.get("job") == job]
    assert own == ["job submitted", "worker lost", "job over"]
    cloud.assert_gone(run_id)
    assert not (needs.spark_home() / "work").exists()


@pytest.mark.slow
def test_a_failing_job_says_why_and_its_cluster_goes(cloud: Cloud) -> None:
    over, _ = cloud.wait(cloud.submit("fail"))
    assert over.state is State.FAILED
    assert over.detail.endswith("ended with exit code 1: ValueError: this job was made to fail")
    cloud.assert_gone("fail")


@pytest.mark.slow
def test_a_job_whose_files_are_gone_fails(cloud: Cloud) -> None:
    blob = cloud.storage.bucket(cloud.settings.code_bucket).blob("jobs/job_parquet.py")
    content = blob.download_as_bytes()
    blob.delete()
    try:
        over, _ = cloud.wait(cloud.submit("nothing"))
    finally:
        blob.upload_from_string(content)
    assert over.state is State.FAILED
    assert "its files can't be fetched" in over.detail
    cloud.assert_gone("nothing")


@pytest.mark.slow
def test_a_job_that_hangs_is_ended_in_time(cloud: Cloud) -> None:
    template = workflow_template(cloud.settings)
    template.dag_timeout = timedelta(seconds=4)
    _put(cloud, template)
    try:
        over, _ = cloud.wait(cloud.submit("hang-timeout"))
    finally:
        cloud.dataproc.put_templates()
    assert (over.state, over.detail) == (State.FAILED, "the workflow took longer than its dag_timeout")
    cloud.assert_gone("hang-timeout")


def test_a_cancelled_job_ends_and_its_cluster_goes(cloud: Cloud) -> None:
    operation = cloud.submit("hang-cancel")
    eventually(lambda: processes_in(cloud.local.folder / "dataproc" / "clusters"))
    (attempt,) = cloud.dataproc.attempts("hang-cancel")
    cloud.dataproc.cancel(attempt)
    over, _ = cloud.wait(operation)
    assert (over.state, over.detail) == (State.CANCELLED, "cancelled by request")
    cloud.assert_gone("hang-cancel")


def test_a_batch_runs_without_a_cluster(cloud: Cloud) -> None:
    over, _ = cloud.wait(cloud.submit("fail-batch", serverless=True))
    assert (over.kind, over.state) == ("batch", State.FAILED)
    assert over.detail.endswith("ValueError: this job was made to fail")
    assert cloud.clusters("fail-batch") == []


def test_a_surge_arrives_at_its_topic_once_however_often_a_run_is_told(cloud: Cloud) -> None:
    settings = cloud.settings
    with closing(warehouse_client(settings)) as client:
        client.query_and_wait(incidents(settings))
    kept = f"projects/{settings.project}/subscriptions/{settings.surges_topic}-kept"
    with watching(cloud.local) as watch:
        # three deliveries at once: those that lose the race for the note fail and come again
        for run_id in ("a-run", "a-run", "an-earlier-run"):
            publish(settings, settings.answers_topic, {"run_id": run_id})
        watch.until(lambda: len(watch.logged("watch_surges", SURGES_PUBLISHED, "a-run")) > 1)
        watch.until(lambda: watch.logged("watch_surges", SURGES_PUBLISHED, "an-earlier-run"))
        with subscriber() as client:
            (message, *_) = client.pull(subscription=kept, max_messages=1).received_messages
            surge = json.loads(message.message.data)
            assert (surge["id"], surge["incidents"]) == (id_of(8, DAYS - 1), MANY)
            # refused, it is delivered again
            client.modify_ack_deadline(subscription=kept, ack_ids=[message.ack_id], ack_deadline_seconds=0)
        messages = eventually(lambda: received(kept))
        assert all(each == surge for each in messages)
        publish(settings, settings.answers_topic, {"run_id": "a-later-run"})
        (done,) = watch.until(lambda: watch.logged("watch_surges", SURGES_PUBLISHED, "a-later-run"))
    assert done["surges"] == 0
    assert received(kept) == []
    surges = {call for call in cloud.local.calls if call.account in ("surges", "push")}
    assert Call("push", "run.routes.invoke", "function/watch-surges") in surges
    assert Call("surges", "pubsub.topics.publish", "topic/surges") in surges


def test_jars_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crime_pipelines.errors import PipelineError
    from crime_pipelines.localcloud.jars import Jar, fetched

    monkeypatch.setenv("CRIME_PIPELINES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CRIME_PIPELINES_MAVEN", tmp_path.as_uri())
    (tmp_path / "a.jar").write_bytes(b"something else")
    with pytest.raises(PipelineError, match="is not the file that was expected"):
        fetched(Jar("a.jar", "0" * 64))
    with pytest.raises(PipelineError, match="can't be fetched"):
        fetched(Jar("b.jar", "0" * 64))
    assert list((tmp_path / "cache" / "jars").iterdir()) == []
    right = Jar("a.jar", hashlib.sha256(b"something else").hexdigest())
    assert fetched(right).read_bytes() == b"something else"
    (tmp_path / "a.jar").unlink()
    assert fetched(right).name == "a.jar"  # from the cache


def _put(cloud: Cloud, template: Any) -> None:
    """Put a template in the place of the one that is there."""
    place = f"projects/{cloud.settings.project}/regions/{cloud.settings.region}"
    template.name = f"{place}/workflowTemplates/{template.id}"
    service = cloud.dataproc._templates
    template.version = service.get_workflow_template(name=template.name).version
    service.update_workflow_template(template=template)
