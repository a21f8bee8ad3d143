"""Prediction intervals from a method's own past errors (conformal prediction).

A forecast made h steps ahead errs on the log scale, by an error whose variance grows with h along a straight
line. Past errors over their standard deviation are of one kind. The quantile of their absolute values that
holds for a finite sample gives the interval of the next forecast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The intervals that are given, as shares of future values that they should hold.
LEVELS: Final = (0.8, 0.95)
#: Fewer past forecasts of a series make no interval.
LEAST_ORIGINS: Final = 12


def spread(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit how errors grow with the horizon.

    Args:
        errors: shape (series, origins, horizons); NaN where the future was not known yet.

    Returns:
        Standard deviations, shape (series, horizons): the root of a line through the mean squares, which
        neither falls with the horizon nor begins below half of what was seen one step ahead.
    """
    import numpy as np

    known = ~np.isnan(errors)
    number = known.sum(axis=1)
    squares = np.where(known, errors, 0.0) ** 2
    mean = squares.sum(axis=1) / np.maximum(number, 1)
    ahead = np.arange(errors.shape[2], dtype=float)
    weight = number / np.maximum(number.sum(axis=1, keepdims=True), 1)
    centre = (weight * ahead).sum(axis=1, keepdims=True)
    middle = (weight * mean).sum(axis=1, keepdims=True)
    away = ahead - centre
    across = (weight * away**2).sum(axis=1, keepdims=True)
    slope = (weight * away * (mean - middle)).sum(axis=1, keepdims=True) / np.where(across > 0, across, 1)
    slope = np.clip(slope, 0, None)
    line = np.maximum(middle + slope * away, mean[:, :1] / 2)
    return np.asarray(np.sqrt(np.maximum(line, 1e-12)))


def half_widths(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half of each interval's width on the log scale.

    Args:
        errors: past errors, shape (series, origins, horizons); NaN where the future was not known yet.

    Returns:
        Shape (levels, series, horizons); infinite where there are too few past forecasts.
    """
    import numpy as np

    series, made, horizons = errors.shape
    if made < LEAST_ORIGINS:
        return np.full((len(LEVELS), series, horizons), np.inf)
    scale = spread(errors)
    scores = np.abs(errors / scale[:, np.newaxis, :]).reshape(series, -1)
    known = ~np.isnan(scores)
    number = known.sum(axis=1)
    ordered = np.sort(np.where(known, scores, np.inf), axis=1)
    origins = (~np.isnan(errors[:, :, 0])).sum(axis=1)
    widths = np.full((len(LEVELS), series, horizons), np.inf)
    for at, level in enumerate(LEVELS):
        place = np.minimum(np.ceil(level * (number + 1)).astype(int), np.maximum(number, 1)) - 1
        quantile = np.take_along_axis(ordered, place[:, np.newaxis], axis=1)
        widths[at] = np.where(origins[:, np.newaxis] >= LEAST_ORIGINS, quantile * scale, np.inf)
    return widths


def known_by(errors: NDArray[np.float64], origin: int) -> NDArray[np.float64]:
    """Return the errors that were known at an origin.

    Args:
        errors: of forecasts from the origins 0, 1, ..., shape (series, origins, horizons), the first horizon
            one step ahead.
        origin: the origin.

    Returns:
        Errors of earlier origins; NaN where the step forecast is later than this origin.
    """
    import numpy as np

    earlier = errors[:, :origin].copy()
    made = np.arange(origin)[:, np.newaxis] + np.arange(1, errors.shape[2] + 1)
    earlier[:, made > origin] = np.nan
    return earlier
