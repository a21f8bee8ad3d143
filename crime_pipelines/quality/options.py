"""Options of a run that can't be right."""

from __future__ import annotations

from typing import Final

from crime_pipelines.domain.dates import GREATEST_SHIFT
from crime_pipelines.errors import InputError

#: The share of a run's rows that may be rejected.
MAX_REJECTED: Final = 0.05


def refuse_shift(shift_years: int) -> None:
    """Refuse a date shift that leaves no date in the calendar.

    Args:
        shift_years: the value of ``--shift-years``.

    Raises:
        InputError: it is out of range.
    """
    if abs(shift_years) > GREATEST_SHIFT:
        raise InputError(f"--shift-years {shift_years}: a shift is at most {GREATEST_SHIFT} years")


def refuse_share(value: float) -> None:
    """Refuse a share that is none.

    Args:
        value: what was given for ``--max-rejected``.

    Raises:
        InputError: it is not from 0 to 1.
    """
    if not 0 <= value <= 1:
        raise InputError(f"--max-rejected {value}: give a share from 0 to 1, such as 0.05")
