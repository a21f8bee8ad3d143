"""Starting runs: of what has landed (`arrivals`), and of what someone asks for."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from google.api_core.exceptions import NotFound

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.allowed_sources import refuse_other_sources
from crime_pipelines.cloud.dataproc.starting import start_once
from crime_pipelines.cloud.dataproc.submission import Submission
from crime_pipelines.cloud.functions.arrivals import Arrivals, say
from crime_pipelines.cloud.functions.events import Landed, Look, PassedOver, Tick, text_of
from crime_pipelines.cloud.layouts import refuse_other_layouts
from crime_pipelines.domain.periods.as_of import LATEST
from crime_pipelines.errors import InputError

if TYPE_CHECKING:
    from google.cloud.storage import Client

    from crime_pipelines.cloud.dataproc.client import Dataproc
    from crime_pipelines.cloud.settings import Settings

#: Stands in a marker's name in place of an object's generation.
_HTTP: Final = "http"
_ASKED: Final = frozenset(
    {"source", "run_id", "shift_years", "as_of", "layout", "architecture", "serverless"}
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that was requested over HTTP.

    Attributes:
        submission: the run.
        occasion: what tells repeats of the request from new ones.
        architecture: 1 or 2.
        serverless: as a batch instead of on a cluster.
    """

    submission: Submission
    occasion: str
    architecture: int
    serverless: bool


def on_arrival(
    event: Landed | Tick | Look | PassedOver, settings: Settings, storage: Client, dataproc: Dataproc
) -> None:
    """Start the run that an event calls for, once; see `arrivals`.

    Args:
        event: what happened.
        settings: the settings.
        storage: Cloud Storage.
        dataproc: Dataproc.

    Raises:
        InputError: the event calls for a run that can't be.
        google.api_core.exceptions.GoogleAPICallError: a service fails; the event may be delivered again.
    """
    if isinstance(event, PassedOver):
        _log.info("passed over: %s", event.why, extra={"uri": event.uri})
        return
    if isinstance(event, Landed) and event.bucket != settings.landing_bucket:
        _on_other(event, settings, storage, dataproc)
        return
    Arrivals(settings, storage, dataproc).go_on(
        tick=run_ids.occasion_of_tick(event.moment) if isinstance(event, Tick) else "",
        only_if_waiting=isinstance(event, Look),
    )


def _on_other(event: Landed, settings: Settings, storage: Client, dataproc: Dataproc) -> None:
    """Start a run of an object of another bucket than the landing bucket."""
    refuse_other_sources(event.uri, settings)
    if event.is_empty:
        _log.info("passed over: it is empty", extra={"uri": event.uri})
        return
    checksum = event.checksum or _checksum(event, storage)
    if not checksum:
        _log.warning("the object is gone or was replaced", extra={"uri": event.uri})
        return
    run_id = run_ids.of_object(event.name, checksum)
    submission = Submission(run_id, event.uri, settings.shift_years, layout=settings.layout)
    say(submission, start_once(settings, storage, dataproc, submission, event.generation))


def body_of(data: bytes) -> object:
    """Read the body of a request.

    Args:
        data: the bytes as they came.

    Returns:
        Any JSON value.

    Raises:
        InputError: it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(data)
    except (RecursionError, ValueError) as error:
        raise InputError(f"the request is not JSON ({str(error)[:100]})") from error


def asked(body: object, settings: Settings, moment: datetime | None = None) -> Asked:
    """Read a request.

    Args:
        body: the request's JSON.
        settings: the settings, for what it leaves open.
        moment: when it came.

    Returns:
        What it asks for.

    Raises:
        InputError: it can't be had.
    """
    if not isinstance(body, Mapping):
        raise InputError("the request is not a JSON object")
    unknown = sorted(str(name)[:40] for name in set(body) - _ASKED)
    if unknown:
        raise InputError(f"the request asks for {', '.join(unknown)}; there is {', '.join(sorted(_ASKED))}")
    source = text_of(body, "source")
    refuse_other_sources(source, settings)
    layout = text_of(body, "layout") if body.get("layout") else settings.layout
    refuse_other_layouts(layout, settings)
    named = text_of(body, "run_id") if "run_id" in body else None
    submission = Submission(
        named or run_ids.of_request(source, moment or datetime.now(UTC)),
        source,
        _whole(body, "shift_years", settings.shift_years),
        text_of(body, "as_of") if body.get("as_of") else LATEST,
        layout,
    )
    serverless = body.get("serverless", False)
    if not isinstance(serverless, bool):
        raise InputError("serverless is neither true nor false")
    architecture = _whole(body, "architecture", settings.architecture)
    return Asked(submission, _HTTP if named else str(uuid.uuid4()), architecture, serverless)


def on_request(request: Asked, settings: Settings, storage: Client, dataproc: Dataproc) -> dict[str, Any]:
    """Start a run that someone asks for; one that is named, once.

    Args:
        request: what is asked for.
        settings: the settings, for the request's architecture.
        storage: Cloud Storage.
        dataproc: Dataproc, for the same settings.

    Returns:
        What to answer.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: a service fails; asking again is safe for a named run.
    """
    started = start_once(
        settings, storage, dataproc, request.submission, request.occasion, serverless=request.serverless
    )
    say(request.submission, started)
    return {
        "run_id": request.submission.run_id,
        "operation": started.operation,
        "started": not started.again,
    }


def _checksum(event: Landed, storage: Client) -> str:
    """Return the checksum of an object whose notification does not tell it; empty where it is gone."""
    blob = storage.bucket(event.bucket).blob(event.name, generation=int(event.generation))
    try:
        blob.reload()
    except NotFound:
        return ""
    return str(blob.crc32c or "")


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{name} is not a whole number")
    return value
