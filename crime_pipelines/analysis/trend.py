"""Is crime rising or falling? The test behind the `crime_trend` answer.

The model is a straight line through the logarithm of incidents per day, next to one level for each calendar
month:

    log((incidents + 1/2) / days in month) = level of the calendar month + slope * years + noise

Beside it, the last 12 months are compared with the 12 before: the same model, with one step for the last 12
and one for all that is older than 24 in place of the line.

A month resembles the one before, so the textbook standard error of the slope is too small, and over five
years of months the usual remedy (Newey-West) mends only part of that. The error used here is measured on a
few slow waves that the model itself can't explain, after Sun (2011). docs/decisions/0002-trend-test.md has
the measured false alarms.

Sources:
    Sun, Y. (2011). Robust trend inference with series variance estimator and testing-optimal smoothing
        parameter. Journal of Econometrics 164(2), 345-366.
    Farrington, C. P. et al. (1996). A statistical algorithm for the early detection of outbreaks of
        infectious disease. Journal of the Royal Statistical Society A 159(3), 547-563. (Counts are taken to
        vary no less than Poisson's.)
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INCREASING: Final = "increasing"
DECREASING: Final = "decreasing"
NO_TREND: Final = "no significant trend"
TOO_FEW: Final = "too few months"

SIGNIFICANCE: Final = 0.05
"""Two-sided level of the test; the interval holds the complement, 95 %."""

MINIMUM_MONTHS: Final = 24
"""Two full years: with fewer, some calendar month is seen once, and season and trend can't be told apart."""

RECENT_MONTHS: Final = 12
"""Months that are compared with as many before."""

_LARGEST_EXPONENT: Final = 700.0  # exp() of more does not fit a float


