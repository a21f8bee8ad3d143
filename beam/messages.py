"""The feed's messages: read, and held against what is known of their incident."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.utils.timestamp import Duration, Timestamp

from crime_pipelines.beam.decoding import read_payload
from crime_pipelines.domain.messages import BadMessage
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.versions import version_key

METRICS: Final = "crime_pipelines"
DEAD_LETTERS: Final = "dead_letters"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that can't become an incident.

    Attributes:
        reason: the reason, of `schema.Reason`.
        error: what is wrong, in words.
        payload: the message as it came.
        received_at: when it was published, UTC.
    """

    reason: str
    error: str
    payload: bytes
    received_at: datetime

    def row(self) -> dict[str, Any]:
        """A row of `warehouse.tables.DEAD_LETTERS`, but for loaded_at."""
        try:
            payload, encoding = self.payload.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            payload, encoding = base64.b64encode(self.payload).decode("ascii"), "base64"
        return {
            "reason": self.reason,
            "error": self.error,
            "payload": payload,
            "encoding": encoding,
            "received_at": self.received_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Change:
    """What a message changed: the version that counts of an incident.

    Attributes:
        before: the version that counted before; None if the incident was not known.
        after: the version that counts now.
        published_at: when the message was published, UTC.
    """

    before: Incident | None
    after: Incident
    published_at: datetime


class ReadMessage(beam.DoFn):
    """Reads messages: incidents under their id; tagged, payloads that can't become one, and why."""

    def __init__(self, shift_years: int) -> None:
        """Remember the shift.

        Args:
            shift_years: calendar years to move dates by.
        """
        super().__init__()
        self._shift_years = shift_years
        self._read = Metrics.counter(METRICS, "messages_read")
        self._dead = Metrics.counter(METRICS, "messages_dead")
        self._count = 0

    def start_bundle(self) -> None:
        """Count anew: a counter's own increment takes longer than much of the reading."""
        self._count = 0

    def process(self, payload: bytes) -> Sequence[tuple[int, Incident] | TaggedOutput]:
        """Read one message.

        Args:
            payload: the message.

        Returns:
            The incident under its id; tagged, what `DeadLetters` makes a dead letter of.
        """
        self._count += 1
        found = read_payload(payload, self._shift_years)
        if type(found) is Incident:
            return ((found.id, found),)
        self._dead.inc()
        return (TaggedOutput(DEAD_LETTERS, (payload, found)),)

    def finish_bundle(self) -> None:
        """Tell what was counted."""
        self._read.inc(self._count)


class DeadLetters(beam.DoFn):
    """Puts dead letters in writing."""

    def process(
        self, element: tuple[bytes, BadMessage], published: Timestamp = beam.DoFn.TimestampParam
    ) -> Iterator[DeadLetter]:
        """Write one dead letter.

        Args:
            element: the message, and why it can't become an incident.
            published: when it was published.

        Yields:
            The dead letter.
        """
        payload, bad = element
        yield DeadLetter(bad.reason.value, bad.error, payload, _moment(published))


class LatestVersion(beam.DoFn):
    """Holds the version that counts of each incident for a while, and tells what changes.

    A repeat and a version that has been superseded change nothing, whatever the order they come in. What is
    held of an incident goes when so much time has passed since it last changed; a version that comes later
    still is taken for a new incident here, and rightly ordered in the warehouse.
    """

    _VERSION = ReadModifyWriteStateSpec("version", PickleCoder())
    _EXPIRY = TimerSpec("expiry", TimeDomain.WATERMARK)

    def __init__(self, expire_after_seconds: int) -> None:
        """Remember the expiry.

        Args:
            expire_after_seconds: how long a version is held.
        """
        super().__init__()
        self._expire_after = Duration(seconds=expire_after_seconds)
        self._counters = {
            name: Metrics.counter(METRICS, f"versions_{name}")
            for name in ("new", "corrected", "repeated", "superseded", "expired")
        }

    def process(
        self,
        element: tuple[int, Incident],
        published: Timestamp = beam.DoFn.TimestampParam,
        version: Any = beam.DoFn.StateParam(_VERSION),  # noqa: B008 - Beam's way to declare state
        expiry: Any = beam.DoFn.TimerParam(_EXPIRY),  # noqa: B008
    ) -> Iterator[Change]:
        """Hold a version against the one that counts so far.

        Args:
            element: the incident's id, and a version of it.
            published: when the version's message was published.
            version: the version that counts so far.
            expiry: when it goes.

        Yields:
            The change, if there is one.
        """
        _, arrived = element
        held = version.read()
        before = None if held is None else Incident(*held)
        if before is not None and version_key(arrived) <= version_key(before):
            self._counters["repeated" if arrived == before else "superseded"].inc()
            return
        self._counters["new" if before is None else "corrected"].inc()
        version.write(tuple(arrived))
        expiry.set(published + self._expire_after)
        yield Change(before, arrived, _moment(published))

    @on_timer(_EXPIRY)  # type: ignore[untyped-decorator]
    def expire(self, version: Any = beam.DoFn.StateParam(_VERSION)) -> None:  # noqa: B008
        """Let go of a version.

        Args:
            version: the version.
        """
        self._counters["expired"].inc()
        version.clear()


def _moment(published: Timestamp) -> datetime:
    moment: datetime = published.to_utc_datetime()
    return moment.replace(tzinfo=UTC)
