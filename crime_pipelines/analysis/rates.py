"""Intervals of the areas' rates and ranks, behind the `safest_areas` answer.

Counts of incidents vary more than Poisson's do: a quarrel makes several, and quiet months follow one another.
The factor by which their variance exceeds their mean, the dispersion, is measured once for all areas
together, and widens the interval of every rate and rank.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    generator = np.random.Generator(np.random.PCG64(_SEED))
    drawn = np.zeros((_DRAWS, len(means)))
    some = means > 0
    shape = (_DRAWS, int(some.sum()))
    if dispersed > 1:
        drawn[:, some] = generator.negative_binomial(means[some] / (dispersed - 1), 1 / dispersed, shape)
    else:
        drawn[:, some] = generator.poisson(means[some], shape)
    ranks = _ranks(drawn, over)
    own = _ranks(means.reshape(1, -1), over).ravel()
    low = np.minimum(np.floor(np.quantile(ranks, _TAIL, axis=0)), own)
    high = np.maximum(np.ceil(np.quantile(ranks, 1 - _TAIL, axis=0)), own)
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
