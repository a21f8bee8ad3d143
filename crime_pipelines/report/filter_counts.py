"""Counts for the report's filters, small enough to lie in the page."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.questions import Answer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HOURS: Final = 24
#: The numbers of a group in the page: positions of its type, area and district, and how many cells it has.
GROUP: Final = 4
#: The numbers of a cell: its month and hour, its incidents, those with an arrest.
CELL: Final = 3
_COUNTS: Final = 4
_SLOT: Final = 0
_INCIDENTS: Final = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts by type, area, police district, month and hour of the day.

    Attributes:
        types: the types there are, the most frequent first; None for no type.
        areas: the areas there are, ascending, None (not known) last.
        districts: the police districts there are, ascending, None (not known) last.
        first_month: the first month with incidents: 12 times its year, and 0 for January to 11 for December.
        months: the number of months from the first with incidents to the last.
        groups: for each type, area and district that occur together their positions in these, and the number
            of their cells, shape (groups, 4).
        cells: for each group's months and hours with incidents, ascending: 24 times the month from the first
            one plus the hour, the incidents, those with an arrest; shape (cells, 3).
    """

    types: list[str | None]
    areas: list[int | None]
    districts: list[str | None]
    first_month: int
    months: int
    groups: NDArray[np.int64]
    cells: NDArray[np.int64]

    @classmethod
    def of(cls, answer: Answer) -> Counts:
        """Return the counts of an answer.

        Args:
            answer: the answer to `filter_counts`, with at least one row.

        Returns:
            Its counts.
        """
        import numpy as np

        by_type: dict[str | None, int] = {}
        for row in answer.rows:
            by_type[row[0]] = by_type.get(row[0], 0) + row[3]
        types = sorted(by_type, key=lambda name: (-by_type[name], name or ""))
        areas = sorted({row[1] for row in answer.rows}, key=lambda area: (area is None, area or 0))
        districts = sorted({row[2] for row in answer.rows}, key=lambda name: (name is None, name or ""))
        positions: list[dict[Any, int]] = [
            {value: at for at, value in enumerate(values)} for values in (types, areas, districts)
        ]
        groups = np.array(
            [
                [
                    *(position[value] for position, value in zip(positions, row[:3], strict=True)),
                    (row[_COUNTS].count(" ") + 1) // CELL,
                ]
                for row in answer.rows
            ],
            dtype=np.int64,
        )
        text = " ".join(row[_COUNTS] for row in answer.rows)
        cells = np.fromstring(text, dtype=np.int64, sep=" ").reshape(-1, CELL)
        of_group = np.repeat(np.arange(len(groups)), groups[:, GROUP - 1])
        cells = cells[np.argsort(of_group * (cells[:, _SLOT].max() + 1) + cells[:, _SLOT])]
        first_month = int(cells[:, _SLOT].min()) // HOURS
        cells[:, _SLOT] -= first_month * HOURS
        months = int(cells[:, _SLOT].max()) // HOURS + 1
        return cls(types, areas, districts, first_month, months, groups, cells)

    @property
    def by_month(self) -> list[int]:
        """Incidents of each month, from the first to the last."""
        return self._by(self.cells[:, _SLOT] // HOURS, self.months)

    @property
    def by_hour(self) -> list[int]:
        """Incidents of each hour of the day."""
        return self._by(self.cells[:, _SLOT] % HOURS, HOURS)

    @property
    def arrests(self) -> int:
        """Incidents with an arrest."""
        return int(self.cells[:, CELL - 1].sum())

    def _by(self, places: NDArray[np.int64], number: int) -> list[int]:
        import numpy as np

        sums = np.bincount(places, weights=self.cells[:, _INCIDENTS], minlength=number)
        return [int(each) for each in sums]

    def packed(self) -> tuple[int, str]:
        """Return the counts as a text for the page.

        Returns:
            How many bytes a number takes, and all numbers (the groups' columns, then the cells', the first as
            distances from the group's cell before, or from 0; the first byte of all numbers, then the second,
            ...), deflated, in base 64.
        """
        import numpy as np

        cells = self.cells.copy()
        cells[1:, _SLOT] -= self.cells[:-1, _SLOT]
        first = np.concatenate([[0], np.cumsum(self.groups[:-1, GROUP - 1])])
        cells[first, _SLOT] = self.cells[first, _SLOT]
        numbers = np.concatenate([self.groups.T.ravel(), cells.T.ravel()]).astype("<u4")
        planes = numbers.view(np.uint8).reshape(-1, 4).T
        needed = max(1, sum(bool(plane.any()) for plane in planes))
        return needed, base64.b64encode(zlib.compress(planes[:needed].tobytes(), 6)).decode("ascii")
