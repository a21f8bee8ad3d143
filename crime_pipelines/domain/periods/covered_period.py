"""The covered period: which of a department's incidents the answers are about.

One mistyped year (1015, 2106) or a placeholder (1900) must not move every window of the answers. So the days
with incidents are split where no incident occurred for a year and more, and the part with the most incidents
is the covered period. Incidents outside it are **outlying**: kept and counted, and part of no answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

#: Days without any incident that do not split the days with incidents; one more does.
GREATEST_GAP_DAYS: Final = 366
#: An incident may be dated so much later than the update that published it; clocks and zones differ.
GREATEST_LEAD: Final = timedelta(days=1)
#: The last days of the period, and the year before, that `is_thin_at_its_end` compares.
LAST_DAYS: Final = 28
YEAR_DAYS: Final = 365
#: Below this share of what is usual in `LAST_DAYS`, the period may end with mistyped dates.
THIN_SHARE: Final = 0.1
_LAST_UPDATE: Final = "9999-12-31 00:00:00"


@dataclass(frozen=True, slots=True)
class CoveredPeriod:
    """The covered period of some incidents.

    Attributes:
        first: the moment of its first incident, local civil time.
        last: the moment of its last incident.
        outlying: incidents outside it, or dated later than their own update.
    """

    first: datetime
    last: datetime
    outlying: int


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """The last days of a covered period.

    Attributes:
        days: the latest days with an incident, latest first, three at most.
        incidents: incidents in the last `LAST_DAYS` days.
        before: incidents in the year before those days, as far as the period reaches.
        days_before: the number of days of that year that the period covers.
    """

    days: tuple[date, ...]
    incidents: int
    before: int
    days_before: int

    @property
    def is_thin(self) -> bool:
        """True if the last days hold less than a tenth of what as many days of the year before held."""
        return self.incidents * self.days_before < THIN_SHARE * LAST_DAYS * self.before


def is_dated_after_update(occurred_at: datetime, updated_on: datetime | None) -> bool:
    """Tell whether an incident is dated more than a day later than its own update.

    Args:
        occurred_at: local civil time.
        updated_on: when this version was published, likewise; None where not known.

    Returns:
        True if its date can't be right.
    """
    return updated_on is not None and occurred_at - updated_on > GREATEST_LEAD


def is_covered(occurred_at: datetime, updated_on: datetime | None, first: datetime, last: datetime) -> bool:
    """Tell whether an incident takes part in the answers.

    Args:
        occurred_at: local civil time.
        updated_on: as for `is_dated_after_update`.
        first: the covered period's first moment.
        last: its last moment.

    Returns:
        True unless the incident is outlying.
    """
    return first <= occurred_at <= last and not is_dated_after_update(occurred_at, updated_on)


def covered_period(incidents: Iterable[tuple[datetime, datetime | None]]) -> CoveredPeriod | None:
    """Find the covered period of incidents.

    Incidents dated later than their own update do not shape it, unless all of them are.

    Args:
        incidents: each incident's `occurred_at` and `updated_on`.

    Returns:
        The period; None without incidents.
    """
    everything = list(incidents)
    trusted = [at for at, updated_on in everything if not is_dated_after_update(at, updated_on)]
    moments = sorted(trusted or [at for at, _ in everything])
    if not moments:
        return None
    starts = [0]
    for index, (before, after) in enumerate(pairwise(moments), start=1):
        if (after.date() - before.date()).days - 1 > GREATEST_GAP_DAYS:
            starts.append(index)
    ends = [*starts[1:], len(moments)]
    start, end = max(zip(starts, ends, strict=True), key=lambda part: (part[1] - part[0], part[1]))
    first, last = moments[start], moments[end - 1]
    counted = sum(is_covered(*incident, first, last) for incident in everything)
    return CoveredPeriod(first, last, len(everything) - counted)


def period_end(moments: Iterable[datetime], period: CoveredPeriod) -> PeriodEnd:
    """Look at the last days of a covered period.

    Args:
        moments: when each incident that shapes the period occurred.
        period: the period.

    Returns:
        Its last days.
    """
    days = Counter(moment.date() for moment in moments if period.first <= moment <= period.last)
    last = period.last.date()
    ages = {day: (last - day).days for day in days}
    return PeriodEnd(
        tuple(sorted(days, reverse=True)[:3]),
        sum(number for day, number in days.items() if ages[day] < LAST_DAYS),
        sum(number for day, number in days.items() if LAST_DAYS <= ages[day] < LAST_DAYS + YEAR_DAYS),
        days_before(period),
    )


def days_before(period: CoveredPeriod) -> int:
    """Count the days of the year before a period's last days that the period covers.

    Args:
        period: the period.

    Returns:
        0 to `YEAR_DAYS`.
    """
    days = (period.last.date() - period.first.date()).days + 1
    return min(max(days - LAST_DAYS, 0), YEAR_DAYS)


def is_dated_after_update_sql(occurred_at: str, updated_on: str) -> str:
    """Express `is_dated_after_update` in SQL.

    Args:
        occurred_at: a SQL expression of a DATETIME.
        updated_on: a SQL expression of a DATETIME, NULL where not known.

    Returns:
        A SQL condition in BigQuery's dialect, never NULL.
    """
    days = GREATEST_LEAD.days
    # BigQuery's calendar ends where Python's does: nothing is later than a day after its last day.
    return (
        f"(CASE WHEN {updated_on} < DATETIME '{_LAST_UPDATE}' "
        f"THEN {occurred_at} > {updated_on} + INTERVAL {days} DAY ELSE FALSE END)"
    )


def is_covered_sql(occurred_at: str, updated_on: str, first: str, last: str) -> str:
    """Express `is_covered` in SQL.

    Args:
        occurred_at: as for `is_dated_after_update_sql`.
        updated_on: as for `is_dated_after_update_sql`.
        first: a SQL expression of the covered period's first moment.
        last: a SQL expression of its last moment.

    Returns:
        A SQL condition in BigQuery's dialect.
    """
    after = is_dated_after_update_sql(occurred_at, updated_on)
    return f"({occurred_at} BETWEEN {first} AND {last} AND NOT {after})"
