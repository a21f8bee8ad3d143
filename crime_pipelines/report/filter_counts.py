"""Counts by year, type and area for the report's filters, small enough to lie in the page."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.questions import Answer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MONTHS: Final = 12
HOURS: Final = 24
#: The measures of a cell, in order: arrests, late_night, months, hours. Incidents are the months' sum.
MEASURES: Final = 2 + MONTHS + HOURS
_KEYS: Final = 3
_INCIDENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts by year, type and area.

    Attributes:
        years: the years there are, ascending.
        types: the types there are, the most frequent first; None for no type.
        areas: the areas there are, ascending, None (not known) last.
        keys: for each cell the positions of its year, type and area in these, shape (cells, 3).
        measures: for each cell its `MEASURES`, shape (cells, 38).
    """

    years: list[int]
    types: list[str | None]
    areas: list[int | None]
    keys: NDArray[np.uint32]
    measures: NDArray[np.uint32]

    @classmethod
    def of(cls, answer: Answer) -> Counts:
        """Return the counts of an answer.

        Args:
            answer: the answer to `incident_counts`.

        Returns:
            Its counts.
        """
        import numpy as np

        by_type: dict[str | None, int] = {}
        for row in answer.rows:
            by_type[row[1]] = by_type.get(row[1], 0) + row[_INCIDENTS]
        years = sorted({int(row[0]) for row in answer.rows})
        types = sorted(by_type, key=lambda name: (-by_type[name], name or ""))
        areas = sorted({row[2] for row in answer.rows}, key=lambda area: (area is None, area or 0))
        places: list[dict[Any, int]] = [
            {value: at for at, value in enumerate(values)} for values in (years, types, areas)
        ]
        keys = [
            [place[value] for place, value in zip(places, row[:_KEYS], strict=True)] for row in answer.rows
        ]
        return cls(
            years,
            types,
            areas,
            np.array(keys, dtype=np.uint32).reshape(-1, _KEYS),
            np.array([row[_INCIDENTS + 1 :] for row in answer.rows], dtype=np.uint32).reshape(-1, MEASURES),
        )

    @property
    def by_month(self) -> dict[int, list[int]]:
        """Incidents of each month, by year."""
        return {
            year: self.measures[self.keys[:, 0] == at, 2 : 2 + MONTHS].sum(axis=0).tolist()
            for at, year in enumerate(self.years)
        }

    @property
    def by_hour(self) -> list[int]:
        """Incidents of each hour of the day."""
        hours: list[int] = self.measures[:, 2 + MONTHS :].sum(axis=0).tolist()
        return hours

    def packed(self) -> tuple[int, str]:
        """Return the cells as a text for the page.

        Returns:
            How many bytes a number takes, and all numbers (the keys' columns, then the measures'; the first
            byte of all of them, then the second, ...), deflated, in base 64.
        """
        import numpy as np

        columns = np.concatenate([self.keys.T, self.measures.T]).astype("<u4").ravel()
        planes = columns.view(np.uint8).reshape(-1, 4).T
        needed = max(1, sum(bool(plane.any()) for plane in planes))
        return needed, base64.b64encode(zlib.compress(planes[:needed].tobytes(), 6)).decode("ascii")
