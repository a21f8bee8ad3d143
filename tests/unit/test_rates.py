"""The intervals of the areas' rates and ranks."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

from crime_pipelines.analysis.rates import count_interval, dispersion, rank_intervals
from crime_pipelines.questions import question
from crime_pipelines.questions.model import Row


def test_interval_is_garwoods() -> None:
    # Garwood (1936), as tables print it
    for events, low, high in ((0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390), (100, 81.36, 121.63)):
        assert count_interval(events) == pytest.approx((low, high), rel=1e-3, abs=1e-4)


def test_overdispersed_counts_have_wider_intervals_that_cover() -> None:
    generator = np.random.default_rng(3)
    drawn = generator.negative_binomial(100 / 0.8, 1 / 1.8, 4000)
    plain, wide = (
        np.mean([low <= 100 <= high for low, high in (count_interval(int(n), over) for n in drawn)])
        for over in (1.0, 1.8)
    )
    assert plain < 0.9
    assert 0.94 <= wide <= 0.97


@pytest.mark.parametrize("true", [1.0, 1.8])
def test_dispersion_leaves_season_trend_and_sizes_out(true: float) -> None:
    generator = np.random.default_rng(1)
    months = np.arange(84)
    course = (1 + 0.3 * np.cos(2 * np.pi * months / 12)) * (1.2 - months / 210)
    means = np.outer(np.linspace(2, 60, 77), course)
    counts = (
        generator.negative_binomial(means / (true - 1), 1 / true) if true > 1 else generator.poisson(means)
    )
    assert dispersion(counts.astype(float), 4) == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize(
    "counts", [np.zeros((3, 40)), np.ones((3, 23)), np.zeros((0, 60)), np.ones((2, 60))], ids=str
)
def test_dispersion_is_at_least_poissons(counts: np.ndarray) -> None:  # type: ignore[type-arg]
    assert dispersion(counts, 1) == 1.0


def test_ranks_hold_the_rank_itself() -> None:
    for counts, exposures in (([3] * 20, [1.0] * 20), ([0, 5, 900], [1.0, 2.0, 1.0]), ([4, 2], [0.0, 1.0])):
        for over in (1.0, 2.5):
            found = rank_intervals(counts, exposures, over)
            assert sorted(rank for rank, *_ in found) == list(range(1, len(counts) + 1))
            assert all(1 <= low <= rank <= high <= len(counts) for rank, low, high in found)
    assert [rank for rank, *_ in rank_intervals([4, 2], [0.0, 1.0], 1.0)] == [2, 1]


def test_ranks_of_far_apart_areas_are_certain() -> None:
    assert rank_intervals([10_000, 100, 1], [1.0] * 3, 1.5) == [(3, 3, 3), (2, 2, 2), (1, 1, 1)]


def _rows(*months: tuple[int, date | None, int, int], days: tuple[date, date]) -> list[Row]:
    return [(area, f"Area {area}", 1000 * area, *rest, *days) for area, *rest in months]


def test_areas_by_hand() -> None:
    """Two areas over a year of 365.25 days and 4 years: rates per 1,000 residents and year."""
    days = (date(2020, 1, 1), date(2023, 12, 31))  # 1461 days, exactly four years
    rows = _rows((1, date(2020, 1, 1), 6, 9), (1, date(2020, 2, 1), 2, 4), (2, None, 0, 0), days=days)
    quiet, loud = question("safest_areas").finish(rows)
    assert quiet[:7] == (1, 2, "Area 2", 0, 0, 2000, 0.0)
    assert quiet[7] == 0.0
    assert loud[:7] == (2, 1, "Area 1", 8, 13, 1000, pytest.approx(2.0))
    # 8 incidents all in the first two months of 48 are dispersed, so the interval is wider than Garwood's
    assert loud[7] < stats.chi2.ppf(0.025, 16) / 2 / 4
    assert question("safest_areas").finish([]) == []


def test_without_residents_areas_rank_by_counts() -> None:
    days = (date(2020, 1, 1), date(2020, 12, 31))
    rows = [(1, "A", None, None, 5, 5, *days), (2, "B", 10, None, 3, 3, *days)]
    assert [(row[0], row[1]) for row in question("safest_areas").finish(rows)] == [(1, 2), (2, 1)]
