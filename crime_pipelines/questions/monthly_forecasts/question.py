"""Forecasts of the next months, by type of crime and by area, with the accuracy of earlier ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from crime_pipelines.analysis.monthly import (
    HORIZON,
    LEAST_MEAN,
    MINIMUM_MONTHS,
    SHORT_HISTORY,
    Forecasts,
    forecast_months,
)
from crime_pipelines.analysis.trend import days_in_month
from crime_pipelines.questions.model import Column, Question, Row, read_query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Key = tuple[str, str | None, int | None]
TOO_SHORT: Final = f"no forecast: fewer than {MINIMUM_MONTHS} complete months"
TOO_FEW: Final = f"no forecast: fewer than {LEAST_MEAN:.0f} incidents a month"
SHORT: Final = f"short history: fewer than {SHORT_HISTORY} months"
SURPRISED: Final = "2 of the last 3 months lay outside of their 95 % interval: the forecast may be off"


@dataclass(frozen=True, slots=True)
class MonthlySeries:
    """Incidents by series and month.

    Attributes:
        keys: scope, name and area of each series; the first is of all incidents.
        first: the first month, in months since the year 0.
        counts: incidents, shape (series, months).
        days: days of each month and of the `HORIZON` months that follow.
    """

    keys: list[Key]
    first: int
    counts: NDArray[np.float64]
    days: NDArray[np.float64]

    def frequent(self) -> MonthlySeries:
        """Return all incidents, and the series that have enough to be forecast."""
        means = self.counts[:, -MINIMUM_MONTHS:].mean(axis=1)
        kept = [at for at, key in enumerate(self.keys) if key[0] == "all" or means[at] >= LEAST_MEAN]
        return replace(self, keys=[self.keys[at] for at in kept], counts=self.counts[kept])

    def forecast(self) -> Forecasts:
        """Forecast every series; areas take the season of all incidents."""
        import numpy as np

        areas = np.array([key[0] == "area" for key in self.keys])
        return forecast_months(self.counts, self.days, self.first % 12 + 1, areas)


def series_of(rows: Sequence[Row]) -> MonthlySeries:
    """Lay out the rows of the query as a table of series and months.

    Args:
        rows: (scope, name, area, month, incidents, shift, first and last day); at least one.

    Returns:
        The table; months without incidents count 0.
    """
    import numpy as np

    ordinals = [_ordinal(row[3]) for row in rows]
    first, months = min(ordinals), max(ordinals) - min(ordinals) + 1
    tables: dict[Key, NDArray[np.float64]] = {("all", None, None): np.zeros(months)}
    for row, ordinal in zip(rows, ordinals, strict=True):
        series = tables.setdefault(row[:3], np.zeros(months))
        series[ordinal - first] += row[4]
        if row[0] == "type":
            tables["all", None, None][ordinal - first] += row[4]
    shift = max((row[5] or 0) for row in rows)
    days = [float(days_in_month(_month(first + at), shift)) for at in range(months + HORIZON)]
    return MonthlySeries(list(tables), first, np.array(list(tables.values())), np.array(days))


def _forecast(rows: Sequence[Row]) -> list[Row]:
    """Forecast every series that can be forecast, and say why the others can't.

    Args:
        rows: (scope, name, area, month, incidents, shift, first and last day).

    Returns:
        A row for each month ahead; one row for a series without a forecast.
    """
    if not rows:
        return []
    series = series_of(rows)
    months = series.counts.shape[1]
    if months < MINIMUM_MONTHS:
        return [_refused(key, TOO_SHORT) for key in series.keys]
    frequent = series.frequent()
    found = frequent.forecast()
    answer: list[Row] = []
    for at, key in enumerate(frequent.keys):
        note = SURPRISED if found.surprises[at] > 1 else SHORT if months < SHORT_HISTORY else None
        answer += _rows(key, found, at, series.first + months, note)
    return answer + [_refused(key, TOO_FEW) for key in series.keys if key not in set(frequent.keys)]


def _rows(key: Key, found: Forecasts, at: int, first: int, note: str | None) -> Iterator[Row]:
    for ahead in range(HORIZON):
        ends = [float(end) for level in found.ends[:, :, at, ahead] for end in level]
        past = int(found.past[ahead])
        accuracy = (found.error[at, ahead], found.naive_error[at, ahead], *found.inside[:, at, ahead])
        yield (
            *key,
            _month(first + ahead),
            ahead + 1,
            float(found.expected[at, ahead]),
            *(int(end) if end < float("inf") else None for end in ends),
            past,
            *(None if math.isnan(each) else float(each) for each in accuracy),
            note,
        )


def _refused(key: Key, note: str) -> Row:
    return (*key, *[None] * 12, note)


def _ordinal(month: date) -> int:
    return month.year * 12 + month.month - 1


def _month(ordinal: int) -> date:
    return date(ordinal // 12, ordinal % 12 + 1, 1)


QUESTION: Final = Question(
    name="monthly_forecasts",
    title="The next months",
    wording="How many incidents are to be expected in each of the next twelve months?",
    columns=(
        Column("scope", "text", "all, type or area."),
        Column("name", "text", "The type of crime, or the area; empty for all, and where none is stated."),
        Column("area", "integer", "The area's number."),
        Column("month", "date", "First day of the month."),
        Column("months_ahead", "integer", "1 for the first month after the last complete one."),
        Column("expected", "decimal", "Incidents to be expected: as likely more as fewer."),
        Column("low_80", "integer", "Lower end of the interval that is to hold 80 % of such months."),
        Column("high_80", "integer", "Upper end of that interval."),
        Column("low_95", "integer", "Lower end of the interval that is to hold 95 %."),
        Column("high_95", "integer", "Upper end of that interval."),
        Column("past_forecasts", "integer", "Past forecasts of this series, so many months ahead."),
        Column("error", "decimal", "Their mean absolute error, as a share of the mean month."),
        Column("last_years_error", "decimal", "That of the same month a year before, taken as a forecast."),
        Column("inside_80", "decimal", "Share of past months inside of the 80 % interval made before them."),
        Column("inside_95", "decimal", "Share inside of the 95 % interval."),
        Column("note", "text", "Why there is no forecast, or what makes it doubtful."),
    ),
    caveats=(
        "A forecast says what comes if things go on as they did: it knows of no plan and no event.",
        "The intervals come from the errors of past forecasts of the same series.",
    ),
    sql=read_query(__name__),
    finish=_forecast,
)
