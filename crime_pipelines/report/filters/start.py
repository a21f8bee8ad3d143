"""The numbers that the filters start with, for pages without a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crime_pipelines.domain.confidence import Z_95
from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.report.charts.clock import clock_rows
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.filters.counts import Counts, first_day
from crime_pipelines.report.formatting import (
    NBSP,
    count,
    counted,
    fixed,
    in_locale,
    month,
    percent,
    percent_of,
    rate,
)

#: Days of a year, by which yearly rates are worked out.
YEAR: Final = 365.25
_NONE: Final = "\u2013"


@dataclass(frozen=True, slots=True)
class Start:
    """The numbers over all incidents.

    Attributes:
        period: the months, in words.
        total: incidents.
        arrests: those with an arrest.
        late: those late at night.
        days: days that the data cover; None where that is not known.
        residents: of all areas; None where they are not known.
    """

    period: str
    total: int
    arrests: int
    late: int
    days: int | None
    residents: int | None

    @classmethod
    def of(cls, counts: Counts, facts: Facts, residents: int | None) -> Start:
        """Return the numbers of some counts.

        Args:
            counts: the counts.
            facts: what the data cover.
            residents: of all areas; None where they are not known.

        Returns:
            The numbers.
        """
        ends = [month(first_day(counts.first_month + at)) for at in (0, counts.months - 1)]
        covered = facts.first_at and facts.last_at and (facts.last_at.date() - facts.first_at.date()).days + 1
        return cls(
            ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}",
            sum(counts.by_hour),
            counts.arrests,
            sum(row["incidents"] for row in clock_rows(counts.by_hour) if row["late"]),
            covered or None,
            residents,
        )

    def texts(self, everything: Sequence[str]) -> dict[str, str]:
        """Return the texts, by the place that they stand in.

        Args:
            everything: what the lists say while nothing is chosen.

        Returns:
            The texts that the script writes while no filter is chosen.
        """
        low, high = (percent(end) for end in wilson(self.arrests, self.total))
        level = in_locale(f"95{NBSP}%")
        daily = self.total / self.days if self.days else None
        yearly = daily * YEAR * 1000 / self.residents if daily and self.residents else None
        return {
            "words": f"{'; '.join([*everything, self.period])}: {counted(self.total, 'incident')}",
            "incidents": count(self.total),
            "incidents-note": f"{percent_of(self.total, self.total)} of all",
            "arrests": percent_of(self.arrests, self.total),
            "arrests-note": f"{count(self.arrests)} with an arrest; {level} interval {low} to {high}",
            "late": percent_of(self.late, self.total),
            "late-note": f"{count(self.late)} in the hours {in_locale(LATE_NIGHT)}",
            "daily": _NONE if daily is None else fixed(daily, 2 if daily < 10 else 1),
            "residents": _NONE if yearly is None else rate(yearly),
            "change": _NONE,
        }


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    Args:
        part: how many have the property.
        whole: of how many.

    Returns:
        Both ends; 0 and 1 of nothing.
    """
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, Z_95 * Z_95
    middle = share + square / (2 * whole)
    reach = Z_95 * math.sqrt((share * (1 - share) + square / (4 * whole)) / whole)
    under = 1 + square / whole
    return max(0.0, (middle - reach) / under), min(1.0, (middle + reach) / under)
