"""Payloads of the events that the functions get, read without side effects."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from crime_pipelines.errors import InputError
from crime_pipelines.sources import is_taken_by_dataproc

#: The type of an event, from Eventarc or a push subscription.
PUBSUB: Final = "google.cloud.pubsub.topic.v1.messagePublished"
FINALIZED: Final = "google.cloud.storage.object.v1.finalized"
_NOTIFIED: Final = "OBJECT_FINALIZE"
#: Of 64 bits.
_GENERATION: Final = re.compile("[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Landed:
    """An object has landed.

    Attributes:
        bucket: its bucket.
        name: its name.
        generation: which of the objects of that name it is.
        checksum: of its content (crc32c); empty where the event does not tell.
        is_empty: whether the event tells that it has no content.
    """

    bucket: str
    name: str
    generation: str
    checksum: str
    is_empty: bool = False

    @property
    def uri(self) -> str:
        """The object's URI."""
        return f"gs://{self.bucket}/{self.name}"


@dataclass(frozen=True, slots=True)
class Tick:
    """The scheduler ticks.

    Attributes:
        moment: when it did.
    """

    moment: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """It is time to look after the run that is under way."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Nothing that a run begins with.

    Attributes:
        why: the reason.
        uri: what it is about.
    """

    why: str
    uri: str


def arrival(kind: str, data: object) -> Landed | Tick | Look | PassedOver:
    """Read an event of the topic of landed files, or of the bucket itself.

    Args:
        kind: the event's type.
        data: its data.

    Returns:
        What happened.

    Raises:
        InputError: it is none of ours, and will not become one by being delivered again.
    """
    if kind == FINALIZED:
        return _landed(_mapping(data, "the event's data"), {})
    if kind != PUBSUB:
        raise InputError(f"an event of type {kind[:80]!r}: neither a message nor a landed object")
    message = _message(data)
    attributes = _mapping(message.get("attributes") or {}, "the message's attributes")
    event = attributes.get("eventType")
    if event == _NOTIFIED:
        return _landed(_content(message) if message.get("data") else {}, attributes)
    if event is not None:
        return PassedOver(
            f"the event is {event}", f"gs://{attributes.get('bucketId')}/{attributes.get('objectId')}"
        )
    asked = _content(message)
    if asked.get("scheduled") is True:
        return Tick(_moment(message))
    if asked.get("look") is True:
        return Look()
    raise InputError("the message is neither a notification of Cloud Storage nor a tick of the scheduler")


def content(kind: str, data: object) -> dict[str, Any]:
    """Return the JSON object that a message holds.

    Args:
        kind: the event's type.
        data: its data.

    Returns:
        The object.

    Raises:
        InputError: the event is no message, or the message holds no JSON object.
    """
    if kind != PUBSUB:
        raise InputError(f"an event of type {kind[:80]!r} is not a message")
    return _content(_message(data))


def text_of(message: Mapping[str, Any], name: str) -> str:
    """Return a text that a message must hold.

    Args:
        message: the message's content.
        name: the text's name.

    Returns:
        The text.

    Raises:
        InputError: it is missing, empty or no text; half of a surrogate pair is none.
    """
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"the message has no {name}")
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        raise InputError(f"the message's {name} is not Unicode text: {value[:80]!a}")
    return value


def _landed(resource: Mapping[str, Any], attributes: Mapping[str, Any]) -> Landed | PassedOver:
    # The attributes come from Pub/Sub itself and are always there; the resource may be left out.
    bucket = text_of({"bucket": attributes.get("bucketId") or resource.get("bucket")}, "bucket")
    name = text_of({"name": attributes.get("objectId") or resource.get("name")}, "name")
    generation = str(attributes.get("objectGeneration") or resource.get("generation") or "")
    if not _GENERATION.fullmatch(generation):
        raise InputError(f"gs://{bucket}/{name}: the event names no generation")
    if not is_taken_by_dataproc(name):
        return PassedOver("neither .csv nor .csv.gz, or hidden", f"gs://{bucket}/{name}")
    checksum = resource.get("crc32c")
    is_empty = str(resource.get("size", "")) == "0"
    return Landed(bucket, name, generation, checksum if isinstance(checksum, str) else "", is_empty)


def _message(data: object) -> Mapping[str, Any]:
    return _mapping(_mapping(data, "the event's data").get("message"), "the event's message")


def _content(message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        packed = message.get("data")
        found = json.loads(base64.b64decode(packed or "", validate=True))
    except (binascii.Error, RecursionError, TypeError, ValueError) as error:
        raise InputError(f"the message is not JSON ({error})") from error
    return dict(_mapping(found, "the message"))


def _moment(message: Mapping[str, Any]) -> datetime:
    text = text_of(
        {"publish time": message.get("publishTime") or message.get("publish_time")}, "publish time"
    )
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise InputError(f"the message's publishTime {text[:40]!r} can't be read") from error


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{what} is not a JSON object")
    return value
