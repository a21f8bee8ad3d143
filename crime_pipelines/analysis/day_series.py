"""Days as they were before the date shift, and forecasts of series of days as rows of a table."""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.analysis.daily import Step, forecast_steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: A series with fewer incidents a step, on average, is not forecast.
LEAST_MEAN: Final = 5.0
#: Name, type and description of the columns of a table of forecasts.
COLUMNS: Final = (
    ("first_day", "date", "First day."),
    ("first_day_before_shift", "date", "The same before any date shift: its weekday is the true one."),
    ("days", "integer", "Number of days."),
    ("steps_ahead", "integer", "1 for the next one."),
    ("expected", "decimal", "Incidents to be expected: as likely more as fewer."),
    ("low_80", "integer", "Lower end of the interval that is to hold 80 %."),
    ("high_80", "integer", "Upper end of that interval."),
    ("low_95", "integer", "Lower end of the interval that is to hold 95 %."),
    ("high_95", "integer", "Upper end of that interval."),
    ("past_forecasts", "integer", "Past forecasts that accuracy is measured on."),
    ("error", "decimal", "Their mean absolute error, as a share of the mean count."),
    ("naive_error", "decimal", "That of the same weekday a week before, or of the same week a year before."),
    ("inside_80", "decimal", "Share of past counts inside of the 80 % interval made before them."),
    ("inside_95", "decimal", "Share inside of the 95 % interval."),
    ("note", "text", "Why there is no forecast."),
)


def before_shift(day: date, shift_years: int) -> date:
    """Return a day as it was before the date shift; 29 February can't be told from the day before.

    Args:
        day: the shifted day.
        shift_years: calendar years that it was moved by.

    Returns:
        The day; 28 February for a 29 February that the other year does not have.
    """
    year = min(max(day.year - shift_years, 1), 9999)
    leap = (day.month, day.day) == (2, 29) and not calendar.isleap(year)
    return day.replace(year=year, day=28 if leap else day.day)


def after_shift(day: date, shift_years: int) -> date:
    """Return a day as the date shift moves it; the inverse of `before_shift`."""
    return before_shift(day, -shift_years)


def original_days(days: Sequence[tuple[date, int]], shift_years: int) -> tuple[date, NDArray[np.float64]]:
    """Return counts by day before the shift.

    Args:
        days: days with incidents, ascending, at least one, and how many.
        shift_years: calendar years that they were moved by.

    Returns:
        The first day, and the counts of it and all that follow to the last. Where the shift put 29 February
        on the day before, each gets half.
    """
    import numpy as np

    first, last = (before_shift(day, shift_years) for day in (days[0][0], days[-1][0]))
    counts = np.zeros((last - first).days + 1)
    for day, number in days:
        own = before_shift(day, shift_years)
        at = (own - first).days
        is_double = (own.month, own.day) == (2, 28) and calendar.isleap(own.year)
        if is_double and not calendar.isleap(day.year) and at + 1 < len(counts):
            counts[at] += number / 2
            counts[at + 1] += number / 2
        else:
            counts[at] += number
    return first, counts


def forecast_rows(rows: Sequence[tuple[Any, ...]], step: Step) -> list[tuple[Any, ...]]:
    """Forecast days or weeks, as rows of a table with `COLUMNS`.

    Args:
        rows: (day, incidents, shift), ascending.
        step: days or weeks.

    Returns:
        A row for each step ahead; one row that says why there is no forecast; none without incidents.
    """
    if not rows:
        return []
    shift = max((row[2] or 0) for row in rows)
    first, counts = original_days([(day, number) for day, number, _ in rows], shift)
    skipped = len(counts) % step.days
    counts = counts[skipped:].reshape(-1, step.days).sum(axis=1)
    first += timedelta(days=skipped)
    name = "days" if step.days == 1 else "weeks"
    if len(counts) < step.least + step.every:
        return [_refused(f"no forecast: fewer than {step.least} {name} of data")]
    if counts[-step.season :].mean() < LEAST_MEAN:
        return [_refused(f"no forecast: fewer than {LEAST_MEAN:.0f} incidents a step")]
    found = forecast_steps(counts, first, step)
    begin = first + timedelta(days=len(counts) * step.days)
    table = []
    for at in range(step.horizon):
        day = begin + timedelta(days=at * step.days)
        ends = [float(end) for level in found.ends[:, :, at] for end in level]
        accuracy = (found.error[at], found.naive_error[at], *found.inside[:, at])
        table.append(
            (
                *(after_shift(day, shift), day, step.days, at + 1, float(found.expected[at])),
                *(int(end) if end < float("inf") else None for end in ends),
                found.past,
                *(None if math.isnan(each) else float(each) for each in accuracy),
                None,
            )
        )
    return table


def _refused(note: str) -> tuple[Any, ...]:
    return (*[None] * (len(COLUMNS) - 1), note)
