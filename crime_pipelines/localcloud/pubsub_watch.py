"""Waiting for what the local cloud does: messages on its topics, and what goes wrong in it meanwhile."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crime_pipelines.cloud.clients import subscriber
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.localcloud.cloud import DEAD_LETTERS, LocalCloud
from crime_pipelines.localcloud.processes import Server

if TYPE_CHECKING:
    from google.cloud.pubsub_v1.subscriber.message import Message

_POLL_SECONDS: Final = 0.1
#: How the functions begin the line by which they are done with what can never succeed.
_GIVEN_UP: Final = "given up: "
_SUBSCRIPTION: Final = "CloudPubSubDeadLetterSourceSubscription"
_Found = TypeVar("_Found")


class Inbox:
    """Messages of a topic, as they come."""

    def __init__(self) -> None:
        """Empty at first."""
        self._messages: queue.SimpleQueue[tuple[dict[str, Any], Mapping[str, str]]] = queue.SimpleQueue()

    def take(self, message: Message) -> None:
        """Take a message in.

        Args:
            message: the message, JSON.
        """
        self._messages.put((json.loads(message.data or b"{}"), dict(message.attributes)))
        message.ack()

    def next(self) -> tuple[dict[str, Any], Mapping[str, str]] | None:
        """Return the next message and its attributes; None where there is none yet."""
        try:
            return self._messages.get_nowait()
        except queue.Empty:
            return None


@contextmanager
def inbox(subscription: str) -> Iterator[Inbox]:
    """Receive a subscription's messages.

    Args:
        subscription: its full name.

    Yields:
        Where they come in.
    """
    box = Inbox()
    client = subscriber()
    receiving = client.subscribe(subscription, callback=box.take)
    try:
        yield box
    finally:
        receiving.cancel()
        receiving.result()


class Watch:
    """Waits for what is to happen, and fails as soon as it can't."""

    def __init__(self, cloud: LocalCloud, dead_letters: Inbox) -> None:
        """Nothing is waited for yet.

        Args:
            cloud: the cloud.
            dead_letters: what its functions could not handle.
        """
        self._cloud, self._dead_letters = cloud, dead_letters

    def until(self, look: Callable[[], _Found | None]) -> _Found:
        """Wait for something.

        Args:
            look: gives it as soon as it is there, and nothing before.

        Returns:
            What it gave.

        Raises:
            InputError: a function has given up.
            PipelineError: a part of the cloud has ended, or a message could not be handled.
        """
        while True:
            found = look()
            if found:
                return found
            self.check()
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Make sure that nothing has gone wrong.

        Raises:
            InputError: a function has given up.
            PipelineError: a part of the cloud has ended, or a message could not be handled.
        """
        for server in self._cloud.running():
            if server.ended is not None:
                raise PipelineError(f"{server.name} ended: {server.last_words()}")
        for server in self._cloud.servers:
            for entry in server.log_entries():
                if str(entry.get("message", "")).startswith(_GIVEN_UP):
                    raise InputError(str(entry["message"]).removeprefix(_GIVEN_UP))
        letter = self._dead_letters.next()
        if letter:
            name = letter[1].get(_SUBSCRIPTION, "a function").replace("-", "_")
            raise PipelineError(f"{name} could not handle {letter[0]}: {self._last_error(name)}")

    def logged(self, function: str, message: str, run_id: str) -> list[dict[str, Any]]:
        """Return the entries of a function's log with a message about a run.

        Args:
            function: its entry point.
            message: the message.
            run_id: the run.

        Returns:
            The entries so far.
        """
        wanted = (message, run_id)
        entries = self._log_of(function)
        return [each for each in entries if (each.get("message"), each.get("run_id")) == wanted]

    def _log_of(self, function: str) -> list[dict[str, Any]]:
        return [entry for server in self._servers_of(function) for entry in server.log_entries()]

    def _servers_of(self, function: str) -> list[Server]:
        return [server for server in self._cloud.servers if server.name.endswith(f" {function}")]

    def _last_error(self, function: str) -> str:
        errors = [entry for entry in self._log_of(function) if entry.get("severity") == "ERROR"]
        if errors:
            return str(errors[-1].get("message"))
        return next((server.last_words() for server in self._servers_of(function)), "it said nothing")


@contextmanager
def watching(cloud: LocalCloud) -> Iterator[Watch]:
    """Watch over a cloud.

    Args:
        cloud: the cloud.

    Yields:
        What waits.
    """
    with inbox(f"projects/{cloud.settings.project}/subscriptions/{DEAD_LETTERS}") as dead_letters:
        yield Watch(cloud, dead_letters)
