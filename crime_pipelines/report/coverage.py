"""The period and the fields that the data of a run cover, for sentences, charts and cautions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final

from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import Answer
from crime_pipelines.report import formatting as text

#: Below this many incidents a rate says little, and is marked.
SMALL_NUMBER: Final = 30


class Cover(Enum):
    """The share of a month that the data cover."""

    NONE = "no data"
    BEGUN = "the data begin in it"
    FULL = "complete"
    CUT = "incomplete"


@dataclass(frozen=True, slots=True)
class Month:
    """A month of `monthly_trend`.

    Attributes:
        first: its first day.
        incidents: incidents in it.
        cover: how far the data cover it.
    """

    first: date
    incidents: int
    cover: Cover

    @property
    def ordinal(self) -> int:
        """Its place on an axis of months."""
        return self.first.year * 12 + self.first.month - 1


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a run's data.

    Attributes:
        record: what the run says of itself.
        first_at: when the first incident occurred; None where not known.
        last_at: when the last occurred, likewise.
    """

    record: RunRecord
    first_at: datetime | None
    last_at: datetime | None

    @classmethod
    def of(cls, record: RunRecord) -> Facts:
        """Return the facts of a run.

        Args:
            record: what the run says of itself. Moments in `data_quality` may be texts, as read from JSON.

        Returns:
            Its facts.
        """
        quality = record.data_quality
        return cls(
            record, _moment(quality.get("first_occurred_at")), _moment(quality.get("last_occurred_at"))
        )

    def quality(self, name: str) -> int:
        """Return a count of `data_quality`, 0 where there is none."""
        return int(self.record.data_quality.get(name) or 0)

    @property
    def why_no_area(self) -> str:
        """Why no area can be called safest late at night, if the data can't tell; empty otherwise."""
        incidents = self.record.incidents
        if self.why_no_time:
            return f"{self.why_no_time}, so late night can't be judged"
        if incidents and self.quality("without_area") == incidents:
            return "No row has a known area, so areas can't be compared"
        return ""

    @property
    def why_no_theft(self) -> str:
        """Why thefts can't be ranked by kind of location, if the data can't tell; empty otherwise."""
        incidents = self.record.incidents
        if incidents and self.quality("without_location") == incidents:
            return "No row has a location description, so thefts can't be ranked by it"
        if incidents and self.quality("without_type") == incidents:
            return "No row has a type of crime, so none is known to be a theft"
        return ""

    @property
    def why_no_time(self) -> str:
        """Why nothing can be said of times of day, if the data can't tell; empty otherwise."""
        incidents = self.record.incidents
        return "No row has a time of day" if incidents and self.quality("at_midnight") == incidents else ""

    @property
    def complete_months(self) -> int:
        """The number of calendar months that lie wholly within the covered period."""
        if not self.first_at or not self.last_at:
            return 0
        begins = self.first_at.year * 12 + self.first_at.month + (self.first_at.day > 1)
        after = self.last_at + timedelta(days=1)
        return max(0, after.year * 12 + after.month - begins)

    @property
    def years(self) -> tuple[int, int, int]:
        """The calendar years of `theft_locations`."""
        year = self.record.as_of.year
        return year - 2, year - 1, year

    def year(self, year: int) -> str:
        """Return a calendar year, with the day that it is counted up to where the data end inside it."""
        if self.last_at and self.last_at.year == year and (self.last_at.month, self.last_at.day) != (12, 31):
            return f"{year} up to {text.day(self.last_at).removesuffix(f' {year}')}"
        return str(year)

    def months(self, answers: Mapping[str, Answer]) -> list[Month]:
        """Return the months of `monthly_trend`, each with how far the data cover it."""
        return [
            Month(row["month"], row["incidents"], self._cover(row["month"], row["complete"]))
            for row in answers["monthly_trend"].records()
        ]

    def _cover(self, first: date, complete: bool) -> Cover:
        begins = self.first_at.date() if self.first_at else first
        ends = self.last_at.date() if self.last_at else first
        if (first.year, first.month) < (begins.year, begins.month) or first > ends:
            return Cover.NONE
        if not complete:
            return Cover.CUT
        return Cover.FULL if begins <= first else Cover.BEGUN


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
