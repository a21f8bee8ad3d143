"""The incidents of each month of the past five years."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crime_pipelines.questions.model import Column, Groups, Question, read_query

#: The earliest moment that an answer can be as of: 59 months before it, year 1 begins.
EARLIEST_AS_OF: Final = datetime(5, 12, 1)

QUESTION: Final = Question(
    name="monthly_trend",
    title="Monthly trend",
    wording="How many incidents did each month of the past five years have?",
    columns=(
        Column("month", "date", "First day of the month."),
        Column("incidents", "integer", "Incidents that occurred in the month."),
        Column("complete", "boolean", "False for the last month where the data end before its last day."),
    ),
    caveats=("The last month is incomplete where the data end before its last day, and can't be compared.",),
    sql=read_query(__name__),
    groups=Groups(("DATETIME_TRUNC(occurred_at, MONTH)",)),
)
