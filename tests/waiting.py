"""Waiting for a condition: the only module under tests/ that sleeps or reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

Value = TypeVar("Value")

#: Seconds after which something that has not happened never will, on a slow and busy machine too.
PATIENCE: Final = 300.0
_PAUSE: Final = 0.05


def eventually(
    look: Callable[[], Value],
    *,
    patience: float = PATIENCE,
    hopeless: Callable[[], str] = str,
    pause: float = _PAUSE,
) -> Value:
    """Look until there is something to see.

    Args:
        look: gives something true once the condition holds.
        patience: the limit in seconds; far above what any machine needs, because it is no measurement.
        hopeless: says why no further look can help, or nothing.
        pause: seconds between looks; more where looking is work for what is looked at.

    Returns:
        What the look gave.

    Raises:
        AssertionError: no further look can help, or the limit has passed.
    """
    end = time.monotonic() + patience
    while True:
        reason = hopeless()
        value = look()
        if value:
            return value
        assert not reason, reason
        assert time.monotonic() < end, f"nothing happened within {patience:.0f} s"
        time.sleep(pause)
