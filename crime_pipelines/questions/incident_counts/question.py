"""Counts by year, type and area, for a dashboard's pivot table."""

from __future__ import annotations

from typing import Final

from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.questions.model import Column, Question, read_query

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

QUESTION: Final = Question(
    name="incident_counts",
    title="Incidents by year, type and area",
    wording="How many incidents did each year, type of crime and area have, by month and by hour?",
    columns=(
        Column("year", "integer", "Calendar year."),
        Column("primary_type", "text", "Type of crime; empty where the incident has none."),
        Column("area", "integer", "Community area; empty where it is not known."),
        Column("incidents", "integer", "Incidents."),
        Column("arrests", "integer", "Those with an arrest."),
        Column("late_night", "integer", f"Those late at night ({LATE_NIGHT})."),
        *(Column(name, "integer", f"Those in {name.capitalize()}.") for name in _MONTHS),
        *(
            Column(f"hour_{hour:02d}", "integer", f"Those from {hour:02d}:00:00 up to {hour:02d}:59:59.")
            for hour in range(24)
        ),
    ),
    caveats=("Combinations that do not occur have no row.",),
    sql=read_query(__name__),
)
