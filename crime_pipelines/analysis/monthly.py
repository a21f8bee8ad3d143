"""Forecasts of monthly counts: exponential smoothing with a shrunken season.

The logarithm of incidents per day is a level plus the season. The season is the mean ratio to a centred
12-month mean, by calendar month, shrunk towards none by its own noise; the level is smoothed exponentially,
with the rate that would have erred least one month ahead. Many series are computed side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crime_pipelines.analysis.conformal import LEVELS, half_widths, known_by

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HORIZON: Final = 12
"""Months ahead, at most."""
MINIMUM_MONTHS: Final = 24
SHORT_HISTORY: Final = 48
LEAST_MEAN: Final = 5.0
"""A series with fewer incidents a month, on average over the last `MINIMUM_MONTHS`, is not forecast."""

_SEASON_MONTHS: Final = 84
_RATES: Final = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts of many series, and how good earlier ones were.

    Attributes:
        expected: shape (series, HORIZON): the middle of what is to be expected.
        ends: shape (levels, 2, series, HORIZON): lower and upper ends of the intervals; infinite where there
            are too few past forecasts.
        past: how many past forecasts the accuracy is of, shape (HORIZON,).
        error: mean absolute error of those over the mean count, shape (series, HORIZON); NaN without any.
        naive_error: the same of last year's value.
        inside: shares of past months within the interval made before them, shape (levels, series, HORIZON).
        surprises: how many of the last 3 months lie outside of the 95 % interval made one month before.
    """

    expected: NDArray[np.float64]
    ends: NDArray[np.float64]
    past: NDArray[np.int64]
    error: NDArray[np.float64]
    naive_error: NDArray[np.float64]
    inside: NDArray[np.float64]
    surprises: NDArray[np.int64]


def forecast_months(
    counts: NDArray[np.float64], days: NDArray[np.float64], first_month: int, borrowed: NDArray[np.bool_]
) -> Forecasts:
    """Forecast series of monthly counts, and try the method on their past.

    Args:
        counts: shape (series, months), of consecutive complete months, at least `MINIMUM_MONTHS`; the first
            series is the sum of all.
        days: days of each month and of the `HORIZON` months that follow.
        first_month: the first month, 1 to 12.
        borrowed: which series take the first one's season, as areas do.

    Returns:
        The forecasts from the last month, with accuracy by rolling origins: at each past month from the
        24th the whole method is applied to what was known then.
    """
    import numpy as np

    number, months = counts.shape
    origins = months - MINIMUM_MONTHS  # of which the future is known in part
    logs = np.log(counts + 0.5) - np.log(days[:months])
    forecasts = np.empty((number, origins + 1, HORIZON))
    for origin in range(origins + 1):
        end = MINIMUM_MONTHS + origin
        forecasts[:, origin] = _fit(logs[:, :end], first_month, borrowed)
    ahead = np.arange(MINIMUM_MONTHS, months + 1)[:, np.newaxis] + np.arange(HORIZON)
    log_counts = forecasts + np.log(days)[ahead]
    middles = np.maximum(np.exp(log_counts) - 0.5, 0.0)

    known = ahead < months
    actual = np.where(known, counts[:, np.minimum(ahead, months - 1)], np.nan)
    last_year = counts[:, ahead - 12]
    errors = np.log(actual + 0.5) - log_counts
    widths = np.stack([half_widths(known_by(errors, origin)) for origin in range(origins + 1)], axis=2)
    low = np.maximum(np.floor(np.exp(log_counts - widths) - 0.5), 0.0)
    high = np.ceil(np.exp(log_counts + np.minimum(widths, 600)) - 0.5)
    high[np.isinf(widths)] = np.inf

    judged = known & np.isfinite(widths[0, 0])
    within = np.where(judged, (low <= actual) & (actual <= high), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.nansum(within, axis=2) / judged.sum(axis=0)
        mean = np.nansum(actual, axis=1)
        error = np.nansum(np.abs(actual - middles), axis=1) / mean
        naive = np.nansum(np.abs(actual - np.where(known, last_year, np.nan)), axis=1) / mean
    recent = within[-1, :, -4:-1, 0]
    return Forecasts(
        middles[:, -1],
        np.stack([low[:, :, -1], high[:, :, -1]], axis=1),
        known.sum(axis=0),
        error,
        naive,
        inside,
        (recent == 0).sum(axis=1),
    )


def _fit(logs: NDArray[np.float64], first_month: int, borrowed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Forecast logarithms of incidents per day from all that is given."""
    import numpy as np

    months = logs.shape[1]
    season = _season(logs[:, -_SEASON_MONTHS:], (first_month - 1 + max(0, months - _SEASON_MONTHS)) % 12)
    season[borrowed] = season[0]
    calendar_month = (first_month - 1 + np.arange(months + HORIZON)) % 12
    level = _level(logs - season[:, calendar_month[:months]])
    return np.asarray(level[:, np.newaxis] + season[:, calendar_month[months:]])


def _season(logs: NDArray[np.float64], first: int) -> NDArray[np.float64]:
    """Return each calendar month's distance from a centred 12-month mean, shrunk by its noise."""
    import numpy as np

    sums = np.cumsum(np.pad(logs, ((0, 0), (1, 0))), axis=1)
    yearly = (sums[:, 12:] - sums[:, :-12]) / 12
    distances = logs[:, 6:-6] - (yearly[:, :-1] + yearly[:, 1:]) / 2
    calendar_month = (first + 6 + np.arange(distances.shape[1])) % 12
    seen = np.bincount(calendar_month, minlength=12)
    belongs = (calendar_month[:, np.newaxis] == np.arange(12)).astype(float)
    season = distances @ belongs / np.maximum(seen, 1)
    season -= season.mean(axis=1, keepdims=True)
    noise = ((distances - season[:, calendar_month]) ** 2).sum(axis=1) / max(distances.shape[1] - 12, 1)
    # of a mean over `seen` years; with one year the noise can't be told, and half of the season is kept
    noise = noise / max(seen.mean(), 1)
    strength = (season**2).sum(axis=1) / 11
    kept = np.clip(1 - noise / np.maximum(strength, 1e-12), 0, 1) if distances.shape[1] > 12 else 0.5
    return np.asarray(season * np.reshape(kept, (-1, 1)) if np.ndim(kept) else season * kept)


def _level(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smooth exponentially, and return the last level at the rate that erred least one month ahead."""
    import numpy as np

    rates = np.array(_RATES)
    level = np.repeat(logs[:, :12].mean(axis=1)[:, np.newaxis], len(rates), axis=1)
    squares = np.zeros_like(level)
    for month in range(logs.shape[1]):
        error = logs[:, month : month + 1] - level
        if month >= 12:
            squares += error**2
        level += rates * error
    return np.take_along_axis(level, squares.argmin(axis=1)[:, np.newaxis], axis=1)[:, 0]


__all__ = ["HORIZON", "LEVELS", "Forecasts", "forecast_months"]
