"""Near repeats, where they are asked for."""

from __future__ import annotations

from typing import Final

from crime_pipelines.analysis.near_repeats import DAYS, MORE, MOST_INCIDENTS, SHUFFLES, near_repeats
from crime_pipelines.questions.model import Column, Question, read_query

QUESTION: Final = Question(
    name="near_repeats",
    title="Near repeats",
    wording="Do crimes follow others close by within days, more often than by chance?",
    columns=(
        Column("kind", "text", "Type of crime."),
        Column("metres_from", "decimal", "The two incidents of a pair are farther apart than this, or 0."),
        Column("metres_to", "decimal", "At most so far apart; the first band is the same place."),
        Column("days_from", "integer", "At least so many days lie between them."),
        Column("days_to", "integer", "At most so many."),
        Column("incidents", "integer", f"Incidents of the last {DAYS} days, at most {MOST_INCIDENTS:,}."),
        Column("pairs", "integer", "Pairs of incidents."),
        Column("expected", "decimal", f"Pairs on average with the days shuffled, {SHUFFLES} times."),
        Column("ratio", "decimal", "Pairs over those to be expected."),
        Column("p_value", "decimal", "Share of the shuffles with as many pairs; this one counted."),
        Column("verdict", "text", f"'{MORE}' or not, at a false discovery rate of 5 % within the kind."),
    ),
    caveats=(
        "Places are blocks, not addresses, and one event may stand on several rows: both add to the same "
        "place.",
        "It does not better the hot spots: those already hold the places where crimes repeat.",
    ),
    sql=read_query(__name__),
    finish=near_repeats,
    ordered_by=("kind", "metres_from", "days_from"),
    parameters={"days": str(DAYS)},
)
