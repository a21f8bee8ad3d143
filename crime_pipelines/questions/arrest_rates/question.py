"""The share of incidents with an arrest, by type of crime."""

from __future__ import annotations

from typing import Final

from crime_pipelines.domain.confidence import Z_95
from crime_pipelines.domain.periods.arrest_years import ARREST_YEARS
from crime_pipelines.questions.model import Column, Groups, Question, read_query

QUESTION: Final = Question(
    name="arrest_rates",
    title=f"Arrest rates {ARREST_YEARS}",
    wording=f"Which types of crime had the highest arrest rates in {ARREST_YEARS}?",
    columns=(
        Column("primary_type", "text", "Type of crime; empty where the incident has none."),
        Column("incidents", "integer", f"Incidents of the type, {ARREST_YEARS}."),
        Column("arrests", "integer", "Those with an arrest."),
        Column("arrest_rate", "decimal", "Arrests as a share of incidents."),
        Column("rate_low", "decimal", "Lower end of the rate's 95 % interval (Wilson)."),
        Column("rate_high", "decimal", "Upper end of the rate's 95 % interval (Wilson)."),
    ),
    caveats=(
        "Ordered by the lower end of the interval, so that a few incidents with many arrests do not lead.",
        "Some types, such as narcotics, mostly come to light by the arrest itself.",
        "The years are those of the shifted dates.",
    ),
    sql=read_query(__name__),
    parameters={"z": repr(Z_95)},
    groups=Groups(
        alike=("EXTRACT(YEAR FROM occurred_at)", "primary_type", "arrest"),
        carried=("primary_type", "arrest"),
    ),
)
