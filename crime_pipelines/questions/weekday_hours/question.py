"""Incidents by day of the week and hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from crime_pipelines.analysis.day_series import before_shift
from crime_pipelines.questions.model import Column, Question, Row, read_query

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _by_weekday(rows: Sequence[Row]) -> list[Row]:
    """Add up hours by the weekday that each day was before the date shift.

    Args:
        rows: (day, hour, incidents, placeholders, shift, first and last day of the data).

    Returns:
        168 rows; none without incidents.
    """
    if not rows:
        return []
    shift = max((row[4] or 0) for row in rows)
    first, last = max(rows[0][0], rows[0][5]), rows[0][6]
    days = Counter(
        before_shift(first + timedelta(days=at), shift).weekday() for at in range((last - first).days + 1)
    )
    incidents: Counter[tuple[int, int]] = Counter()
    placeholders: Counter[tuple[int, int]] = Counter()
    for day, hour, number, placed, *_ in rows:
        incidents[before_shift(day, shift).weekday(), hour] += number
        placeholders[before_shift(day, shift).weekday(), hour] += placed
    return [
        (
            weekday + 1,
            WEEKDAYS[weekday],
            hour,
            incidents[weekday, hour],
            placeholders[weekday, hour],
            incidents[weekday, hour] / days[weekday] if days[weekday] else None,
        )
        for weekday in range(7)
        for hour in range(24)
    ]


QUESTION: Final = Question(
    name="weekday_hours",
    title="Weekdays and hours",
    wording="On which days of the week, and at which hours, do incidents occur?",
    columns=(
        Column("weekday", "integer", "1 for Monday to 7 for Sunday, of the date before any shift."),
        Column("weekday_name", "text", "Its name."),
        Column("hour", "integer", "Hour of the day, 0 to 23."),
        Column("incidents", "integer", "Incidents in it, in the last 12 months."),
        Column(
            "placeholders", "integer", "Those at 00:00, 00:01 or 12:00, which often stand for no known time."
        ),
        Column("per_day", "decimal", "Incidents in it, on average over such days."),
    ),
    caveats=("Incidents of unknown time crowd at midnight and noon.",),
    sql=read_query(__name__),
    finish=_by_weekday,
)
