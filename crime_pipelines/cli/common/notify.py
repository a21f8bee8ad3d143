"""Notifications: a JSON message to a URL when a command has ended, whichever way."""

from __future__ import annotations

import http.client
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import click

from crime_pipelines import __version__
from crime_pipelines.cli.common.errors import exit_code_of, in_one_line

_SECONDS: Final = 10.0
_log = logging.getLogger(__name__)

notify_option = click.option(
    "--notify",
    metavar="URL",
    help="POST a JSON message to this URL at the end, on success and on failure. Its text is also in the "
    "field `text`, which Slack and Mattermost show.",
)


@contextmanager
def notifying(url: str | None, **fields: Any) -> Iterator[dict[str, Any]]:
    """Send a message when the block is left.

    A message that can't be sent is a warning, and changes nothing about how the command ends.

    Args:
        url: where to send it; None for nowhere.
        fields: what the message says in any case, `command` among it.

    Yields:
        Where to put what it says on success, `text` among it.

    Raises:
        click.UsageError: the URL is not one of HTTP.
    """
    if url is None:
        yield {}
        return
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise click.UsageError("--notify needs an http:// or https:// URL")
    always = {"version": __version__, **fields}
    found: dict[str, Any] = {}
    try:
        yield found
    except BaseException as error:
        why = in_one_line(error)
        text = f"crime-pipelines {fields['command']} failed: {why}"
        _post(
            url, {**always, "status": "failed", "exit_code": exit_code_of(error), "error": why, "text": text}
        )
        raise
    _post(url, {**always, "status": "succeeded", "exit_code": 0, **found})


def _post(url: str, message: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url,
        json.dumps(message, ensure_ascii=False, default=str).encode(),
        {"Content-Type": "application/json", "User-Agent": f"crime-pipelines/{__version__}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
            pass
    except (OSError, ValueError, http.client.HTTPException) as error:
        # The rest of the URL may be a secret: whoever knows a webhook's path may post to it.
        _log.warning("--notify: %s could not be told (%s)", urlsplit(url).hostname, in_one_line(error))
