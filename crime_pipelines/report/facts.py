"""What the data of a run cover: the ground that sentences, charts and cautions stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from crime_pipelines.questions import Answer
from crime_pipelines.record import RunRecord
from crime_pipelines.report import text

#: Below this many incidents a rate says little, and is marked.
SMALL_NUMBER: Final = 30


class Cover(Enum):
    """How far the data cover a month."""

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
    """What a run's data cover.

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
        """The facts of a run.

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
        """A count of `data_quality`, 0 where there is none."""
        return int(self.record.data_quality.get(name) or 0)

    @property
    def years(self) -> tuple[int, int, int]:
        """The calendar years of `theft_locations`."""
        year = self.record.as_of.year
        return year - 2, year - 1, year

    def year(self, year: int) -> str:
        """A calendar year, with the day that it is counted up to where the data end inside it."""
        if self.last_at and self.last_at.year == year and (self.last_at.month, self.last_at.day) != (12, 31):
            return f"{year} up to {text.day(self.last_at).removesuffix(f' {year}')}"
        return str(year)

    def months(self, answers: Mapping[str, Answer]) -> list[Month]:
        """The months of `monthly_trend`, each with how far the data cover it."""
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
