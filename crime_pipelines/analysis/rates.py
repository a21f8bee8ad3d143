"""Intervals of rates and ranks, and whether a rank has moved: of areas late at night, of theft locations.

Counts of incidents vary more than Poisson's do: a quarrel makes several, and quiet months follow one another.
The factor by which their variance exceeds their mean, the dispersion, is measured once for all areas, or
all locations, together, and widens the interval of every rate and rank.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: With fewer complete months season and trend can't be told apart, and the dispersion is taken to be 1.
MINIMUM_MONTHS: Final = 24
_DRAWS: Final = 1000
_SEED: Final = 0
_TAIL: Final = 0.025
#: A city's trend is taken to leave at least this share of its mean in every month.
_LEAST_LEVEL: Final = 0.01
#: How a rank moved from one period to the next.
RISEN: Final = "risen"
FALLEN: Final = "fallen"
WITHIN_CHANCE: Final = "within chance"


@dataclass(frozen=True, slots=True)
class RankMove:
    """A place's rank by its count in a period, and against an earlier period.

    Attributes:
        rank: 1 for the most incidents; ties in the order given.
        rank_low: lower end of its 95 % interval, rounded outwards.
        rank_high: upper end.
        rank_before: its rank in the earlier period.
        move: `RISEN` or `FALLEN` where the 95 % interval of the ranks that it rose by lies on one side of 0;
            or `WITHIN_CHANCE`.
    """

    rank: int
    rank_low: int
    rank_high: int
    rank_before: int
    move: str


def dispersion(counts: NDArray[np.float64], first_month: int) -> float:
    """Measure how many times its mean the variance of an area's monthly count is.

    An area's month is expected to have the area's mean, times the city's factor of the calendar month, times
    the city's linear trend. The dispersion is Pearson's sum of squares over its degrees of freedom.

    Args:
        counts: incidents by area and month, shape (areas, consecutive complete months).
        first_month: the first of these months, 1 to 12.

    Returns:
        At least 1; 1 for fewer than `MINIMUM_MONTHS` months, or no incident.
    """
    import numpy as np

    counts = counts[counts.sum(axis=1) > 0]
    areas, months = counts.shape
    if months < MINIMUM_MONTHS or not areas:
        return 1.0
    city = counts.sum(axis=0) / counts.sum() * months
    time = np.arange(months) - (months - 1) / 2
    level = np.maximum(1 + time * (time @ city) / (time @ time), _LEAST_LEVEL)
    calendar_month = (first_month - 1 + np.arange(months)) % 12
    season = np.bincount(calendar_month, city) / np.bincount(calendar_month, level)
    course = level * season[calendar_month]
    expected = np.outer(counts.mean(axis=1), course / course.mean())
    possible = expected > 0
    # a mean for each area, a factor for each calendar month but one, a slope
    degrees_of_freedom = int(possible.sum()) - areas - int(np.count_nonzero(season))
    squares = (counts[possible] - expected[possible]) ** 2 / expected[possible]
    return max(1.0, float(squares.sum() / max(degrees_of_freedom, 1)))


def monthly_dispersion(
    counts: Iterable[tuple[Hashable, date | None, int]], first_day: date, last_day: date
) -> float:
    """Measure `dispersion` over the complete months of a span of days.

    Args:
        counts: areas, or what else has counts; first days of months, None for no month; and incidents of
            these. Those of one area and month are added up.
        first_day: first day of the span.
        last_day: last day of the span.

    Returns:
        At least 1; 1 for fewer than `MINIMUM_MONTHS` complete months.
    """
    import numpy as np

    begins = first_day if first_day.day == 1 else _next_month(first_day)
    after = _next_month(last_day)
    if (last_day + timedelta(days=1)).month == last_day.month:
        after = last_day.replace(day=1)
    first = _ordinal(begins)
    months = _ordinal(after) - first
    if months < 1:
        return 1.0
    inside = [(area, month, n) for area, month, n in counts if month and begins <= month < after]
    areas = {area: at for at, area in enumerate(dict.fromkeys(area for area, *_ in inside))}
    table = np.zeros((len(areas), months))
    for area, month, number in inside:
        table[areas[area], _ordinal(month) - first] += number
    return dispersion(table, begins.month)


def _ordinal(month: date) -> int:
    return month.year * 12 + month.month - 1


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def count_interval(count: int, dispersed: float = 1.0) -> tuple[float, float]:
    """Return the interval of the number that a count is to be expected of.

    Args:
        count: the count, 0 or more.
        dispersed: the variance over the mean.

    Returns:
        The ends of the 95 % interval: Garwood's, of the count and the exposure divided by `dispersed`.
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(count / dispersed, _TAIL)) if count else 0.0
    return low * dispersed, float(gammaincinv(count / dispersed + 1, 1 - _TAIL)) * dispersed


