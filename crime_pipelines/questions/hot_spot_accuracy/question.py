"""The accuracy of hot spots: how many of the following incidents they would have held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crime_pipelines.analysis.hot_spots import (
    BASELINE,
    CELL_KM,
    DECAYED,
    FLAGGED,
    HALF_LIFE_MONTHS,
    KINDS,
    MONTHS,
    TESTED_MONTHS,
    Grid,
)
from crime_pipelines.questions.model import Column, Question, Row, read_query


def _accuracy(rows: Sequence[Row]) -> list[Row]:
    """Try both methods on the last months.

    Args:
        rows: as those of `hot_spots`.

    Returns:
        Two rows for each kind; none for data of less than three years.
    """
    if not rows:
        return []
    grid = Grid.of(rows)
    if grid.months < MONTHS + TESTED_MONTHS:
        return []
    return [(kind, method, *grid.accuracy(kind, method)) for kind in KINDS for method in (DECAYED, BASELINE)]


QUESTION: Final = Question(
    name="hot_spot_accuracy",
    title="Accuracy of hot spots",
    wording="How good would the hot spots of the past have been?",
    columns=(
        Column("kind", "text", "Kind of incident."),
        Column("method", "text", f"{DECAYED}, which hot_spots uses, or {BASELINE}, the simplest one."),
        Column("months", "integer", "Months that were tested, each with what was known before it."),
        Column("incidents", "integer", "Incidents of these months that have coordinates."),
        Column("hits", "integer", f"Those in the {FLAGGED} cells named before the month."),
        Column("pai", "decimal", "Accuracy index: share of hits over share of the area; 1 is chance."),
        Column(
            "pei",
            "decimal",
            f"Efficiency index: hits over those of the month's best {FLAGGED} cells.",
        ),
    ),
    caveats=("The area is that of all cells that ever had an incident.",),
    # the rows of the hot spots, finished otherwise
    sql=read_query(__name__.replace("hot_spot_accuracy", "hot_spots")),
    finish=_accuracy,
    ordered_by=("kind", "method"),
    parameters={
        "cell_km": str(CELL_KM),
        "months": str(MONTHS),
        "half_life_months": str(HALF_LIFE_MONTHS),
    },
)
