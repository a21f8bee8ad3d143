"""Surges: areas whose daily incidents are far above what is to be expected of them.

Two rules watch each area every day. The sudden rule holds one day's count against its expectation: the
logarithm of how much likelier the count is if incidents had tripled. The slow rule adds up the same logarithm
for a doubling from day to day and begins anew where the sum falls below 0 (CUSUM). As in Farrington's method,
the expectation comes from the past and leaves the last days out, so that a surge does not hide itself.

The limits follow from the data's own past: with them the rules would have raised `ALARMS_A_WEEK` in the years
before, over all areas together. So a large city is not alarmed more often than a small one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from crime_pipelines.analysis.daily import DAY, kinds_of, slow_course

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUDDEN: Final = "sudden"
SLOW: Final = "slow"
#: Alarms a week, over all areas and both rules, that the limits would have let through in the past. In the
#: weeks after they let through somewhat more, as areas change.
ALARMS_A_WEEK: Final = 1.15
#: The share of them that the sudden rule may raise by itself.
SUDDEN_SHARE: Final = 0.6
#: Days before there is an expectation.
FIRST_DAYS: Final = 365
#: Days of expectations that the limits need, and days that they use at most.
LEAST_DAYS: Final = 364
_MOST_DAYS: Final = 3 * 364
#: Days of history in all that are used.
USED_DAYS: Final = FIRST_DAYS + _MOST_DAYS + 365
#: An area's share of the city is a mean over about so many days, without the last `_LEFT_OUT`.
_AREA_DAYS: Final = 200
_LEFT_OUT: Final = 7
#: The city's level is a mean over about so many days.
_CITY_DAYS: Final = 28
#: Days after which the effects of weekday, season and holiday are fitted anew.
_REFIT_DAYS: Final = 28
_TRIPLED: Final = 3.0
_DOUBLED: Final = 2.0
#: Limits that are tried for the slow rule.
_LIMITS: Final = (1.5, 150.0, 160)
_RIDGE: Final = 1e-6


class Limits(NamedTuple):
    """The limits of the two rules; logarithms of likelihood ratios, or such a number for each day."""

    sudden: float | NDArray[np.float64]
    slow: float | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Watched:
    """The two rules over areas and days.

    Attributes:
        sudden: whether the sudden rule raises an alarm; shape (areas, days).
        slow: whether the slow rule does.
        sums: the slow rule's sums at the end of each day, before an alarm sets them to 0.
        since: the day from which each sum adds up.
    """

    sudden: NDArray[np.bool_]
    slow: NDArray[np.bool_]
    sums: NDArray[np.float64]
    since: NDArray[np.int64]

    @property
    def new(self) -> NDArray[np.bool_]:
        """The alarms that do not continue one of the day before."""
        raised = self.sudden | self.slow
        begun = raised.copy()
        begun[:, 1:] &= ~raised[:, :-1]
        return begun


class Surge(NamedTuple):
    """A surge.

    Attributes:
        area: the row of the area.
        day: the day, from 0, on whose evening it is known.
        rule: `SUDDEN` or `SLOW`.
        since: the day from which it is counted; of a sudden one the day itself.
        incidents: the area's incidents from `since` to `day`.
        expected: those that were to be expected.
    """

    area: int
    day: int
    rule: str
    since: int
    incidents: float
    expected: float


def expected_counts(counts: NDArray[np.float64], first: date) -> NDArray[np.float64]:
    """Expect each day's incidents of each area from the days before it.

    An expectation is the effect of the day's kind (weekday, time of the year, holiday), times the city's
    level of the last weeks, times the area's share of the city.

    Args:
        counts: incidents of consecutive days, shape (areas, days).
        first: the first day, before any date shift.

    Returns:
        The same shape; NaN for the first `FIRST_DAYS` days.
    """
    import numpy as np

    city = counts.sum(axis=0)
    effects = _effects(city, first)
    expected = np.full(counts.shape, np.nan)
    own, whole = np.zeros(len(counts)), 0.0
    level, usual = 0.0, 0.0
    for day in range(1, counts.shape[1]):
        level = level * (1 - 1 / _CITY_DAYS) + city[day - 1]
        usual = usual * (1 - 1 / _CITY_DAYS) + effects[day - 1]
        last = day - 1 - _LEFT_OUT
        if last >= 0:
            own = own * (1 - 1 / _AREA_DAYS) + counts[:, last]
            whole = whole * (1 - 1 / _AREA_DAYS) + city[last]
        if day >= FIRST_DAYS:
            expected[:, day] = own / max(whole, 1.0) * (level / usual) * effects[day]
    return expected


def _effects(city: NDArray[np.float64], first: date) -> NDArray[np.float64]:
    """Fit the effect of each day's kind on the city, of what was known some weeks before at most."""
    import numpy as np

    days = len(city)
    kinds, course, logs = kinds_of(first, days, DAY), slow_course(days, DAY), np.log(city + 0.5)
    effects = np.ones(days)
    for end in range(FIRST_DAYS, days, _REFIT_DAYS):
        design = np.column_stack([kinds[:end], course[:end]])
        penalty = np.full(design.shape[1], _RIDGE)
        penalty[: kinds.shape[1]] = 1.0  # little is known of a holiday, or of a season, that came once
        weights = np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ logs[:end])
        begin = 0 if end == FIRST_DAYS else end
        known = slice(begin, end + _REFIT_DAYS)
        effects[known] = np.exp(kinds[known] @ weights[: kinds.shape[1]])
    return effects


