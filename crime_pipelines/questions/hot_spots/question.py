"""Hot spots: the cells where most incidents of a kind are to be expected next month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crime_pipelines.analysis.hot_spots import (
    BASELINE_MONTHS,
    CELL_KM,
    FLAGGED,
    HALF_LIFE_MONTHS,
    KINDS,
    MONTHS,
    Grid,
)
from crime_pipelines.questions.model import Column, Question, Row, read_query


def _spots(rows: Sequence[Row]) -> list[Row]:
    """Rank the cells of each kind.

    Args:
        rows: (cell, bucket, counts by kind, kilometres a degree east, first day, month after the last one).

    Returns:
        At most `FLAGGED` rows for each kind.
    """
    if not rows:
        return []
    grid = Grid.of(rows)
    found: list[Row] = []
    for kind in KINDS:
        for rank, (cell, score, past) in enumerate(grid.best(kind), start=1):
            found.append((kind, rank, *grid.middle(cell), score, past))
    return found


QUESTION: Final = Question(
    name="hot_spots",
    title="Hot spots",
    wording="Where are most incidents to be expected next month?",
    columns=(
        Column("kind", "text", f"{', '.join(KINDS)}; of types that victims report."),
        Column("rank", "integer", f"1 for the highest score; {FLAGGED} cells are half a square mile."),
        Column("longitude", "decimal", "Degrees east of the cell's centre."),
        Column("latitude", "decimal", "Degrees north of the cell's centre."),
        Column(
            "score",
            "decimal",
            "Its incidents, one of two years ago counted half, and a share of those of the cells around it.",
        ),
        Column("past_year", "integer", f"Its incidents of the last {BASELINE_MONTHS} complete months."),
    ),
    caveats=(
        "A cell is a block or so: it says where, never who. Crimes that police find themselves, such as "
        "narcotics, are left out: patrols would follow patrols.",
        "Incidents without coordinates are in none.",
    ),
    sql=read_query(__name__),
    finish=_spots,
    parameters={
        "cell_km": str(CELL_KM),
        "months": str(MONTHS),
        "half_life_months": str(HALF_LIFE_MONTHS),
    },
)
