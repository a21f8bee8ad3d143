"""The kinds of location with the most thefts, by year."""

from __future__ import annotations

from typing import Final

from crime_pipelines.questions.model import Column, Groups, Question, read_query

QUESTION: Final = Question(
    name="theft_locations",
    title="Worst theft locations",
    wording="Which ten kinds of location had the most thefts in each of the past three years?",
    columns=(
        Column("year", "integer", "Calendar year."),
        Column("rank", "integer", "1 for the location with most thefts; ties go by name."),
        Column("location", "text", "Location description."),
        Column("thefts", "integer", "Thefts there in that year."),
    ),
    caveats=(
        "Thefts are incidents of type THEFT; motor vehicle theft, burglary and robbery are not among them.",
        "Incidents without a location description are left out.",
        "A location is a kind of place, not an address: common kinds lead because there are many of them.",
        "The current year is counted up to the end of the data.",
    ),
    sql=read_query(__name__),
    groups=Groups(
        alike=("EXTRACT(YEAR FROM occurred_at)", "location_description", "primary_type", "fbi_code"),
        carried=("location_description", "primary_type", "fbi_code"),
        where="is_theft(primary_type, fbi_code)",
    ),
)
