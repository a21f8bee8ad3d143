"""The hexagons of the report's map."""

from __future__ import annotations

from typing import Final

from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.questions.model import Column, Question, read_query

#: The width of a hexagon from side to side, in kilometres.
HEXAGON_KM: Final = 0.54

QUESTION: Final = Question(
    name="hexagons",
    title="Map of the areas",
    wording="Where do the incidents lie, and which area does each place belong to?",
    columns=(
        Column("hexagon_column", "integer", f"Half steps of {HEXAGON_KM} km to the east; odd in odd rows."),
        Column("hexagon_row", "integer", f"Rows of {HEXAGON_KM * 0.75**0.5:.2f} km to the north."),
        Column("area", "integer", "The area that most of its incidents with a known area lie in."),
        Column("incidents", "integer", "Incidents in it."),
        Column("late_night", "integer", f"Those late at night ({LATE_NIGHT})."),
        Column("longitude", "decimal", "Degrees east of its centre."),
        Column("latitude", "decimal", "Degrees north of its centre."),
    ),
    caveats=("Incidents without coordinates are in none.",),
    sql=read_query(__name__),
    parameters={"hexagon_km": str(HEXAGON_KM)},
)
