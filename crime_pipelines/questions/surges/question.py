"""Areas with far more incidents than usual, of late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from crime_pipelines.analysis.day_series import after_shift, before_shift, original_days
from crime_pipelines.analysis.surges import (
    ALARMS_A_WEEK,
    FIRST_DAYS,
    LEAST_DAYS,
    SLOW,
    SUDDEN,
    USED_DAYS,
    find_surges,
)
from crime_pipelines.questions.model import Column, Question, Row, read_query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Days before the end of the data in which surges are told.
RECENT_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class AreaDays:
    """Incidents by area and day.

    Attributes:
        areas: number and name of each area.
        first: the first day, before any date shift.
        shift_years: calendar years that the dates were moved by.
        counts: incidents, shape (areas, days).
    """

    areas: list[tuple[int, str]]
    first: date
    shift_years: int
    counts: NDArray[np.float64]


def days_of(rows: Sequence[Row]) -> AreaDays:
    """Lay out the rows of the query as a table of areas and days.

    Args:
        rows: (day, area, name, incidents, shift), by day; at least one.

    Returns:
        The table; days without incidents count 0.
    """
    import numpy as np

    shift = max((row[4] or 0) for row in rows)
    ends = [(rows[0][0], 0), (rows[-1][0], 0)]
    by_area: dict[tuple[int, str], list[tuple[date, int]]] = {}
    for day, area, name, number, _ in rows:
        by_area.setdefault((area, name), []).append((day, number))
    areas = sorted(by_area)
    series = [original_days([ends[0], *by_area[area], ends[1]], shift)[1] for area in areas]
    return AreaDays(areas, before_shift(rows[0][0], shift), shift, np.stack(series))


def _surges(rows: Sequence[Row]) -> list[Row]:
    """Find the surges of the last days.

    Args:
        rows: as for `days_of`.

    Returns:
        A row for each surge, none if there are none or the data are too short to tell.
    """
    if not rows:
        return []
    table = days_of(rows)
    skipped = max(0, table.counts.shape[1] - USED_DAYS)
    counts, first = table.counts[:, skipped:], table.first + timedelta(days=skipped)
    if counts.shape[1] < FIRST_DAYS + LEAST_DAYS + RECENT_DAYS:
        return []
    return [
        (
            after_shift(first + timedelta(days=found.day), table.shift_years),
            *table.areas[found.area],
            found.rule,
            after_shift(first + timedelta(days=found.since), table.shift_years),
            found.day - found.since + 1,
            round(found.incidents),
            found.expected,
        )
        for found in find_surges(counts, first, RECENT_DAYS)
    ]


QUESTION: Final = Question(
    name="surges",
    title="Surges",
    wording=f"Which areas had far more incidents than usual in the last {RECENT_DAYS} days?",
    columns=(
        Column("day", "date", "Day at whose end the surge was to be seen."),
        Column("area", "integer", "The area's number."),
        Column("name", "text", "The area's name."),
        Column(
            "rule",
            "text",
            f"{SUDDEN}: that day alone is far above the usual; {SLOW}: the days from `since` together are.",
        ),
        Column("since", "date", "First of the days that are counted."),
        Column("days", "integer", "Number of days that are counted."),
        Column("incidents", "integer", "Incidents of these days, without those at 00:00 and 00:01."),
        Column("expected", "decimal", "Incidents to be expected of them."),
    ),
    caveats=(
        f"By chance alone about {ALARMS_A_WEEK} a week are to be expected, over all areas together.",
        "Incidents at 00:00 and 00:01 are left out: these stand for an unknown time, often on the first "
        "of a month.",
        "Days that are not fully reported yet hide surges; data of less than two years tell none.",
    ),
    sql=read_query(__name__),
    finish=_surges,
    ordered_by=("day", "area"),
)
