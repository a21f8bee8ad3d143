"""The counts that the report's filters add up."""

from __future__ import annotations

from typing import Final

from crime_pipelines.questions.model import Column, Question, read_query

#: The latest months, as many as have so many incidents together, are counted by day: by day and hour hardly
#: two incidents share a cell, and a cell takes about two bytes of the page.
BY_DAY: Final = 400_000
#: The latest months, as many as have so many incidents together, are given incident by incident; at least
#: `BY_DAY`. Decision 23 has the measurements.
SINGLY: Final = 10_000_000

QUESTION: Final = Question(
    name="filter_counts",
    title="Incidents by type, area, district, beat, day and hour",
    wording="How many incidents did each type of crime, area, district and beat have, by day and hour?",
    columns=(
        Column("primary_type", "text", "Type of crime; empty where the incident has none."),
        Column("area", "integer", "Community area; empty where it is not known."),
        Column("district", "text", "Police district; empty where it is not known."),
        Column("beat", "text", "Police beat; empty where it is not known."),
        Column("incidents", "integer", "Incidents."),
        Column(
            "days_from",
            "date",
            f"The day from which on the counts are by day: the latest months that have {BY_DAY:,} incidents "
            "together. Before it they are by month. Empty if the last month alone has more.",
        ),
        Column(
            "counts",
            "text",
            "A number for each incident, in any order: twice the hours from 0001-01-01 to its hour, and 1 "
            "more if there was an arrest. Incidents of a month before days_from may be counted together: as "
            "that of the month's first day at their hour of the day, and after it how many, negative.",
        ),
    ),
    caveats=("Combinations that do not occur have no row.",),
    sql=read_query(__name__),
    parameters={"by_day": str(BY_DAY), "singly": str(SINGLY)},
)
