"""The weather's share of each month, where a file of temperatures was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from crime_pipelines.analysis.weather import month_effects
from crime_pipelines.questions.model import Column, Question, read_query

QUESTION: Final = Question(
    name="weather",
    title="The weather",
    wording="How much of each month is its weather?",
    columns=(
        Column("month", "date", "First day of the month."),
        Column("days", "integer", "Days with incidents on file and a temperature."),
        Column("temperature", "decimal", "Mean temperature of these days, in degrees Fahrenheit."),
        Column("usual_temperature", "decimal", "The usual one of this time of the year."),
        Column("incidents", "integer", "Incidents of the month."),
        Column("effect", "decimal", "Share of them that goes with the unusual temperature."),
        Column("effect_low", "decimal", "Lower end of its 95 % interval."),
        Column("effect_high", "decimal", "Upper end of that interval."),
        Column("per_10_degrees", "decimal", "Change of a day's incidents per 10 degrees above the usual."),
        Column("per_10_low", "decimal", "Lower end of its 95 % interval."),
        Column("per_10_high", "decimal", "Upper end of that interval."),
        Column("note", "text", "Why nothing is said of the month."),
    ),
    caveats=(
        "It explains months that are past. Forecasts do not use it: nobody knows the weather a month ahead, "
        "and monthly forecasts with it were no better.",
        "It is of all incidents and of temperature alone; rain, snow and what the warmth brings about "
        "go with it.",
    ),
    # the rows of the daily forecasts
    sql=read_query(__name__.replace("weather", "daily_forecasts")),
    finish=lambda rows: month_effects(rows, {}),
    ordered_by=("month",),
)


def with_temperatures(temperatures: Mapping[date, float]) -> Question:
    """Return the question for a file of temperatures.

    Args:
        temperatures: mean temperatures by day before any date shift, in degrees Fahrenheit.

    Returns:
        The question, whose rows are finished with them.
    """
    return replace(QUESTION, finish=lambda rows: month_effects(rows, temperatures))
