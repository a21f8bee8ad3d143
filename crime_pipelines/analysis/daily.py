"""Forecasts of daily and weekly counts of a whole city.

The logarithm of a day's count is the day's kind (weekday, time of the year, holiday), fitted by least squares
beside a slow course, plus a level that is smoothed exponentially. Weeks are forecast in the same way, without
weekdays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from crime_pipelines.analysis.conformal import LEVELS, half_widths, known_by
from crime_pipelines.analysis.holidays import HOLIDAYS, holidays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Step:
    """The steps of a forecast: days or weeks.

    Attributes:
        days: days of a step.
        horizon: steps ahead, at most.
        least: steps of history that are needed.
        used: steps of history that are used.
        origins: past forecasts that accuracy is measured on.
        every: steps between two of them.
        season: steps after which a naive forecast repeats what was.
        rates: of smoothing.
    """

    days: int
    horizon: int
    least: int
    used: int
    origins: int
    every: int
    season: int
    rates: tuple[float, ...]


DAY: Final = Step(1, 14, 730, 1461, 104, 7, 7, (0.02, 0.04, 0.07, 0.1, 0.15, 0.2))
WEEK: Final = Step(7, 8, 104, 364, 78, 1, 52, (0.05, 0.1, 0.15, 0.2, 0.3, 0.4))
_HARMONICS: Final = 3
_YEAR: Final = 365.25
#: A slow course bends this often: once in so many days.
_BEND_DAYS: Final = 730
#: Keeps a piece that has not begun yet at 0.
_RIDGE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Course:
    """Forecasts of one series, and how good earlier ones were.

    Attributes:
        expected: the middle of what is to be expected, by step.
        ends: lower and upper ends of the intervals, shape (levels, 2, horizon).
        past: how many past forecasts the accuracy is of.
        error: mean absolute error of those over the mean count, by step.
        naive_error: the same of what was a season before.
        inside: shares of past steps within the interval made before them, shape (levels, horizon).
    """

    expected: NDArray[np.float64]
    ends: NDArray[np.float64]
    past: int
    error: NDArray[np.float64]
    naive_error: NDArray[np.float64]
    inside: NDArray[np.float64]


def forecast_steps(counts: NDArray[np.float64], first: date, step: Step) -> Course:
    """Forecast a series of days or weeks, and try the method on its past.

    Args:
        counts: incidents of consecutive steps, at least `step.least`.
        first: the first day of the first, before any date shift: it tells weekdays and holidays.
        step: days or weeks.

    Returns:
        The forecasts from the last step.
    """
    import numpy as np

    skipped = max(0, len(counts) - step.used)
    counts, first = counts[skipped:], first + timedelta(days=skipped * step.days)
    steps = len(counts)
    logs = np.log(counts + 0.5)
    known_kinds = kinds_of(first, steps + step.horizon, step)
    ends = np.arange(steps, step.least - 1, -step.every)[: step.origins + 1][::-1]
    forecasts = _forecasts(logs, known_kinds, ends, step)
    ahead = ends[:, np.newaxis] + np.arange(step.horizon)
    known = ahead < steps
    actual = np.where(known, counts[np.minimum(ahead, steps - 1)], np.nan)
    # what was a season before, and known at the origin
    back = step.season * (1 + np.arange(step.horizon) // step.season)
    naive = counts[ahead - back]
    errors = (np.log(actual + 0.5) - forecasts)[np.newaxis]
    # one origin every so many steps: errors of fewer origins were known at each than `known_by` takes
    late = -(-step.horizon // step.every)
    widths = np.stack(
        [
            half_widths(
                known_by(errors, origin) if step.every == 1 else errors[:, : max(0, origin - late + 1)]
            )[:, 0]
            for origin in range(len(ends))
        ],
        axis=1,
    )
    low = np.maximum(np.floor(np.exp(forecasts - widths) - 0.5), 0.0)
    high = np.ceil(np.exp(forecasts + np.minimum(widths, 600)) - 0.5)
    high[np.isinf(widths)] = np.inf
    judged = known & np.isfinite(widths[0])
    within = np.where(judged, (low <= actual) & (actual <= high), np.nan)
    middles = np.maximum(np.exp(forecasts) - 0.5, 0.0)
    mean = np.nanmean(actual)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.nansum(within, axis=1) / judged.sum(axis=0)
    return Course(
        middles[-1],
        np.stack([low[:, -1], high[:, -1]], axis=1),
        int(known[:, 0].sum()),
        np.nanmean(np.abs(actual - middles)[:-1], axis=0) / mean,
        np.nanmean(np.abs(actual - naive)[:-1], axis=0) / mean,
        inside,
    )


def kinds_of(first: date, steps: int, step: Step) -> NDArray[np.float64]:
    """Describe each step by its time of the year, its holidays and, a day, its weekday.

    Args:
        first: the first day, before any date shift.
        steps: how many steps.
        step: days or weeks.

    Returns:
        Shape (steps, columns); the first six are the harmonics of the year.
    """
    import numpy as np

    number = np.arange(steps) * step.days
    time = (first.toordinal() + number + (step.days - 1) / 2) / _YEAR * 2 * np.pi
    columns = [wave(at * time) for at in range(1, _HARMONICS + 1) for wave in (np.sin, np.cos)]
    last = first + timedelta(days=int(number[-1]) + step.days)
    festive = np.zeros((steps, len(HOLIDAYS)))
    for year in range(first.year, last.year + 1):
        for day, name in holidays(year).items():
            at = (day - first).days // step.days
            if 0 <= at < steps:
                festive[at, HOLIDAYS.index(name)] = 1.0
    columns += list(festive.T)
    if step.days == 1:
        weekday = (first.weekday() + number) % 7
        columns += [(weekday == at).astype(float) for at in range(1, 7)]
        # dates that stand for "some day of the month"
        first_of_month = [(first + timedelta(days=int(at))).day == 1 for at in number]
        columns.append(np.array(first_of_month, dtype=float))
    return np.column_stack(columns)


def slow_course(steps: int, step: Step) -> NDArray[np.float64]:
    """Return a slow course's pieces: a level, and slopes that begin one after the other.

    Args:
        steps: how many steps.
        step: days or weeks.

    Returns:
        Shape (steps, pieces).
    """
    import numpy as np

    number = np.arange(steps) * step.days
    return np.column_stack(
        [
            np.ones(steps),
            *(np.maximum(0, number - at) / _YEAR for at in range(0, int(number[-1]), _BEND_DAYS)),
        ]
    )


def _forecasts(
    logs: NDArray[np.float64], kinds: NDArray[np.float64], ends: NDArray[np.int64], step: Step
) -> NDArray[np.float64]:
    """Forecast logarithms of counts from each of several ends, with what was known at each.

    Args:
        logs: logarithms of counts.
        kinds: what is known of each step ahead of time, those of the horizon after the last among them.
        ends: steps known at each origin, ascending.
        step: days or weeks.

    Returns:
        Shape (ends, horizon).
    """
    import numpy as np

    design = np.column_stack([kinds[: len(logs)], slow_course(len(logs), step)])
    penalty = np.full(design.shape[1], _RIDGE)
    # holidays come once a year: little is known of each, and its effect is shrunk
    festive = slice(2 * _HARMONICS, 2 * _HARMONICS + len(HOLIDAYS))
    penalty[festive] = 1.0
    squares, products = np.diag(penalty), np.zeros(design.shape[1])
    begin, rate, found = 0, 0.0, []
    for end in ends.tolist():
        squares = squares + design[begin:end].T @ design[begin:end]
        products = products + design[begin:end].T @ logs[begin:end]
        weights = np.linalg.solve(squares, products)[: kinds.shape[1]]
        left = logs[:end] - kinds[:end] @ weights
        # once, with what the first origin knew
        rate = rate or _rate(left, step)
        fading = rate * (1 - rate) ** np.arange(end)
        level = float(fading @ left[::-1] / fading.sum())
        found.append(level + kinds[end : end + step.horizon] @ weights)
        begin = end
    return np.stack(found)


def _rate(left: NDArray[np.float64], step: Step) -> float:
    """Return the rate of smoothing that erred least one step ahead."""
    import numpy as np

    rates = np.array(step.rates)
    level = np.full(len(rates), left[: step.least // 8].mean())
    squares = np.zeros(len(rates))
    for value in left:
        error = value - level
        squares += error**2
        level += rates * error
    return float(rates[squares.argmin()])


__all__ = ["DAY", "LEVELS", "WEEK", "Course", "Step", "forecast_steps", "kinds_of", "slow_course"]
