"""The counts that the report's filters add up."""

from __future__ import annotations

from typing import Final

from crime_pipelines.questions.model import Column, Question, read_query

QUESTION: Final = Question(
    name="filter_counts",
    title="Incidents by type, area, district, month and hour",
    wording="How many incidents did each type of crime, area and district have, by month and hour?",
    columns=(
        Column("primary_type", "text", "Type of crime; empty where the incident has none."),
        Column("area", "integer", "Community area; empty where it is not known."),
        Column("district", "text", "Police district; empty where it is not known."),
        Column("incidents", "integer", "Incidents."),
        Column(
            "counts",
            "text",
            "Three numbers for each month and hour with incidents, in any order: 24 times the month (12 "
            "times the year, plus 0 for January to 11 for December) plus the hour, incidents, arrests.",
        ),
    ),
    caveats=("Combinations that do not occur have no row.",),
    sql=read_query(__name__),
)
