"""Hot spots: cells in which most incidents of a kind are to be expected, and how good such cells were before.

A cell's score is the count of its incidents, halved for every two years that they are older, smoothed over
the cells around it. It is tried against the count of the past year on months that it did not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Kinds of incidents, in the order of the columns that the SQL gives.
KINDS: Final = ("theft", "robbery", "burglary", "violent", "late night")
#: 600 feet.
CELL_KM: Final = 0.18288
#: Cells that are named: half a square mile.
FLAGGED: Final = 39
HALF_LIFE_MONTHS: Final = 24
BASELINE_MONTHS: Final = 12
TESTED_MONTHS: Final = 12
#: Complete months that are counted one by one.
MONTHS: Final = BASELINE_MONTHS + TESTED_MONTHS
DECAYED: Final = "decayed count"
BASELINE: Final = "count of the past year"
_KM_PER_DEGREE_NORTH: Final = 110.57
#: Of a Gaussian of 300 feet, half a cell: what a cell gives to one beside it, and to one across a corner.
_BESIDE: Final = exp(-2.0)
_ACROSS: Final = exp(-4.0)
#: Tells cells apart: more columns than there are round the earth.
_STRIDE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Grid:
    """Incidents by cell and month.

    Attributes:
        cells: numbers of the cells, ascending.
        counts: by kind, cell and bucket: the days since the last complete month, its `MONTHS` complete months
            from the last on, and the decayed sum of all before.
        km_per_degree_east: kilometres.
        months: complete months that the data hold.
    """

    cells: NDArray[np.int64]
    counts: NDArray[np.float64]
    km_per_degree_east: float
    months: int

    @classmethod
    def of(cls, rows: Sequence[tuple[Any, ...]]) -> Grid:
        """Read a grid.

        Args:
            rows: (column, row, bucket, counts by kind, kilometres a degree east, first day, month after the
                last complete one), at least one.

        Returns:
            The grid.
        """
        import numpy as np

        table = np.array([row[:8] for row in rows], dtype=float)
        number = table[:, 1].astype(np.int64) * _STRIDE + table[:, 0].astype(np.int64)
        cells, place = np.unique(number, return_inverse=True)
        counts = np.zeros((len(KINDS), len(cells), MONTHS + 2))
        counts[:, place, table[:, 2].astype(int) + 1] = table[:, 3:].T
        first, after = rows[0][9:11]
        months = (after.year - first.year) * 12 + after.month - first.month - (first.day > 1)
        return cls(cells, counts, float(rows[0][8]), months)

    def best(self, kind: str) -> list[tuple[int, float, int]]:
        """Return the cells of the highest scores.

        Args:
            kind: one of `KINDS`.

        Returns:
            Places in `cells`, scores, and incidents of the last `BASELINE_MONTHS` complete months, the
            highest score first; none of a score of 0.
        """
        at = KINDS.index(kind)
        scores = self._scores(at, 0)
        past = self.counts[at, :, 1 : 1 + BASELINE_MONTHS].sum(axis=1)
        return [(cell, float(scores[cell]), int(past[cell])) for cell in self._first(scores).tolist()]

    def middle(self, cell: int) -> tuple[float, float]:
        """Return the longitude and the latitude of a cell's centre."""
        row, column = divmod(int(self.cells[cell]) + _STRIDE // 2, _STRIDE)
        column -= _STRIDE // 2
        east = (column + 0.5) * CELL_KM / self.km_per_degree_east
        return east, (row + 0.5) * CELL_KM / _KM_PER_DEGREE_NORTH

    def around(self) -> NDArray[np.int64]:
        """Return the places in `cells` of the cells around each: four beside it, four across a corner.

        Returns:
            Shape (cells, 8), -1 where there is none.
        """
        import numpy as np

        found = []
        for step in (1, -1, _STRIDE, -_STRIDE, _STRIDE + 1, _STRIDE - 1, 1 - _STRIDE, -_STRIDE - 1):
            place = np.minimum(np.searchsorted(self.cells, self.cells + step), len(self.cells) - 1)
            found.append(np.where(self.cells[place] == self.cells + step, place, -1))
        return np.stack(found, axis=1)

    def accuracy(self, kind: str, method: str) -> tuple[int, int, int, float | None, float | None]:
        """Try a method on the last `TESTED_MONTHS` complete months, each with what was known before it.

        Args:
            kind: one of `KINDS`.
            method: `DECAYED` or `BASELINE`.

        Returns:
            Months, incidents, those in the cells named, and the indices of accuracy and of efficiency; these
            None without incidents.
        """
        import numpy as np

        at = KINDS.index(kind)
        incidents = hits = best = 0.0
        for month in range(1, TESTED_MONTHS + 1):
            came = self.counts[at, :, month]
            if method == DECAYED:
                scores = self._scores(at, month + 1)
            else:
                scores = self.counts[at, :, month + 1 : month + 1 + BASELINE_MONTHS].sum(axis=1)
            incidents += came.sum()
            hits += came[self._first(scores)].sum()
            best += np.sort(came)[-FLAGGED:].sum()
        if not incidents:
            return TESTED_MONTHS, 0, 0, None, None
        share = min(FLAGGED, len(self.cells)) / len(self.cells)
        return TESTED_MONTHS, int(incidents), int(hits), float(hits / incidents / share), float(hits / best)

    def _first(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        import numpy as np

        order = np.argsort(-scores, kind="stable")[:FLAGGED]
        return np.asarray(order[scores[order] > 0])

    def _scores(self, kind: int, first: int) -> NDArray[np.float64]:
        """Return the scores of all cells by what buckets from `first` on hold."""
        import numpy as np

        buckets = np.arange(MONTHS + 2)
        fading = np.where(buckets >= first, 0.5 ** ((buckets - first) / HALF_LIFE_MONTHS), 0.0)
        own = self.counts[kind] @ fading
        smooth = own.copy()
        for place, weight in zip(self.around().T, [_BESIDE] * 4 + [_ACROSS] * 4, strict=True):
            smooth += weight * np.where(place >= 0, own[place], 0.0)
        # so that no engine's way of adding up floats parts cells that are alike
        return np.asarray(np.round(smooth, 9))
