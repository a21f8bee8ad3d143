"""The trend of the monthly incidents, and the test of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields
from typing import Final

from crime_pipelines.analysis.trend import RECENT_MONTHS, Trend, days_in_month, trend_of
from crime_pipelines.questions.model import Column, Groups, Question, Row, read_query


def _test_trend(months: Sequence[Row]) -> list[Row]:
    """Test the months that the SQL gives for a trend."""
    # a month without incidents has the shift of the others
    shift = max((years for _, _, years in months if years is not None), default=0)
    days = [days_in_month(month, shift if years is None else years) for month, _, years in months]
    return [astuple(trend_of([(month, incidents) for month, incidents, _ in months], days))]


QUESTION: Final = Question(
    name="crime_trend",
    title="Rising or falling",
    wording="Is crime rising or falling?",
    columns=(
        Column(
            "direction",
            "text",
            "increasing, decreasing or no significant trend, at 5 %; too few months to test any.",
        ),
        Column(
            "change_per_year", "decimal", "Change a year as a share: -0.03 is 3 % fewer incidents a year."
        ),
        Column("change_low", "decimal", "Lower end of the change's 95 % interval."),
        Column("change_high", "decimal", "Upper end of the change's 95 % interval."),
        Column("p_value", "decimal", "Two-sided p value of no trend."),
        Column("first_month", "date", "First month tested."),
        Column("last_month", "date", "Last month tested."),
        Column("months", "integer", "Number of months tested."),
        Column(
            "recent_change",
            "decimal",
            f"The last {RECENT_MONTHS} of these months against the {RECENT_MONTHS} before, as a share.",
        ),
        Column("recent_low", "decimal", "Lower end of its 95 % interval."),
        Column("recent_high", "decimal", "Upper end of its 95 % interval."),
    ),
    caveats=(
        "Only complete months that the data cover are tested; season and serial correlation are allowed for.",
        "A steady change over the whole span is tested: a rise and a fall within it can cancel out, and the "
        f"last {RECENT_MONTHS} months may have gone another way than the years before.",
    ),
    sql=read_query(__name__),
    groups=Groups(("DATETIME_TRUNC(occurred_at, MONTH)", "shift_years"), carried=("shift_years",)),
    finish=_test_trend,
)

if tuple(column.name for column in QUESTION.columns) != tuple(field.name for field in fields(Trend)):
    raise AssertionError("the columns of crime_trend are not the fields of Trend")