def likelihood(
    counts: NDArray[np.float64], expected: NDArray[np.float64], times: float
) -> NDArray[np.float64]:
    """Return the logarithm of how much likelier counts are with so many times the incidents."""
    import numpy as np

    found: NDArray[np.float64] = counts * np.log(times) - (times - 1) * expected
    return found


def limits_of(
    counts: NDArray[np.float64],
    expected: NDArray[np.float64],
    alarms: float = ALARMS_A_WEEK,
    sudden_share: float = SUDDEN_SHARE,
) -> Limits:
    """Choose the limits with which the past would have seen so many alarms.

    Args:
        counts: incidents, shape (areas, days).
        expected: what was expected, without NaN.
        alarms: a week, over all areas.
        sudden_share: the share of them that the sudden rule may raise by itself.

    Returns:
        The limits.
    """
    import numpy as np

    counts, expected = counts[:, -_MOST_DAYS:], expected[:, -_MOST_DAYS:]
    weeks = counts.shape[1] / 7
    scores = likelihood(counts, expected, _TRIPLED)
    highest = np.sort(scores, axis=None)[::-1]
    sudden = float(highest[min(int(alarms * sudden_share * weeks), highest.size - 1)]) + 1e-9
    slow = np.geomspace(*_LIMITS)
    sums = np.zeros((len(slow), len(counts)))
    before = np.zeros(sums.shape, dtype=bool)
    raised = np.zeros(len(slow))
    steps = likelihood(counts, expected, _DOUBLED)
    for day in range(counts.shape[1]):
        sums = np.maximum(sums + steps[:, day], 0.0)
        high = sums >= slow[:, np.newaxis]
        sums[high] = 0.0
        high |= scores[:, day] >= sudden
        raised += (high & ~before).sum(axis=1)
        before = high
    enough = np.flatnonzero(raised <= alarms * weeks)
    return Limits(sudden, float(slow[enough[0] if len(enough) else -1]))


def watch(counts: NDArray[np.float64], expected: NDArray[np.float64], limits: Limits) -> Watched:
    """Apply both rules.

    Args:
        counts: incidents, shape (areas, days).
        expected: what was expected, without NaN.
        limits: the limits.

    Returns:
        Their alarms.
    """
    import numpy as np

    areas, days = counts.shape
    slow_limits = np.broadcast_to(np.asarray(limits.slow), (days,))
    sudden = likelihood(counts, expected, _TRIPLED) >= limits.sudden
    steps = likelihood(counts, expected, _DOUBLED)
    slow, sums = np.zeros((areas, days), dtype=bool), np.zeros((areas, days))
    since, begun, current = np.zeros((areas, days), dtype=np.int64), np.zeros(areas, int), np.zeros(areas)
    for day in range(days):
        begun = np.where(current > 0, begun, day)
        current = np.maximum(current + steps[:, day], 0.0)
        sums[:, day], since[:, day] = current, begun
        slow[:, day] = current >= slow_limits[day]
        current = np.where(slow[:, day], 0.0, current)
    return Watched(sudden, slow, sums, since)


def find_surges(counts: NDArray[np.float64], first: date, days: int) -> list[Surge]:
    """Find the surges of the last days.

    Args:
        counts: incidents of consecutive days, shape (areas, days), of at least `FIRST_DAYS` + `LEAST_DAYS` +
            `days` days; at most `USED_DAYS` of them are used.
        first: the first day, before any date shift.
        days: how many of the last days to look at; the limits follow from those before.

    Returns:
        The surges, by day and area.
    """
    import numpy as np

    expected = expected_counts(counts, first)[:, FIRST_DAYS:]
    known = counts[:, FIRST_DAYS:]
    found = watch(known, expected, limits_of(known[:, :-days], expected[:, :-days]))
    new = found.new
    new[:, :-days] = False
    surges = []
    for day, area in np.argwhere(new.T).tolist():
        rule = SUDDEN if found.sudden[area, day] else SLOW
        since = day if rule == SUDDEN else int(found.since[area, day])
        span = slice(since, day + 1)
        surges.append(
            Surge(
                area,
                day + FIRST_DAYS,
                rule,
                since + FIRST_DAYS,
                float(known[area, span].sum()),
                float(expected[area, span].sum()),
            )
        )
    return surges
