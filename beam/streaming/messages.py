"""The feed's messages: read into rows of versions, or put aside as dead letters."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp

from crime_pipelines.beam.streaming.decoding import read_payload
from crime_pipelines.cloud.run_ids import FEED
from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.messages import DEPARTMENT, OTHER_DEPARTMENT, REFUSED, BadMessage
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.versions import Tombstone

METRICS: Final = "crime_pipelines"
DEAD_LETTERS: Final = "dead_letters"
#: Characters of a dead letter's payload and of its error that its row in the warehouse holds.
EXCERPT: Final = 16_384
_NOTHING: Final = dict.fromkeys(COLUMNS)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that can't become a version of an incident, or whose version the warehouse refuses.

    Attributes:
        reason: the reason, of `fields.Reason`, or `REFUSED`, or `OTHER_DEPARTMENT`.
        error: what is wrong, in words.
        payload: the message as it came.
        received_at: when it was published, UTC.
    """

    reason: str
    error: str
    payload: bytes
    received_at: datetime

    @property
    def digest(self) -> str:
        """The SHA-256 of the payload: finds the whole of it among the messages of the topic."""
        return hashlib.sha256(self.payload).hexdigest()

    def row(self) -> dict[str, Any]:
        """Return a row of `schema.warehouse.DEAD_LETTERS`, but for loaded_at: bounded, unlike the payload."""
        try:
            payload, encoding = self.payload.decode("utf-8")[:EXCERPT], "utf-8"
        except UnicodeDecodeError:
            payload, encoding = base64.b64encode(self.payload[: EXCERPT // 4 * 3]).decode("ascii"), "base64"
        return {
            "reason": self.reason,
            "error": self.error[:EXCERPT],
            "payload": payload,
            "encoding": encoding,
            "bytes": len(self.payload),
            "sha256": self.digest,
            "received_at": self.received_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an incident, on its way to the warehouse.

    Attributes:
        value: what the message says.
        payload: the message as it came.
        published_at: when it was published, UTC.
    """

    value: Incident | Tombstone
    payload: bytes
    published_at: datetime

    def row(self, source: str) -> dict[str, Any]:
        """Return a row of `schema.warehouse.INCIDENT_VERSIONS`, but for loaded_at.

        Args:
            source: where the message came from.

        Returns:
            The row, values as JSON has them.
        """
        deleted = type(self.value) is Tombstone
        values = (_NOTHING | self.value._asdict() if deleted else self.value._asdict()).items()
        row = {
            name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in values
        }
        return {**row, "deleted": deleted, "run_id": FEED, "attempt": FEED, "source_file": source}

    def refused(self, error: str) -> DeadLetter:
        """Return the dead letter of a version that the warehouse refuses."""
        return DeadLetter(REFUSED, error, self.payload, self.published_at)


class ReadMessage(beam.DoFn):
    """Reads messages: versions of incidents; tagged, dead letters."""

    def __init__(self, shift_years: int, layout: Layout = CHICAGO) -> None:
        """Remember the shift and the layout.

        Args:
            shift_years: calendar years to move dates by.
            layout: the department's layout.
        """
        super().__init__()
        self._shift_years, self._layout = shift_years, layout
        self._read = Metrics.counter(METRICS, "messages_read")
        self._dead = Metrics.counter(METRICS, "messages_dead")
        self._count = 0

    def start_bundle(self) -> None:
        """Count anew: a counter's own increment takes longer than much of the reading."""
        self._count = 0

    def process(
        self, message: bytes | PubsubMessage, published: Timestamp = beam.DoFn.TimestampParam
    ) -> Sequence[Version | TaggedOutput]:
        """Read one message.

        Args:
            message: the message; with its attributes, where these name its department.
            published: when it was published; a source that is no stream doesn't say so.

        Returns:
            The version; tagged, the dead letter.
        """
        self._count += 1
        known = None if published == MIN_TIMESTAMP else published.to_utc_datetime().replace(tzinfo=UTC)
        published_at = known or datetime.now(UTC)
        payload, department = _opened(message)
        if department and department != self._layout.department:
            own = self._layout.department
            return self._put_aside(OTHER_DEPARTMENT, f"of {department}, not {own}", payload, published_at)
        found = read_payload(payload, self._shift_years, self._layout, known)
        if isinstance(found, BadMessage):
            return self._put_aside(found.reason.value, found.error, payload, published_at)
        return (Version(found, payload, published_at),)

    def _put_aside(
        self, reason: str, error: str, payload: bytes, published_at: datetime
    ) -> Sequence[Version | TaggedOutput]:
        self._dead.inc()
        return (TaggedOutput(DEAD_LETTERS, DeadLetter(reason, error, payload, published_at)),)

    def finish_bundle(self) -> None:
        """Tell what was counted."""
        self._read.inc(self._count)


def _opened(message: bytes | PubsubMessage) -> tuple[bytes, str]:
    """Return a message's payload, and the department that its attributes name; empty for none."""
    if isinstance(message, bytes):
        return message, ""
    return message.data, (message.attributes or {}).get(DEPARTMENT, "")
