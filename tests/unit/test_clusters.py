"""Significant clusters and near repeats: what is put in is found, and chance alone is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from crime_pipelines.analysis.clusters import clusters, discoveries
from crime_pipelines.analysis.hot_spots import CELL_KM, KINDS, Grid
from crime_pipelines.analysis.near_repeats import LEAST_INCIDENTS, MORE, TOO_FEW, near_repeats

SIDE = 40
KM_EAST = 83.0


def grid_of(counts: np.ndarray[Any, Any]) -> Grid:
    """A square of cells whose thefts of the last month these are."""
    rows = [
        (column, up, 0, int(counts[up, column]), 0, 0, 0, 0, KM_EAST, date(2015, 1, 1), date(2018, 1, 1))
        for up in range(SIDE)
        for column in range(SIDE)
    ]
    return Grid.of(rows)


def test_a_cluster_is_found_where_it_is() -> None:
    counts = np.random.default_rng(2).poisson(2.0, (SIDE, SIDE))
    counts[10:14, 20:24] += 12
    found = clusters(grid_of(counts))
    assert found
    kind, rank, east, north, cells, incidents, usual, z = found[0]
    assert (kind, rank) == (KINDS[0], 1)
    assert east == pytest.approx(22 * CELL_KM / KM_EAST, abs=1.5 * CELL_KM / KM_EAST)
    assert north == pytest.approx(12 * CELL_KM / 110.57, abs=1.5 * CELL_KM / 110.57)
    assert 16 <= cells <= 40
    assert incidents >= counts[10:14, 20:24].sum()
    assert incidents > 3 * usual
    assert z > 4


def test_chance_alone_makes_hardly_any() -> None:
    cities = [np.random.default_rng(seed).poisson(2.0, (SIDE, SIDE)) for seed in range(20)]
    found = [len(clusters(grid_of(city))) for city in cities]
    # the rule is to hold 5 % where nothing is there; counts are skewed, and cells share neighbours
    assert sum(number > 0 for number in found) <= 6


def test_too_few_incidents_make_none() -> None:
    assert clusters(grid_of(np.zeros((SIDE, SIDE)))) == []


def test_discoveries_are_benjamini_and_hochbergs() -> None:
    p_values = np.array([0.012, 0.001, 0.6, 0.039, 0.041])
    assert discoveries(p_values).tolist() == [True, True, False, False, False]
    assert discoveries(np.array([0.04, 0.05])).tolist() == [True, True]
    assert not discoveries(np.array([0.2, 0.5])).any()


def incidents(number: int, repeats: int, seed: int = 3) -> list[tuple[str, date, float, float]]:
    """Burglaries all over a city, some followed by another 50 metres away within five days."""
    chance = np.random.default_rng(seed)
    east, north = chance.uniform(-87.75, -87.65, number), chance.uniform(41.8, 41.9, number)
    days = chance.integers(0, 365, number)
    rows = [
        ("BURGLARY", date(2017, 1, 1) + timedelta(days=int(day)), float(x), float(y))
        for x, y, day in zip(east, north, days, strict=True)
    ]
    follow = [
        (kind, day + timedelta(days=2 + at % 4), x + 0.0005, y)
        for at, (kind, day, x, y) in enumerate(rows[:repeats])
    ]
    return sorted(rows + follow)


def test_near_repeats_are_found_in_their_band() -> None:
    found = near_repeats(incidents(1_000, 60))
    beyond = {(row[2], row[4]) for row in found if row[10] == MORE}
    assert (100.0, 7) in beyond
    (band,) = [row for row in found if (row[2], row[4]) == (100.0, 7)]
    _, _, _, _, _, number, pairs, expected, ratio, p_value, _ = band
    assert number == 1_060
    assert pairs >= 60
    assert ratio == pytest.approx(pairs / expected)
    assert p_value == pytest.approx(0.001)


def test_shuffled_days_make_no_near_repeats() -> None:
    rows = incidents(1_000, 60)
    days = np.random.default_rng(5).permutation(len(rows))
    shuffled = [(kind, rows[at][1], x, y) for (kind, _, x, y), at in zip(rows, days.tolist(), strict=True)]
    assert [row for row in near_repeats(shuffled) if row[10] == MORE] == []


def test_few_incidents_are_refused_in_words() -> None:
    (row,) = near_repeats(incidents(LEAST_INCIDENTS - 1, 0))
    assert row[-1] == TOO_FEW
    assert near_repeats([]) == []
