"""The functions' runtime: which failures are worth another delivery, and what every log entry says."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from crime_pipelines.cloud.clients import storage_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import InputError
from crime_pipelines.support.logs import log_fields, set_up_logs

if TYPE_CHECKING:
    from google.cloud.storage import Client

    from crime_pipelines.cloud.dataproc.client import Dataproc

_TRACEPARENT: Final = re.compile("[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}.*")
_CLOUD_TRACE: Final = re.compile("([0-9a-fA-F]{32})(?:/([0-9]{1,20}))?(?:;.*)?")
_log = logging.getLogger(__name__)


@cache
def settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InputError: a setting is missing or wrong.
    """
    return Settings.from_environment()


@cache
def storage() -> Client:
    """Cloud Storage, connected once for all requests that this process handles."""
    return storage_client(settings())


@cache
def dataproc(architecture: int) -> Dataproc:
    """Dataproc, likewise, for the workflow template of an architecture."""
    # Half of a cold start, for the functions that start no run.
    from crime_pipelines.cloud.dataproc.client import Dataproc

    return Dataproc(settings_for(architecture))


def settings_for(architecture: int) -> Settings:
    """Return the settings for an architecture; those of this process keep their own template.

    Args:
        architecture: 1 or 2.

    Returns:
        The settings.

    Raises:
        InputError: there is no such architecture.
    """
    own = settings()
    return own if architecture == own.architecture else own.for_architecture(architecture)


def prepare() -> None:
    """Log as Cloud Logging reads it."""
    set_up_logs("json")


@contextmanager
def handled(event_id: str, headers: Mapping[str, str]) -> Iterator[None]:
    """Handle one event: what can never succeed is logged and done with, all else is raised and comes again.

    Args:
        event_id: the event's id.
        headers: the headers of its delivery.

    Yields:
        Nothing.
    """
    with traced(headers), log_fields(event_id=event_id):
        try:
            yield
        except InputError as error:
            _log.error("given up: %s", one_line(str(error)))


def one_line(text: str) -> str:
    """Make one line of a text that can be sent as UTF-8, whatever an attacker has put into it."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


@contextmanager
def traced(headers: Mapping[str, str]) -> Iterator[None]:
    """Put a request's trace into every log entry, so that Cloud Logging shows them together.

    Args:
        headers: the request's headers.

    Yields:
        Nothing.
    """
    with log_fields(**trace_fields(headers, settings().project)):
        yield


def trace_fields(headers: Mapping[str, str], project: str) -> dict[str, str]:
    """Return the log fields of a request's trace.

    Args:
        headers: the request's headers, their names in any case.
        project: the project.

    Returns:
        The fields; none without a trace.
    """
    given = {name.lower(): value for name, value in headers.items()}
    found = _TRACEPARENT.fullmatch(given.get("traceparent", ""))
    trace, span = found.groups() if found else ("", "")
    if not found:
        older = _CLOUD_TRACE.fullmatch(given.get("x-cloud-trace-context", ""))
        if older:
            trace, span = older[1].lower(), f"{int(older[2]):016x}" if older[2] else ""
    fields = {"logging.googleapis.com/trace": f"projects/{project}/traces/{trace}"} if trace else {}
    return {**fields, "logging.googleapis.com/spanId": span} if span else fields
