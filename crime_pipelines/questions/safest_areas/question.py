"""The areas by their late-night incidents per resident and year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from crime_pipelines.analysis.rates import count_interval, monthly_dispersion, rank_intervals
from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.questions.model import Column, Groups, Question, Row, read_query

_DAYS_PER_YEAR: Final = 365.25


class _Area(NamedTuple):
    """An area, as every row of it that the SQL gives has it."""

    number: int
    name: str | None
    residents: int | None


def _rank_areas(rows: Sequence[Row]) -> list[Row]:
    """Rank the areas whose months the SQL gives.

    Args:
        rows: (area, name, residents, month, late-night incidents, incidents, first and last covered day).

    Returns:
        A row for each area, the lowest rate first.
    """
    if not rows:
        return []
    areas = sorted({_Area(*row[:3]) for row in rows})
    late_night: Counter[int] = Counter()
    incidents: Counter[int] = Counter()
    for area, _, _, _, late, number, *_ in rows:
        late_night[area] += late
        incidents[area] += number
    first_day, last_day = rows[0][6:8]
    years = ((last_day - first_day).days + 1) / _DAYS_PER_YEAR
    # a rate's unit: 1,000 residents for a year
    exposures = [(area.residents or 0) * years / 1000 for area in areas]
    rated = all(area.residents is not None for area in areas)
    months = [(row[0], row[3], row[4]) for row in rows]
    dispersed = monthly_dispersion(months, first_day, last_day)
    counts = [late_night[area.number] for area in areas]
    ranks = rank_intervals(counts, exposures if rated else [1.0] * len(areas), dispersed)
    found: list[Row] = []
    for area, late, exposure, (rank, *rank_ends) in zip(areas, counts, exposures, ranks, strict=True):
        rates = [end / exposure if exposure else None for end in (late, *count_interval(late, dispersed))]
        found.append(
            (rank, area.number, area.name, late, incidents[area.number], area.residents, *rates, *rank_ends)
        )
    return sorted(found)


QUESTION: Final = Question(
    name="safest_areas",
    title="Safest areas late at night",
    wording=f"Which areas are safest late at night ({LATE_NIGHT})?",
    columns=(
        Column("rank", "integer", "1 for the safest area; ties go by area number."),
        Column("area", "integer", "Community area."),
        Column("name", "text", "Its name."),
        Column("late_night_incidents", "integer", f"Incidents late at night ({LATE_NIGHT})."),
        Column("incidents", "integer", "Incidents at any time."),
        Column("residents", "integer", "Residents, of the census of 2020 unless others were given."),
        Column(
            "late_night_per_1000_residents_per_year",
            "decimal",
            "Late-night incidents per 1,000 residents and year of data.",
        ),
        Column("rate_low", "decimal", "Lower end of that rate's 95 % interval, overdispersion allowed for."),
        Column("rate_high", "decimal", "Upper end of that interval."),
        Column("rank_low", "integer", "Least rank of the rank's 95 % interval."),
        Column("rank_high", "integer", "Greatest rank of that interval."),
    ),
    caveats=(
        "Ranks are uncertain: areas whose intervals of ranks overlap may well stand in the other order.",
        "Rates are per resident: where many come to work or to go out, they overstate a person's risk.",
        "An unknown time is often recorded as exactly midnight, which counts as late night, or noon, which "
        "does not.",
        "Incidents without a known area belong to none of the areas.",
    ),
    sql=read_query(__name__),
    groups=Groups(
        alike=("DATETIME_TRUNC(occurred_at, MONTH)", "community_area", "is_late_night(occurred_at)"),
        carried=("community_area",),
    ),
    finish=_rank_areas,
    ordered_by=("rank",),
)
