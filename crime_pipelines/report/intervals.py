"""How sure a number is that chance has a part in."""

from __future__ import annotations

from typing import Final

_TAIL: Final = 0.025


def poisson_interval(events: int) -> tuple[float, float]:
    """The exact 95 % interval of the number of events to be expected, where so many were seen.

    Args:
        events: how many were seen.

    Returns:
        Its ends (Garwood).
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(events, _TAIL)) if events else 0.0
    return low, float(gammaincinv(events + 1, 1 - _TAIL))