@dataclass(frozen=True, slots=True)
class Trend:
    """The one row of `crime_trend`.

    Attributes:
        direction: `increasing`, `decreasing` or `no significant trend`, at 5 %, two-sided: there is a trend
            exactly when the interval leaves out 0. `too few months` where nothing can be tested: fewer than
            `MINIMUM_MONTHS` months, or no incident in any; every number but `months` is then None.
        change_per_year: Change of incidents per day in a year, as a share: -0.03 is 3 % fewer each year.
        change_low: Lower end of the 95 % interval of `change_per_year`.
        change_high: Upper end of that interval.
        p_value: Of the hypothesis that nothing changes, two-sided.
        first_month: First month of the series, as its first day; None for an empty series.
        last_month: Last month of the series, likewise.
        months: Number of months in the series.
        recent_change: Incidents per day of the last `RECENT_MONTHS` months against as many before, a share.
        recent_low: Lower end of its 95 % interval.
        recent_high: Upper end of that interval.
    """

    direction: str
    change_per_year: float | None
    change_low: float | None
    change_high: float | None
    p_value: float | None
    first_month: date | None
    last_month: date | None
    months: int
    recent_change: float | None = None
    recent_low: float | None = None
    recent_high: float | None = None


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A change on the log scale.

    Attributes:
        change: The estimate.
        error: Its standard error.
        half_width: Half of its 95 % interval.
        degrees_of_freedom: Of Student's t.
    """

    change: float
    error: float
    half_width: float
    degrees_of_freedom: int

    @property
    def shares(self) -> tuple[float, float, float]:
        """The change, and the lower and the upper end of its interval, as shares."""
        ends = (self.change, self.change - self.half_width, self.change + self.half_width)
        return tuple(_share(end) for end in ends)  # type: ignore[return-value]


def import_ahead() -> None:
    """Import what `trend_of` computes with: half a second that can pass while files are read."""
    import scipy.special  # noqa: F401


def days_in_month(month: date, shift_years: int = 0) -> int:
    """Return the days that the incidents of a month come from.

    Args:
        month: any day of the month, as shifted.
        shift_years: the years that its dates were moved by.

    Returns:
        The days of the month before the shift: 29 for February 2019 if it was February 2016.
    """
    if month.month == 2:  # the year before the shift may lie outside of the calendar
        return 29 if calendar.isleap(month.year - shift_years) else 28
    return calendar.monthrange(month.year, month.month)[1]


def trend_of(months: Sequence[tuple[date, int]], days: Sequence[int] | None = None) -> Trend:
    """Test a series of monthly counts for a trend, allowing for season and serial correlation.

    Half an incident is added to every month, so that months with none have a logarithm. It matters only to
    counts of less than about 5 a month, where it pulls the change towards 0.

    Args:
        months: (any day of the month, incidents in it) for consecutive, complete calendar months, ascending.
        days: the days of each month; those of the calendar unless given (see `days_in_month`).

    Returns:
        The direction, the change per year with its 95 % interval, and the p value, all from one t test; and
        the change in the last 12 months. Every number is finite.

    Raises:
        ValueError: If the months are not consecutive and ascending, or a count is negative.
    """
    ordinals = [month.year * 12 + month.month for month, _ in months]
    if any(later - earlier != 1 for earlier, later in pairwise(ordinals)):
        raise ValueError("the months of a trend must be consecutive and ascending")
    counts = [int(count) for _, count in months]
    if any(count < 0 for count in counts):
        raise ValueError("a month can't have fewer than 0 incidents")
    first_month = months[0][0].replace(day=1) if months else None
    last_month = months[-1][0].replace(day=1) if months else None
    if len(months) < MINIMUM_MONTHS or not any(counts):
        return Trend(TOO_FEW, None, None, None, None, first_month, last_month, len(months))

    # Imported here: most users of the package never ask for a trend. Student's t stands behind that of
    # scipy.stats, which takes over a second to import.
    import numpy as np
    from scipy.special import stdtr

    lengths = days or [days_in_month(month) for month, _ in months]
    # math.log, unlike numpy's, takes integers of any size.
    log_rate = np.array(
        [
            math.log(2 * count + 1) - math.log(2 * length)
            for count, length in zip(counts, lengths, strict=True)
        ]
    )
    # Counts vary at least as Poisson's do, whose logarithm has variance 1 / mean. With so few waves the
    # estimate can be next to 0 by chance, or exactly 0 for made-up series, and would then make a trend of
    # nothing.
    floor = 2 * len(counts) / (2 * sum(counts) + len(counts))
    number = np.arange(len(months))
    calendar_month = np.array([month.month for month, _ in months])
    season = (calendar_month[:, np.newaxis] == np.arange(1, 13)).astype(float)
    years = (number - (len(months) - 1) / 2) / 12
    slope = _estimate(np.column_stack([season, years]), log_rate, floor)

    recent = (number >= len(months) - RECENT_MONTHS).astype(float)
    older = (number < len(months) - 2 * RECENT_MONTHS).astype(float)
    steps = [older, recent] if older.any() else [recent]
    change, low, high = slope.shares
    return Trend(
        INCREASING if low > 0 else DECREASING if high < 0 else NO_TREND,
        *(change, low, high),
        2 * float(stdtr(slope.degrees_of_freedom, -abs(slope.change) / slope.error)),
        *(first_month, last_month, len(months)),
        *_estimate(np.column_stack([season, *steps]), log_rate, floor).shares,
    )


def _estimate(design: NDArray[np.float64], log_rate: NDArray[np.float64], floor: float) -> _Estimate:
    """Estimate the coefficient of a design's last column by least squares.

    Args:
        design: Shape (months, regressors), of full column rank.
        log_rate: Logarithms of incidents per day.
        floor: The least variance of a month's noise.

    Returns:
        The coefficient, and its error from the slow waves or, where these say less, from the floor. The
        floor is known and not estimated: the waves only said that the noise is not above it, which twice
        their degrees of freedom allow for (docs/decisions/0002-trend-test.md).
    """
    import numpy as np
    from scipy.special import stdtrit

    slow_waves = _slow_waves(design)
    long_run_variance = float(np.mean((slow_waves.T @ log_rate) ** 2))
    degrees_of_freedom = slow_waves.shape[1] * (2 if long_run_variance < floor else 1)
    # The coefficient of ordinary least squares is a weighted sum of the logarithms, which its error follows
    # from.
    weights = np.linalg.pinv(design)[-1]
    error = math.sqrt(max(long_run_variance, floor) * float(weights @ weights))
    half_width = error * -float(stdtrit(degrees_of_freedom, SIGNIFICANCE / 2))
    return _Estimate(float(weights @ log_rate), error, half_width, degrees_of_freedom)


def _slow_waves(design: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slow waves that a model can't explain, on which to measure its noise at the time scale of a trend.

    They are the slowest cosines of the span of the data, one for each year of it, made orthogonal to the
    columns of `design`. Were the noise white, the slope over the error that they give would follow Student's
    t, with as many degrees of freedom, exactly; for serially correlated noise it does so in the limit (Sun
    2011). More waves narrow the interval but see less of a strong correlation; one a year keeps false alarms
    near 5 % (docs/decisions/0002-trend-test.md).

    Args:
        design: Shape (months, regressors), of full column rank.

    Returns:
        Orthonormal columns, shape (months, waves), with at least two waves for `MINIMUM_MONTHS` months.
    """
    import numpy as np

    months, regressors = design.shape
    half_periods = np.arange(1, round(months / 12) + 1)
    cosines = np.cos(np.pi * half_periods * (np.arange(months)[:, np.newaxis] + 0.5) / months)
    orthonormal, _ = np.linalg.qr(np.column_stack([design, cosines]))
    return orthonormal[:, regressors:]


def _share(log_change: float) -> float:
    """Return the share by which a number changes whose logarithm changes by `log_change`; never infinite."""
    return math.expm1(min(log_change, _LARGEST_EXPONENT))
