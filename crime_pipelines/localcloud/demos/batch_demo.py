"""The demonstration of architectures 1 and 2: from the object that lands to the answers in BigQuery."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import storage_client
from crime_pipelines.cloud.dataproc.attempts import Attempt, State
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.dataproc.starting import operations_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.load import read_manifest
from crime_pipelines.errors import GateError, InputError, PipelineError
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.demos.demo_steps import Steps
from crime_pipelines.localcloud.pubsub_watch import Inbox, Watch, inbox
from crime_pipelines.sources import SourceFile, is_taken_by_dataproc

_POLL_SECONDS: Final = 0.2
#: A job ends with exit code 2 where its input is at fault, with 3 where too much of it is rejected, and says
#: why in one line.
_INPUT_AT_FAULT: Final = re.compile(r".* ended with exit code (?P<code>[23]): (?:[\w.]*Error: )?(?P<text>.*)")
_ERRORS: Final[dict[str, type[PipelineError]]] = {"2": InputError, "3": GateError}


def drive(cloud: LocalCloud, watch: Watch, steps: Steps, file: SourceFile) -> str:
    """Land a file and follow it until the answers are made.

    Args:
        cloud: the cloud.
        watch: waits.
        steps: the steps so far.
        file: the file.

    Returns:
        The run's id.

    Raises:
        InputError: no answers come of this file.
        PipelineError: something goes wrong on the way.
    """
    settings = cloud.settings
    storage = storage_client(settings)
    with ExitStack() as stack:
        finished = stack.enter_context(inbox(cloud.subscribe("demo-finished", settings.finished_topic)))
        answered = stack.enter_context(inbox(cloud.subscribe("demo-answers", settings.answers_topic)))
        with steps.step("land", "the file is uploaded to the landing bucket") as moved:
            run_id, uri = land(settings, file)
            moved.update(bytes=file.size, to=uri)
        with steps.step("start", "its event reaches start_processing, which starts the workflow") as moved:
            operation = watch.until(lambda: next(iter(operations_of(settings, storage, run_id)), ""))
            moved.update(run=run_id)
        with steps.step("job", "Dataproc makes a cluster, runs the job on it and deletes it") as moved:
            moved.update(cluster=_follow(cloud, watch, steps, operation).place)
        if settings.architecture == 1:
            with steps.step("lake", "the job has written Parquet and a manifest to the lake") as moved:
                uri = _message(watch, finished, run_id)["manifest"]
                manifest = read_manifest(settings, uri)
                blobs = [
                    each
                    for each in storage.list_blobs(settings.lake_bucket, prefix=f"runs/{run_id}/attempts/")
                    if each.name.endswith(".parquet")
                ]
                moved.update(
                    rows=manifest.read,
                    versions=manifest.versions,
                    rejected=manifest.rejects_count,
                    files=len(blobs),
                    bytes=sum(each.size for each in blobs),
                )
        what = {
            1: "load_tables loads BigQuery, counts the rows and makes the answers",
            2: "the job has written to BigQuery, counted the rows and made the answers",
        }[settings.architecture]
        with steps.step("load", what):
            _message(watch, answered, run_id)
    return run_id


def land(settings: Settings, file: SourceFile) -> tuple[str, str]:
    """Upload a file to the landing bucket.

    Args:
        settings: the settings.
        file: the file, on this machine.

    Returns:
        The run that its event starts, and its URI.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails.
    """
    if not (file.form.is_plain or file.gzipped):
        raise InputError(
            f"{file.uri}: is {file.form}; Dataproc jobs read comma-separated text, plain or gzipped"
        )
    blob = storage_client(settings).bucket(settings.landing_bucket).blob(_name(file))
    blob.upload_from_filename(file.uri)
    return run_ids.of_object(blob.name, str(blob.crc32c)), f"gs://{settings.landing_bucket}/{blob.name}"


def _name(file: SourceFile) -> str:
    """Return a name that says what the file is: in a bucket, nothing else does."""
    name = Path(file.uri).name
    if is_taken_by_dataproc(name) and name.endswith(".gz") == file.gzipped:
        return name
    stem = re.sub(r"(?i)(\.csv)?(\.gz)?$", "", name, count=1).lstrip("._")
    return f"{stem or 'crimes'}.csv{'.gz' if file.gzipped else ''}"


def _follow(cloud: LocalCloud, watch: Watch, steps: Steps, operation: str) -> Attempt:
    """Follow a workflow to its end."""

    def told(attempt: Attempt) -> None:
        watch.check()
        steps.tell(attempt.detail)

    service = Dataproc(cloud.settings)
    try:
        over = service.wait(operation, told, poll_seconds=_POLL_SECONDS)
    finally:
        service.close()
    if over.state is not State.DONE:
        at_fault = _INPUT_AT_FAULT.fullmatch(over.detail)
        raise _ERRORS[at_fault["code"]](at_fault["text"]) if at_fault else PipelineError(over.detail)
    return over


def _message(watch: Watch, box: Inbox, run_id: str) -> dict[str, str]:
    """Return the message that tells of a run."""
    while True:
        message, _ = watch.until(box.next)
        if message.get("run_id") == run_id:
            return message
