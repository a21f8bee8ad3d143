"""Surges: an area's hour with far more incidents than is usual there at that hour of the week.

The rule. The hour is held against the same hour of the week in up to eight weeks before. If incidents came at
a steady rate, the number in a new hour would follow the negative binomial distribution that the past counts
predict (a Poisson rate whose uncertainty is that of a Gamma distribution from Jeffreys' prior). An hour is a
surge where that distribution gives so many incidents or more a chance below `LEVEL`.

The false alarms. At a steady rate about one area-hour in 10,000 is called a surge at most, 1.3 a week over 77
areas; tests/unit/test_surges.py measures it. Crime is burstier than that: days of street festivals or
of data entered late are surges by this rule, and are meant to be looked at, not to be taken for a finding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

#: Chance of a surge in an hour of the usual rate, at most.
LEVEL: Final = 1e-4
#: Weeks that an hour is held against, at most, and at least: with fewer, nothing is usual yet.
WEEKS: Final = 8
FEWEST_WEEKS: Final = 4


def is_surge(incidents: int, past: Sequence[int]) -> bool:
    """Whether an area's hour is a surge.

    Args:
        incidents: incidents in the hour.
        past: incidents in the same hour of each week before, `FEWEST_WEEKS` to `WEEKS` of them.

    Returns:
        True for a surge; False where there are too few weeks to tell.
    """
    return len(past) >= FEWEST_WEEKS and chance_of(incidents, past) < LEVEL


def chance_of(incidents: int, past: Sequence[int]) -> float:
    """How likely an hour of so many incidents or more is, after such weeks.

    Args:
        incidents: incidents in the hour.
        past: incidents in the same hour of each week before, at least one.

    Returns:
        The chance, 0 to 1.
    """
    weeks = len(past)
    shape = sum(past) + 0.5
    term = math.exp(shape * math.log(weeks / (weeks + 1)))
    below = 0.0
    for number in range(incidents):
        below += term
        term *= (number + shape) / ((number + 1) * (weeks + 1))
    return max(0.0, 1.0 - below)


def expected(past: Sequence[int]) -> float:
    """Incidents that are usual in an hour, after such weeks.

    Args:
        past: incidents in the same hour of each week before, at least one.

    Returns:
        Their mean.
    """
    return sum(past) / len(past)
