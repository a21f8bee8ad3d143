"""Hot spots: which cells are named, and how good they would have been."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from crime_pipelines.analysis.hot_spots import BASELINE, CELL_KM, DECAYED, FLAGGED, MONTHS, Grid
from crime_pipelines.questions import ANALYSES, Question
from crime_pipelines.questions.model import Row

KM = 82.0
ENDS = (date(2012, 1, 1), date(2018, 11, 1))


def analysis(name: str) -> Question:
    (found,) = [each for each in ANALYSES if each.name == name]
    return found


def row(column: int, up: int, bucket: int, theft: float) -> Row:
    return (column, up, bucket, theft, 0, 0, 0, 0, KM, *ENDS)


def test_a_recent_incident_counts_more_and_neighbours_share() -> None:
    grid = Grid.of([row(0, 0, 0, 10), row(5, 5, 12, 10), row(6, 5, 0, 0.0), row(-3, -9, MONTHS, 10)])
    scores = {grid.middle(cell): score for cell, score, _ in grid.best("theft")}
    near = {
        place: scores[((column + 0.5) * CELL_KM / KM, (up + 0.5) * CELL_KM / 110.57)]
        for place, (column, up) in {
            "new": (0, 0),
            "old": (5, 5),
            "beside": (6, 5),
            "oldest": (-3, -9),
        }.items()
    }
    # bucket 0 is one month older than the days since; half as much after 24 more
    assert near["new"] == pytest.approx(10 * 0.5 ** (1 / 24))
    assert near["old"] == pytest.approx(10 * 0.5 ** (13 / 24))
    assert near["beside"] == pytest.approx(near["old"] * math.exp(-2))
    assert near["oldest"] == pytest.approx(10 * 0.5 ** ((MONTHS + 1) / 24))
    assert grid.best("robbery") == []


def test_accuracy_by_hand() -> None:
    """One cell holds all, of a hundred that ever had an incident."""
    rows = [row(0, 0, bucket, 5) for bucket in range(MONTHS)]
    rows += [row(2 * at, 0, MONTHS, 1) for at in range(1, 100)]
    grid = Grid.of(rows)
    for method in (DECAYED, BASELINE):
        months, incidents, hits, pai, pei = grid.accuracy("theft", method)
        assert (months, incidents, hits) == (12, 60, 60)
        assert pai == pytest.approx(100 / FLAGGED)
        assert pei == 1.0
    assert grid.accuracy("burglary", DECAYED) == (12, 0, 0, None, None)


def test_a_month_is_not_known_before_it_came() -> None:
    """A cell that is hot in the tested month alone is not named for it."""
    rows = [row(at * 2, 0, MONTHS, 2) for at in range(200)] + [row(999, 0, 5, 1000)]
    _, incidents, hits, _, _ = Grid.of(rows).accuracy("theft", DECAYED)
    # the five months after it know of it, and none of these has an incident
    assert (incidents, hits) == (1000, 0)


def test_the_decayed_count_finds_lasting_places_of_rare_crimes() -> None:
    generator = np.random.default_rng(4)
    rates = generator.gamma(0.3, 0.06, 4000)
    rows = [
        row(at * 2, 0, bucket, float(number))
        for at, rate in enumerate(rates)
        for bucket in range(MONTHS + 1)
        if (number := generator.poisson(rate * (24 if bucket == MONTHS else 1)))
    ]
    grid = Grid.of(rows)
    assert (grid.accuracy("theft", DECAYED)[3] or 0) > (grid.accuracy("theft", BASELINE)[3] or 0)


def test_rows_of_the_tables() -> None:
    rows = [row(at, 0, bucket, 1 + at) for at in range(60) for bucket in range(MONTHS)]
    spots = analysis("hot_spots").finish(rows)
    assert [each[1] for each in spots] == list(range(1, FLAGGED + 1))
    assert spots[0][5] == 60 * 12 or spots[0][5] == 59 * 12
    assert len(analysis("hot_spot_accuracy").finish(rows)) == 10
    short = [(*each[:9], date(2017, 1, 1), ENDS[1]) for each in rows]
    assert analysis("hot_spot_accuracy").finish(short) == []
    assert analysis("hot_spots").finish([]) == []


def test_the_oldest_and_the_newest_place_on_earth() -> None:
    for column, up in ((-200_000, -50_000), (200_000, 50_000), (-1, 0), (0, -1)):
        grid = Grid.of([row(column, up, 0, 1)])
        assert grid.middle(0) == pytest.approx(((column + 0.5) * CELL_KM / KM, (up + 0.5) * CELL_KM / 110.57))
