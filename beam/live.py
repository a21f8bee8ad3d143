"""Live counts: incidents by area and hour and by operational night, kept right as corrections come in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec

from crime_pipelines.beam.messages import METRICS, Change
from crime_pipelines.domain.dates import shift
from crime_pipelines.domain.night import operational_night
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.surges import WEEKS, expected, is_surge

AREA_HOURS: Final = "area_hours"
NIGHTS: Final = "nights"
SURGES: Final = "surges"
TOO_LATE: Final = "too_late"
UNKNOWN_AREA: Final = 0
_WEEK: Final = timedelta(weeks=1)

#: An area and an hour of the week, whose counts of all weeks are kept together.
AreaHour = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Step:
    """One incident more, or one less.

    Attributes:
        moment: when it occurred, shifted.
        by: 1 or -1.
        published_at: when the message that says so was published, UTC.
    """

    moment: datetime
    by: int
    published_at: datetime


class Steps(beam.DoFn):
    """Makes steps of changes: a correction takes away what it replaces.

    An incident that occurred longer ago than the allowed lateness steps nowhere: its hour is closed. As
    versions are held at least that long, an hour that is open is never stepped into twice for one incident.
    Time zones are left aside: a message's time is UTC and an incident's local, hours apart; lateness is days.
    """

    def __init__(self, allowed_lateness: timedelta | None) -> None:
        """Remember the lateness.

        Args:
            allowed_lateness: how long after an incident its messages count; without end if None.
        """
        super().__init__()
        self._allowed = allowed_lateness
        self._late = Metrics.counter(METRICS, "live_counts_too_late")

    def process(self, change: Change) -> Iterator[TaggedOutput]:
        """Make steps of a change.

        Args:
            change: the change.

        Yields:
            Tagged: steps by area and hour of the week, by operational night, and those that are too late.
        """
        versions = [(change.after, 1)] if change.before is None else [(change.before, -1), (change.after, 1)]
        for version, by in versions:
            step = Step(version.occurred_at, by, change.published_at)
            if self._is_late(version, change.published_at):
                self._late.inc()
                yield TaggedOutput(TOO_LATE, step)
                continue
            yield TaggedOutput(AREA_HOURS, (area_hour(version), step))
            night = operational_night(version.occurred_at)
            if night is not None:
                yield TaggedOutput(NIGHTS, (night.isoformat(), step))

    def _is_late(self, version: Incident, published_at: datetime) -> bool:
        if self._allowed is None:
            return False
        occurred = shift(version.occurred_at, -version.shift_years)
        return published_at.replace(tzinfo=None) - occurred > self._allowed


class CountHours(beam.DoFn):
    """Counts incidents by area and hour, and calls surges."""

    _WEEKS = ReadModifyWriteStateSpec("weeks", PickleCoder())

    def __init__(self, allowed_lateness: timedelta | None) -> None:
        """Remember the lateness.

        Args:
            allowed_lateness: as for `Steps`; weeks that it closes are let go of.
        """
        super().__init__()
        self._allowed = allowed_lateness
        self._surges = Metrics.counter(METRICS, "surges")

    def process(
        self,
        element: tuple[AreaHour, Step],
        weeks: Any = beam.DoFn.StateParam(_WEEKS),  # noqa: B008 - Beam's way to declare state
    ) -> Iterator[dict[str, Any] | TaggedOutput]:
        """Take a step.

        Args:
            element: the area and hour of the week, and the step.
            weeks: by week: the count, how often it changed, whether it was called a surge.

        Yields:
            A row of `warehouse.tables.AREA_HOURS`; tagged, a surge.
        """
        (area, _), step = element
        counts: dict[int, tuple[int, int, bool]] = weeks.read() or {}
        week = _week(step.moment)
        count, revision, called = counts.get(week, (0, 0, False))
        count, revision = count + step.by, revision + 1
        past = _past(counts, week)
        surge = step.by > 0 and not called and is_surge(count, past)
        counts[week] = (count, revision, called or surge)
        self._let_go(counts, step)
        weeks.write(counts)
        hour = step.moment.replace(minute=0, second=0, microsecond=0)
        yield {
            "area": area,
            "hour": hour.isoformat(),
            "incidents": count,
            "revision": revision,
            "updated_at": step.published_at.isoformat(),
        }
        if surge:
            self._surges.inc()
            said = {"area": area, "hour": hour.isoformat(), "incidents": count, "usual": expected(past)}
            yield TaggedOutput(SURGES, json.dumps(said).encode())

    def _let_go(self, counts: dict[int, tuple[int, int, bool]], step: Step) -> None:
        if self._allowed is None:
            return
        # Dates are shifted, publication is not: the newest week there is says what is long ago.
        oldest = max(counts) - WEEKS - 1 - self._allowed // _WEEK - 1
        for week in [week for week in counts if week < oldest]:
            del counts[week]


class CountNights(beam.DoFn):
    """Counts late-night incidents by operational night."""

    _COUNT = ReadModifyWriteStateSpec("count", PickleCoder())

    def process(
        self,
        element: tuple[str, Step],
        count: Any = beam.DoFn.StateParam(_COUNT),  # noqa: B008 - Beam's way to declare state
    ) -> Iterator[dict[str, Any]]:
        """Take a step.

        Args:
            element: the night's date, and the step.
            count: the night's count, and how often it changed.

        Yields:
            A row of `warehouse.tables.NIGHTS`.
        """
        night, step = element
        incidents, revision = count.read() or (0, 0)
        incidents, revision = incidents + step.by, revision + 1
        count.write((incidents, revision))
        yield {
            "night": night,
            "late_night_incidents": incidents,
            "revision": revision,
            "updated_at": step.published_at.isoformat(),
        }


def area_hour(version: Incident) -> AreaHour:
    """Where the hour of an incident is counted.

    Args:
        version: the incident.

    Returns:
        Its area, `UNKNOWN_AREA` without one, and its hour of the week, 0 to 167 from Monday 00:00.
    """
    moment = version.occurred_at
    return version.community_area or UNKNOWN_AREA, moment.weekday() * 24 + moment.hour


def _week(moment: datetime) -> int:
    """The week's number: Mondays from the calendar's first."""
    return (moment.date() - date.min).days // 7


def _past(counts: dict[int, tuple[int, int, bool]], week: int) -> list[int]:
    """The weeks before that are known: from the first one in which there was an incident at all."""
    first = max(min(counts, default=week), week - WEEKS)
    return [counts.get(each, (0, 0, False))[0] for each in range(first, week)]
