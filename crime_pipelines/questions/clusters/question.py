"""Significant clusters of incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crime_pipelines.analysis.clusters import NAMED, clusters
from crime_pipelines.analysis.hot_spots import CELL_KM, HALF_LIFE_MONTHS, KINDS, MONTHS, Grid
from crime_pipelines.questions.model import Column, Question, Row, read_query


def _clusters(rows: Sequence[Row]) -> list[Row]:
    return clusters(Grid.of(rows)) if rows else []


QUESTION: Final = Question(
    name="clusters",
    title="Significant clusters",
    wording="Where do neighbouring blocks hold more incidents than chance makes of a city's places?",
    columns=(
        Column("kind", "text", f"{', '.join(KINDS)}; of types that victims report."),
        Column("rank", "integer", f"1 for the cluster with most incidents; {NAMED} of a kind at most."),
        Column("longitude", "decimal", "Degrees east of the middle of its incidents."),
        Column("latitude", "decimal", "Degrees north of it."),
        Column("cells", "integer", "Cells of 600 feet that it is made of."),
        Column("past_year", "integer", "Its incidents of the last 12 complete months."),
        Column("expected", "decimal", "Incidents of so many cells on average."),
        Column("z", "decimal", "Getis and Ord's statistic of its strongest cell."),
    ),
    caveats=(
        "A cluster differs from the average place of the city; shops and stations cluster for plain reasons. "
        "For where to go next month, the hot spots found more.",
        "Of the cells in clusters about one in twenty is there by chance.",
    ),
    # the cells of the hot spots
    sql=read_query(__name__.replace("clusters", "hot_spots")),
    finish=_clusters,
    ordered_by=("kind", "rank"),
    parameters={
        "cell_km": str(CELL_KM),
        "months": str(MONTHS),
        "half_life_months": str(HALF_LIFE_MONTHS),
    },
)
