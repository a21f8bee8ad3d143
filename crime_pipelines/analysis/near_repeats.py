"""Near repeats: pairs of crimes close in space and time, beside what chance makes of the same places.

Knox's test: pairs of incidents are counted by distance and days between, and counted again with the days
shuffled among the places, many times over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.analysis.clusters import discoveries

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Incidents of so many days are looked at, and of more than so many the latest.
DAYS: Final = 365
MOST_INCIDENTS: Final = 10_000
LEAST_INCIDENTS: Final = 100
SHUFFLES: Final = 999
#: Upper ends of the bands: metres, the first for the same place; and days.
METRES: Final = (1.0, 100.0, 200.0, 400.0)
DAY_BANDS: Final = (1, 7, 14, 28)
MORE: Final = "more than chance"
NO_MORE: Final = "no more than chance"
TOO_FEW: Final = f"fewer than {LEAST_INCIDENTS} incidents"
_METRES_PER_DEGREE: Final = 110_570.0
_METRES_PER_DEGREE_EAST: Final = 111_320.0


def near_repeats(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Count near repeats of each kind.

    Args:
        rows: (kind, day, longitude, latitude), by kind and day.

    Returns:
        For each kind, band of distances and band of days (kind, metres from, metres to, days from, days to,
        incidents, pairs, pairs to be expected, their ratio, p value, verdict); one row with a verdict alone
        for a kind with too few incidents. Verdicts allow for the number of bands (Benjamini and Hochberg).
    """
    import numpy as np

    table: list[tuple[Any, ...]] = []
    for kind in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == kind][-MOST_INCIDENTS:]
        if len(own) < LEAST_INCIDENTS:
            table.append((kind, *[None] * 4, len(own), *[None] * 4, TOO_FEW))
            continue
        places = np.array([row[2:4] for row in own], dtype=float)
        days = np.array([row[1].toordinal() for row in own])
        pairs, expected, p_values = _knox(places, days)
        beyond = discoveries(p_values.ravel()).reshape(p_values.shape)
        for at, metres in enumerate(METRES):
            for step, last in enumerate(DAY_BANDS):
                bands = (METRES[at - 1] if at else 0.0, metres, DAY_BANDS[step - 1] + 1 if step else 0, last)
                counted, chance = int(pairs[at, step]), float(expected[at, step])
                table.append(
                    (
                        *(kind, *bands, len(own), counted, chance),
                        *(counted / chance if chance else None, float(p_values[at, step])),
                        MORE if beyond[at, step] else NO_MORE,
                    )
                )
    return table


def _knox(
    places: NDArray[np.float64], days: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Count pairs by bands; return them, what is to be expected, and p values, each (distances, days)."""
    import numpy as np
    from scipy.spatial import cKDTree

    narrowing = np.cos(np.radians(places[:, 1].mean()))
    plane = places * [_METRES_PER_DEGREE_EAST * narrowing, _METRES_PER_DEGREE]
    pairs = cKDTree(plane).query_pairs(METRES[-1], output_type="ndarray")
    apart = np.hypot(*(plane[pairs[:, 0]] - plane[pairs[:, 1]]).T)
    distance = np.searchsorted(METRES, apart, side="left")
    shape = (len(METRES), len(DAY_BANDS) + 1)

    def count(dated: NDArray[np.int64]) -> NDArray[np.int64]:
        lags = np.abs(dated[pairs[:, 0]] - dated[pairs[:, 1]])
        cell = distance * shape[1] + np.searchsorted(DAY_BANDS, lags, side="left")
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)[:, :-1]

    found = count(days)
    chance = np.random.Generator(np.random.PCG64(0))
    total, as_many = np.zeros(found.shape), np.zeros(found.shape)
    for _ in range(SHUFFLES):
        shuffled = count(chance.permutation(days))
        total += shuffled
        as_many += shuffled >= found
    return found.astype(float), total / SHUFFLES, (as_many + 1) / (SHUFFLES + 1)
