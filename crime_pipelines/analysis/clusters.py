"""Significant clusters: neighbouring cells that hold more incidents than places of a city do by chance.

Getis and Ord's statistic of each cell and the eight around it, over the count of the past year; of all cells
those that Benjamini and Hochberg's rule keeps at a false discovery rate of 5 %; neighbours among them joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.analysis.hot_spots import BASELINE_MONTHS, KINDS, Grid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Clusters that are named of each kind.
NAMED: Final = 10
#: With fewer incidents in the past year there is nothing to tell.
LEAST_INCIDENTS: Final = 100
RATE: Final = 0.05


def clusters(grid: Grid) -> list[tuple[Any, ...]]:
    """Find the clusters of each kind.

    Args:
        grid: incidents by cell and month.

    Returns:
        (kind, rank, longitude, latitude, cells, incidents of the past year, those to be expected of so many
        cells, greatest z), the cluster with most incidents first, at most `NAMED` of a kind.
    """
    table: list[tuple[Any, ...]] = []
    for at, kind in enumerate(KINDS):
        past = grid.counts[at, :, 1 : 1 + BASELINE_MONTHS].sum(axis=1)
        if past.sum() < LEAST_INCIDENTS or past.std() == 0.0:
            continue
        scores, around = _scores(grid, past)
        # cells without an incident can stand out by those around them alone: they are no cluster
        found = [cells for cells in _joined(discoveries(_upper_tail(scores)), around) if past[cells].any()]
        found.sort(key=lambda cells: (-past[cells].sum(), cells[0]))
        for rank, cells in enumerate(found[:NAMED], 1):
            centres = [grid.middle(cell) for cell in cells]
            weight = past[cells] / past[cells].sum()
            east, north = (
                float(sum(w * centre[side] for w, centre in zip(weight, centres, strict=True)))
                for side in (0, 1)
            )
            counted, usual = int(past[cells].sum()), float(past.mean() * len(cells))
            strongest = float(scores[cells].max())
            table.append((kind, rank, east, north, len(cells), counted, usual, strongest))
    return table


def discoveries(p_values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which tests hold at a false discovery rate of `RATE` (Benjamini and Hochberg).

    Args:
        p_values: of all tests, shape (tests,).

    Returns:
        True for those that hold, shape (tests,).
    """
    import numpy as np

    number = len(p_values)
    order = np.argsort(p_values, kind="stable")
    below = np.flatnonzero(p_values[order] <= RATE * np.arange(1, number + 1) / number)
    held = np.zeros(number, dtype=bool)
    if len(below):
        held[order[: below[-1] + 1]] = True
    return held


def _scores(grid: Grid, past: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return Getis and Ord's z of each cell, and the places of the cells around it, -1 for none."""
    import numpy as np

    around = grid.around()
    there = around >= 0
    weights = 1 + there.sum(axis=1)
    sums = past + np.where(there, past[around], 0.0).sum(axis=1)
    number = len(past)
    spread = past.std() * np.sqrt((number * weights - weights**2) / (number - 1))
    scores: NDArray[np.float64] = (sums - past.mean() * weights) / np.maximum(spread, 1e-12)
    return np.round(scores, 9), around


def _upper_tail(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtr

    tail: NDArray[np.float64] = ndtr(-scores)
    return tail


def _joined(held: NDArray[np.bool_], around: NDArray[np.int64]) -> list[list[int]]:
    """Join neighbouring cells that hold; return each cluster's cells, ascending."""
    left = {int(cell) for cell in held.nonzero()[0]}
    found = []
    while left:
        cluster = [left.pop()]
        for cell in cluster:  # grows meanwhile
            for neighbour in around[cell].tolist():
                if neighbour in left:
                    left.remove(neighbour)
                    cluster.append(neighbour)
        found.append(sorted(cluster))
    return found
