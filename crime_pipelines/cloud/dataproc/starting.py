"""Starting a run once, however often it is asked for (docs/architecture.md, "A run").

A marker object in the lake is made on the condition that it does not exist. Whoever makes it starts the run
and notes the operation in it. Whoever finds it without an operation came between the two steps, or after a
crash between them: the run is asked for again under the same request id, which Dataproc recognises.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from google.api_core.exceptions import AlreadyExists, NotFound, PreconditionFailed
from google.cloud.storage.retry import DEFAULT_RETRY

from crime_pipelines.cloud.dataproc.submission import Submission, request_id

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.storage import Blob, Client

    from crime_pipelines.cloud.dataproc.client import Dataproc
    from crime_pipelines.cloud.settings import Settings

#: An occasion names the marker.
OCCASION: Final = re.compile("[A-Za-z0-9_-]{1,64}")
#: The lake's folder of markers, apart from what runs write.
MARKERS: Final = "markers"
_JSON: Final = "application/json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """The outcome of a request to start a run.

    Attributes:
        operation: the operation's name; empty where another process is about to note it.
        again: whether the run had been started before.
    """

    operation: str
    again: bool


def start_once(
    settings: Settings,
    storage: Client,
    dataproc: Dataproc,
    submission: Submission,
    occasion: str,
    *,
    serverless: bool = False,
) -> Started:
    """Start a run, unless it has been started on this occasion.

    Args:
        settings: the settings.
        storage: Cloud Storage.
        dataproc: Dataproc.
        submission: what the run is to do.
        occasion: what calls for it, such as an object's generation.
        serverless: as a batch instead of on a cluster.

    Returns:
        The operation, and whether it had been started before.

    Raises:
        ValueError: the occasion can't name a marker.
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage or Dataproc fail; asking again is safe.
    """
    if not OCCASION.fullmatch(occasion):
        raise ValueError(f"{occasion!r} can't name a marker")
    request = request_id(submission.run_id, occasion)
    marker = storage.bucket(settings.lake_bucket).blob(f"{_folder(submission.run_id)}{occasion}.json")
    content: dict[str, Any] = {
        **submission.parameters(),
        "architecture": settings.architecture,
        "request_id": request,
        "operation": None,
    }
    # Cloud Storage takes one write a second to an object, and says so to the second: both are repeated.
    retry = DEFAULT_RETRY.with_timeout(settings.retry_seconds)
    made = _create(marker, content, retry)
    if not made:
        noted = _noted(marker)
        if noted:
            return Started(noted, again=True)
    start = dataproc.start_batch if serverless else dataproc.start
    try:
        operation = start(submission, request)
    except AlreadyExists:
        # Another delivery of the same event got there first, and notes the name.
        _log.info("a workflow runs under this request", extra={"request_id": request})
        return Started("", again=True)
    _note(marker, {**content, "operation": operation}, retry)
    return Started(operation, again=not made)


def operations_of(settings: Settings, storage: Client, run_id: str) -> frozenset[str]:
    """Return the operations that a run was started as.

    Args:
        settings: the settings.
        storage: Cloud Storage.
        run_id: the run.

    Returns:
        Their names; none where the run's markers are gone.
    """
    markers = storage.list_blobs(settings.lake_bucket, prefix=_folder(run_id))
    return frozenset(filter(None, (_noted(marker) for marker in markers)))


def _folder(run_id: str) -> str:
    return f"{MARKERS}/{run_id}/"


def _create(marker: Blob, content: dict[str, Any], retry: Retry) -> bool:
    try:
        marker.upload_from_string(json.dumps(content), content_type=_JSON, if_generation_match=0, retry=retry)
    except PreconditionFailed:
        return False
    return True


def _noted(marker: Blob) -> str:
    try:
        found = json.loads(marker.download_as_bytes())
    except NotFound:
        return ""  # a retention rule has taken it away in this moment
    return str(found.get("operation") or "")


def _note(marker: Blob, content: dict[str, Any], retry: Retry) -> None:
    # Whoever notes last notes the same operation: there is one for the request.
    marker.upload_from_string(json.dumps(content), content_type=_JSON, retry=retry)
