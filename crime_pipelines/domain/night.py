"""Late night: the hours that count as such, and the night an incident belongs to."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

#: First hour of the window, and the hour it ends before: the last second before `END_HOUR` is in.
START_HOUR: Final = 22
END_HOUR: Final = 4
#: The window in words.
LATE_NIGHT: Final = f"{START_HOUR:02d}:00-{END_HOUR:02d}:00"


def is_late_night(occurred_at: datetime) -> bool:
    """Tell whether a local civil time lies in the late-night window.

    Args:
        occurred_at: local civil time, without time zone.

    Returns:
        True from `START_HOUR` up to, not including, `END_HOUR`.
    """
    return occurred_at.hour >= START_HOUR or occurred_at.hour < END_HOUR


def operational_night(occurred_at: datetime) -> date | None:
    """Return the date of the evening that the night of an incident began on.

    Args:
        occurred_at: local civil time, without time zone.

    Returns:
        The evening's date (an incident after midnight belongs to the evening before), or None for an
        incident outside the late-night window, and for the first hours of year 1, which have no evening.
    """
    if not is_late_night(occurred_at):
        return None
    if occurred_at.hour >= START_HOUR:
        return occurred_at.date()
    return occurred_at.date() - timedelta(days=1) if occurred_at.date() > date.min else None


def is_late_night_sql(occurred_at: str) -> str:
    """Return the SQL rule of `is_late_night`.

    Args:
        occurred_at: a SQL expression of a DATETIME (TIMESTAMP without time zone).

    Returns:
        A SQL condition.
    """
    hour = f"EXTRACT(HOUR FROM {occurred_at})"
    return f"({hour} >= {START_HOUR} OR {hour} < {END_HOUR})"


def operational_night_sql(occurred_at: str) -> str:
    """Return the SQL rule of `operational_night`.

    Args:
        occurred_at: a SQL expression of a DATETIME (TIMESTAMP without time zone).

    Returns:
        A SQL expression of a DATE, NULL outside the window.
    """
    # The first day there is has no evening before it: BigQuery's DATETIME begins where Python's does.
    return (
        f"CASE WHEN EXTRACT(HOUR FROM {occurred_at}) >= {START_HOUR} THEN CAST({occurred_at} AS DATE) "
        f"WHEN EXTRACT(HOUR FROM {occurred_at}) < {END_HOUR} "
        f"AND CAST({occurred_at} AS DATE) > DATE '0001-01-01' "
        f"THEN CAST({occurred_at} - INTERVAL {END_HOUR} HOUR AS DATE) END"
    )
