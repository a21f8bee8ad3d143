"""The covered period, asked before the others: it says which incidents they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crime_pipelines.domain.periods.covered_period import (
    GREATEST_GAP_DAYS,
    LAST_DAYS,
    YEAR_DAYS,
    CoveredPeriod,
    PeriodEnd,
    days_before,
)
from crime_pipelines.questions.model import Column, Groups, Question, Row, read_query

QUESTION: Final = Question(
    name="covered_period",
    title="Covered period",
    wording="Which period do the data cover?",
    columns=(
        Column("covered_from", "datetime", "The moment of its first incident."),
        Column("covered_to", "datetime", "The moment of its last incident."),
        Column("outlying", "integer", "Incidents outside it, or dated later than their own update."),
        Column("last_days", "integer", f"Incidents in its last {LAST_DAYS} days."),
        Column("year_before", "integer", "Incidents in the year before those days."),
        Column("second_last_day", "date", "The latest day with an incident before the last."),
        Column("third_last_day", "date", "The latest day with an incident before that."),
    ),
    sql=read_query(__name__),
    groups=Groups(alike=("DATETIME_TRUNC(occurred_at, DAY)",)),
    parameters={
        "greatest_gap_days": str(GREATEST_GAP_DAYS),
        "last_days": str(LAST_DAYS),
        "year_days": str(YEAR_DAYS),
    },
)


def period_of(rows: Sequence[Row]) -> tuple[CoveredPeriod, PeriodEnd] | None:
    """Read the answer to `covered_period`.

    Args:
        rows: its rows, one at most.

    Returns:
        The covered period and its last days; None without incidents.
    """
    if not rows or rows[0][0] is None:
        return None
    first, last, outlying, last_days, year_before, *days = rows[0]
    period = CoveredPeriod(first, last, outlying)
    latest = (last.date(), *(day for day in days if day is not None and day >= first.date()))
    return period, PeriodEnd(latest, last_days, year_before, days_before(period))
