"""Architecture 1: a finished run goes from the lake into the warehouse, and the answers with it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import publish
from crime_pipelines.cloud.functions.events import text_of
from crime_pipelines.cloud.manifest import FILE
from crime_pipelines.cloud.warehouse.answers import refresh_after
from crime_pipelines.cloud.warehouse.load import load, read_manifest
from crime_pipelines.errors import InputError

if TYPE_CHECKING:
    from crime_pipelines.cloud.settings import Settings

_log = logging.getLogger(__name__)


def on_finished(message: Mapping[str, Any], settings: Settings) -> None:
    """Load a run, make the answers anew and say so. Doing it again changes nothing.

    Args:
        message: what the job said: the run, and where its manifest is.
        settings: the settings.

    Raises:
        InputError: the message is none of ours, or the run has no incident.
        PipelineError: the counts do not fit, or BigQuery refuses.
        google.api_core.exceptions.GoogleAPICallError: a service fails; the message may be delivered again.
    """
    run_id = run_ids.checked(text_of(message, "run_id"))
    architecture = message.get("architecture")
    if not isinstance(architecture, int) or isinstance(architecture, bool):
        raise InputError(f"run {run_id}: the message's architecture is not a whole number")
    if architecture != 1:
        _log.info("passed over: the run is in the warehouse already", extra={"run_id": run_id})
        return
    uri = text_of(message, "manifest")
    expected = f"gs://{settings.lake_bucket}/runs/{run_id}/{FILE}"
    if uri != expected:
        raise InputError(f"run {run_id}: its manifest is {expected}, not {uri[:200]}")
    manifest = read_manifest(settings, uri)
    if manifest.run_id != run_id:
        raise InputError(f"{uri}: is the manifest of run {manifest.run_id[:80]}")
    load(settings, manifest)
    as_of_run = refresh_after(settings, manifest)
    publish(settings, settings.answers_topic, {"run_id": as_of_run})
    _log.info(
        "answers are fresh",
        extra={
            "run_id": run_id,
            "as_of_run": as_of_run,
            "read": manifest.read,
            "versions": manifest.versions,
            "rejected": manifest.rejects_count,
        },
    )
