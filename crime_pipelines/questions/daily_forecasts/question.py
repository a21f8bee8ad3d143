"""Forecasts of the next days of the whole city, with the accuracy of earlier ones."""

from __future__ import annotations

from typing import Final

from crime_pipelines.analysis.daily import DAY
from crime_pipelines.analysis.day_series import COLUMNS, forecast_rows
from crime_pipelines.questions.model import Column, Question, read_query

QUESTION: Final = Question(
    name="daily_forecasts",
    title="The next days",
    wording="How many incidents are to be expected in each of the next fourteen days?",
    columns=tuple(Column(*column) for column in COLUMNS),
    caveats=(
        "A forecast says what comes if things go on as they did: it knows of no plan and no event.",
        "Weekdays and holidays are those of the dates before any shift.",
    ),
    sql=read_query(__name__),
    finish=lambda rows: forecast_rows(rows, DAY),
)
