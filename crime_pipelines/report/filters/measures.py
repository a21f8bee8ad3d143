"""The measures that the filters' chart of months, their map and their tables can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crime_pipelines.domain.night import LATE_NIGHT


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure; how it is worked out stands in `static/measures.js`.

    Attributes:
        name: its name in the page's script, its address and its tables.
        title: its name for readers.
        unit: how its numbers are written: `count`, `rate`, `percent` or `change`.
        said: what follows a number of it.
        needs: what the data must have for it: `residents`, `arrests`, or nothing.
    """

    name: str
    title: str
    unit: str
    said: str
    needs: str = ""


#: The first one is shown to begin with.
MEASURES: Final = (
    Measure("incidents", "Incidents", "count", ""),
    Measure("per_day", "Incidents a day", "rate", "a day"),
    Measure(
        "per_1000_residents_per_year",
        "Incidents per 1,000 residents a year",
        "rate",
        "per 1,000 residents a year",
        "residents",
    ),
    Measure("late_night", f"Incidents late at night ({LATE_NIGHT})", "count", "late at night"),
    Measure(
        "late_night_per_1000_residents_per_year",
        "Late-night incidents per 1,000 residents a year",
        "rate",
        "late at night, per 1,000 residents a year",
        "residents",
    ),
    Measure("arrest_rate", "Arrest rate", "percent", "with an arrest", "arrests"),
    Measure("change", "Change against the year before", "change", "a day against the year before"),
)


def measures(*, residents: bool, arrests: bool) -> tuple[Measure, ...]:
    """Return the measures that data can have.

    Args:
        residents: whether the residents of every area are known.
        arrests: whether incidents say if there was an arrest.

    Returns:
        Those of `MEASURES`.
    """
    known = {"": True, "residents": residents, "arrests": arrests}
    return tuple(each for each in MEASURES if known[each.needs])
