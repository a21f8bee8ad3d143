"""Forecasts of the next weeks of the whole city, with the accuracy of earlier ones."""

from __future__ import annotations

from typing import Final

from crime_pipelines.analysis.daily import WEEK
from crime_pipelines.analysis.day_series import COLUMNS, forecast_rows
from crime_pipelines.questions.model import Column, Question, read_query

QUESTION: Final = Question(
    name="weekly_forecasts",
    title="The next weeks",
    wording="How many incidents are to be expected in each of the next eight weeks?",
    columns=tuple(Column(*column) for column in COLUMNS),
    caveats=(
        "A forecast says what comes if things go on as they did: it knows of no plan and no event.",
        "Weekdays and holidays are those of the dates before any shift.",
    ),
    # the rows of the days, added up to weeks
    sql=read_query(__name__.replace("weekly", "daily")),
    finish=lambda rows: forecast_rows(rows, WEEK),
)
