"""Comparisons of a period with an earlier one: is the difference more than chance makes?

The counts of both periods are compared per day. How much such a difference varies by itself is measured on
blocks of 28 days: their logarithms, less season, less the two periods' own levels, on the slow waves that
periods of that length could be mistaken for. As in `trend`, counts are taken to vary no less than Poisson's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK_DAYS: Final = 28
#: With fewer blocks, two years of them, season and change can't be told apart.
MINIMUM_BLOCKS: Final = 26
#: Five years.
MOST_BLOCKS: Final = 65
#: Fewer incidents in both periods together are not compared.
LEAST_INCIDENTS: Final = 10
MORE: Final = "more"
FEWER: Final = "fewer"
NO_CLEAR_CHANGE: Final = "no clear change"
TOO_FEW: Final = "too few incidents"
TOO_SHORT: Final = "too short a history"
_LEVEL: Final = 0.05
_HARMONICS: Final = 2
#: Level, slope and bend of what is older than both periods.
_COURSE: Final = 3
_BLOCKS_PER_YEAR: Final = 365.25 / BLOCK_DAYS

#: A period by its first and its last day.
Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Period:
    """A period and the earlier one that it is compared with.

    Attributes:
        days: days of the period.
        days_before: days of the earlier one.
        shares: which share of each block lies in the period, the newest block first.
        shares_before: likewise of the earlier one.
        seasonal: whether the two lie in different seasons, so that the season's part must be taken out.
    """

    days: int
    days_before: int
    shares: NDArray[np.float64]
    shares_before: NDArray[np.float64]
    seasonal: bool

    @classmethod
    def of(cls, now: Days, before: Days, last_day: date, *, seasonal: bool = False) -> Period:
        """Place two periods in the blocks that end with a day.

        Args:
            now: the period.
            before: the earlier one.
            last_day: the last day of the newest block.
            seasonal: see the attribute.

        Returns:
            The two.
        """
        import numpy as np

        back = np.arange(MOST_BLOCKS * BLOCK_DAYS)

        def shares(first: date, last: date) -> NDArray[np.float64]:
            inside = (back >= (last_day - last).days) & (back <= (last_day - first).days)
            return np.asarray(inside.reshape(-1, BLOCK_DAYS).mean(axis=1))

        days, days_before = ((last - first).days + 1 for first, last in (now, before))
        return cls(days, days_before, shares(*now), shares(*before), seasonal)


@dataclass(frozen=True, slots=True)
class Change:
    """A comparison.

    Attributes:
        verdict: `more`, `fewer` or `no clear change`, at 5 %, two-sided; or why none can be made.
        expected: incidents that the period would have had if nothing but the season had changed.
        expected_low: with 95 % probability it would then have had no fewer than this.
        expected_high: nor more than this.
        change: incidents over `expected`, less 1.
        change_low: lower end of its 95 % interval.
        change_high: upper end.
    """

    verdict: str
    expected: float | None = None
    expected_low: int | None = None
    expected_high: int | None = None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None


def year_to_date(last_day: date) -> tuple[Days, Days]:
    """Return the days of a year up to one of them, and the same days of the year before.

    >>> year_to_date(date(2016, 2, 29))[1]
    (datetime.date(2015, 1, 1), datetime.date(2015, 2, 28))

    Args:
        last_day: the last of the days.

    Returns:
        The two periods.
    """
    before = years_before(last_day, 1)
    return (last_day.replace(month=1, day=1), last_day), (before.replace(month=1, day=1), before)


def years_before(day: date, years: int) -> date:
    """Return the same day of an earlier year; 28 February for a 29th where there is none.

    Args:
        day: the day.
        years: how many years earlier.

    Returns:
        That day.
    """
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - years, day=28 if leap and years % 4 else day.day)


def blocks_held(first_day: date, last_day: date) -> int:
    """Return how many whole blocks a span of days holds, `MOST_BLOCKS` at most."""
    return min(MOST_BLOCKS, ((last_day - first_day).days + 1) // BLOCK_DAYS)


class Comparison:
    """A comparison of two periods, for counts of any kind."""

    def __init__(self, period: Period, number: int) -> None:
        """Prepare what does not depend on the counts.

        Args:
            period: the two periods.
            number: blocks of 28 days that the data hold, `MOST_BLOCKS` at most.
        """
        import numpy as np

        self._period = period
        self._number = number
        if number < MINIMUM_BLOCKS:
            return
        now, before = period.shares, period.shares_before
        self._weights = now[:number] / now.sum() - before[:number] / before.sum()
        self._season = _season(number)
        # what is neither of the two periods has a level of its own, a bent course where it is long enough:
        # the moves of years ago are no noise of this year
        rest = np.clip(1 - now[:number] - before[:number], 0, 1)
        years = np.arange(number) / _BLOCKS_PER_YEAR
        pieces = _COURSE if number > 2 * MINIMUM_BLOCKS else 1
        columns = [np.ones(number), *self._season.T, self._weights]
        if rest.max() > 0 and rest.min() < 1:
            columns += [rest * years**power for power in range(pieces)]
        basis = np.linalg.qr(np.column_stack(columns))[0]
        # one wave for each time that the two periods' distance fits into the history
        apart = -float(self._weights @ np.arange(number))
        self._waves = _waves(basis, number, max(2, round(number / apart)))
        slow = [np.ones(number), years, np.maximum(0, years - 2)]
        # fitted to the older blocks alone, so that a surge is not its own excuse
        design = np.column_stack([*slow, self._season])[1:]
        self._usual = self._weights @ self._season @ np.linalg.pinv(design)[len(slow) :]

    def of(self, count: int, before: int, blocks: NDArray[np.float64]) -> Change:
        """Compare a period's incidents with those of an earlier one.

        Args:
            count: incidents of the period.
            before: incidents of the earlier one.
            blocks: incidents of each block of 28 days, the newest first.

        Returns:
            The comparison. The test's false alarms are in docs/decisions/0017-analyses.md.
        """
        import numpy as np
        from scipy.special import stdtrit

        if self._number < MINIMUM_BLOCKS:
            return Change(TOO_SHORT)
        if count + before < LEAST_INCIDENTS or not before:
            return Change(TOO_FEW)
        logs = np.log(blocks + 0.5)
        variance = float(np.mean((self._waves.T @ logs) ** 2) * (self._weights @ self._weights))
        floor = 1 / (count + 0.5) + 1 / (before + 0.5)
        freedom = self._waves.shape[1] * (2 if variance < floor else 1)
        half_width = math.sqrt(max(variance, floor)) * -float(stdtrit(freedom, _LEVEL / 2))
        usual = math.log(self._period.days / self._period.days_before)
        if self._period.seasonal:
            usual += float(self._usual @ logs[1:])
        expected = before * math.exp(usual)
        difference = math.log((count + 0.5) / (before + 0.5)) - usual
        low, high = difference - half_width, difference + half_width
        return Change(
            MORE if low > 0 else FEWER if high < 0 else NO_CLEAR_CHANGE,
            expected,
            max(0, math.floor((before + 0.5) * math.exp(usual - half_width) - 0.5)),
            math.ceil((before + 0.5) * math.exp(usual + half_width) - 0.5),
            count / expected - 1,
            math.expm1(low),
            math.expm1(high),
        )


def _season(number: int) -> NDArray[np.float64]:
    import numpy as np

    time = np.arange(number)[:, np.newaxis] * np.arange(1, _HARMONICS + 1) * 2 * np.pi / _BLOCKS_PER_YEAR
    return np.hstack([np.sin(time), np.cos(time)])


def _waves(basis: NDArray[np.float64], number: int, most: int) -> NDArray[np.float64]:
    """Return the slowest cosines, as many as given, made orthogonal to a design's columns and each other."""
    import numpy as np

    most = min(most, number - basis.shape[1])
    halves = np.arange(1, most + 1)
    cosines = np.cos(np.pi * halves * (np.arange(number)[:, np.newaxis] + 0.5) / number)
    return np.asarray(np.linalg.qr(np.column_stack([basis, cosines]))[0][:, basis.shape[1] :])