def rank_intervals(
    counts: Sequence[int], exposures: Sequence[float], dispersed: float
) -> list[tuple[int, int, int]]:
    """Rank areas, and return the ranks that they might have had by chance.

    Args:
        counts: the areas' incidents, in order of the areas' numbers.
        exposures: what each count is divided by to rank them; areas with none come last.
        dispersed: the variance over the mean.

    Returns:
        Each area's rank, 1 for the least, ties in the order given; and the ends of its 95 % interval, rounded
        outwards and holding the rank itself.
    """
    import numpy as np

    means, over = np.array(counts, dtype=float), np.array(exposures, dtype=float)
    ranks = _ranks(_drawn(means, dispersed, np.random.Generator(np.random.PCG64(_SEED))), over)
    return _intervals(_ranks(means.reshape(1, -1), over).ravel(), ranks)


def rank_moves(counts: Sequence[int], before: Sequence[int], dispersed: float) -> list[RankMove]:
    """Rank places in two periods by their counts, and tell which ranks moved by more than chance moves them.

    Args:
        counts: the places' incidents in the later period, the places in an order that decides ties.
        before: their incidents in the earlier one.
        dispersed: the variance over the mean.

    Returns:
        A place's ranks, 1 for the most incidents, and how its rank moved.
    """
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(_SEED))
    once = np.ones(len(counts))
    own, drawn = [], []
    for numbers in (counts, before):
        means = np.array(numbers, dtype=float)
        own.append(_ranks(-means.reshape(1, -1), once).ravel())
        drawn.append(_ranks(-_drawn(means, dispersed, generator), once))
    rises = _intervals(own[1] - own[0], drawn[1] - drawn[0])
    return [
        RankMove(rank, low, high, earlier, RISEN if least > 0 else FALLEN if most < 0 else WITHIN_CHANCE)
        for (rank, low, high), earlier, (_, least, most) in zip(
            _intervals(own[0], drawn[0]), own[1].tolist(), rises, strict=True
        )
    ]


def _drawn(
    means: NDArray[np.float64], dispersed: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Draw counts with these means: a row for each draw."""
    import numpy as np

    drawn = np.zeros((_DRAWS, len(means)))
    some = means > 0
    shape = (_DRAWS, int(some.sum()))
    if dispersed > 1:
        drawn[:, some] = generator.negative_binomial(means[some] / (dispersed - 1), 1 / dispersed, shape)
    else:
        drawn[:, some] = generator.poisson(means[some], shape)
    return drawn


def _intervals(own: NDArray[np.int64], drawn: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Return each number with the 95 % interval of those drawn for it, rounded outwards and holding it."""
    import numpy as np

    low = np.minimum(np.floor(np.quantile(drawn, _TAIL, axis=0)), own)
    high = np.maximum(np.ceil(np.quantile(drawn, 1 - _TAIL, axis=0)), own)
    return list(zip(own.tolist(), low.astype(int).tolist(), high.astype(int).tolist(), strict=True))


def _ranks(counts: NDArray[np.float64], exposures: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank the rates of each row from 1; ties in order."""
    import numpy as np

    rates = np.full(counts.shape, np.inf)
    np.divide(counts, exposures, out=rates, where=exposures > 0)
    order = np.argsort(rates, axis=1, kind="stable")
    ranks = np.empty(order.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.arange(1, len(exposures) + 1).reshape(1, -1), axis=1)
    return ranks
