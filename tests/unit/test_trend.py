"""The trend test of the `crime_trend` answer: what it finds, what it must not find, and what it survives."""

from __future__ import annotations

import calendar
import math
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS

from crime_pipelines.analysis.trend import (
    DECREASING,
    INCREASING,
    MINIMUM_MONTHS,
    NO_TREND,
    SIGNIFICANCE,
    TOO_FEW,
    Trend,
    days_in_month,
    trend_of,
)


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def months_of(counts: Sequence[int], start: date = date(2016, 12, 1)) -> list[tuple[date, int]]:
    """Consecutive months from `start` with these counts."""
    first = start.year * 12 + start.month - 1
    return [(date((first + i) // 12, (first + i) % 12 + 1, 1), count) for i, count in enumerate(counts)]


def simulated(
    seed: int, change: float = 0.0, mean: float = 5000, months: int = 60, rho: float = 0.5
) -> list[int]:
    """Counts with a season of +-20 % and 5 % of multiplicative AR(1) noise."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(months)
    for i in range(1, months):
        noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
    time_ = np.arange(months) / 12
    expected = mean * (1 + 0.2 * np.cos(2 * np.pi * time_)) * (1 + change) ** time_ * np.exp(0.05 * noise)
    return [int(count) for count in rng.poisson(expected)]


def bounds(trend: Trend) -> tuple[float, float, float, float]:
    """The four numbers of a trend that has them."""
    assert trend.change_per_year is not None
    assert trend.change_low is not None
    assert trend.change_high is not None
    assert trend.p_value is not None
    return trend.change_per_year, trend.change_low, trend.change_high, trend.p_value


def assert_coherent(trend: Trend) -> None:
    """Everything in a trend says the same, and every number is a number."""
    numbers = (trend.change_per_year, trend.change_low, trend.change_high, trend.p_value)
    if None in numbers:
        assert numbers == (None, None, None, None)
        assert (trend.recent_change, trend.recent_low, trend.recent_high) == (None, None, None)
        assert trend.direction == TOO_FEW
        return
    recent = (trend.recent_low, trend.recent_change, trend.recent_high)
    assert all(number is not None and math.isfinite(number) for number in recent)
    assert list(recent) == sorted(recent)  # type: ignore[type-var]
    change, low, high, p_value = bounds(trend)
    assert all(math.isfinite(number) for number in (change, low, high, p_value))
    assert -1 <= low <= change <= high
    assert 0 <= p_value <= 1
    if low > 0:
        assert trend.direction == INCREASING
    elif high < 0:
        assert trend.direction == DECREASING
    else:
        assert trend.direction == NO_TREND
    if abs(p_value - SIGNIFICANCE) > 1e-9:
        assert (trend.direction != NO_TREND) == (p_value < SIGNIFICANCE)


@pytest.mark.parametrize(
    ("change", "direction"), [(-0.1, DECREASING), (-0.05, DECREASING), (0.05, INCREASING)]
)
def test_finds_a_trend_and_its_size(change: float, direction: str) -> None:
    trend = trend_of(months_of(simulated(seed=1, change=change)))
    found, low, high, _ = bounds(trend)
    assert trend.direction == direction
    assert found == pytest.approx(change, abs=0.02)
    assert low < change < high
    assert (trend.first_month, trend.last_month, trend.months) == (date(2016, 12, 1), date(2021, 11, 1), 60)


def test_interval_covers_the_truth_most_of_the_time() -> None:
    covered = 0
    for seed in range(200):
        _, low, high, _ = bounds(trend_of(months_of(simulated(seed=2000 + seed, change=-0.05))))
        covered += low < -0.05 < high
    assert covered >= 180  # 190 expected


def test_false_alarms_with_serial_correlation() -> None:
    alarms = sum(
        trend_of(months_of(simulated(seed=1000 + seed, rho=0.5))).direction != NO_TREND for seed in range(200)
    )
    assert 1 <= alarms <= 20  # 5 % is 10; Newey-West of 12 lags gives about 35


def test_season_alone_is_no_trend() -> None:
    counts = [round(5000 * (1 + 0.3 * math.cos(2 * math.pi * i / 12))) for i in range(60)]
    for length in range(MINIMUM_MONTHS, 61):
        assert trend_of(months_of(counts[:length])).direction == NO_TREND


def test_days_in_the_month_are_no_trend() -> None:
    # The leap day lies near the end of the series: incidents per day don't change, incidents do.
    days = [31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30] * 2 + [31, 31, 29]
    trend = trend_of(months_of([10_000 * d for d in days], date(2017, 12, 1)))
    assert bounds(trend)[0] == pytest.approx(0, abs=1e-6)


def test_share_does_not_depend_on_the_scale() -> None:
    counts = simulated(seed=3, change=-0.04, mean=50_000)
    once, five_times = trend_of(months_of(counts)), trend_of(months_of([5 * count for count in counts]))
    assert bounds(once) == pytest.approx(bounds(five_times), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("change", [-0.05, 0.0, 0.05])
def test_reversed_counts_reverse_the_sign(change: float) -> None:
    # A mirrored series meets months of other lengths, so mirror incidents per day, not incidents.
    rates = simulated(seed=4, change=change, mean=100_000)
    months = months_of([0] * 60, date(2017, 1, 1))
    days = [(date(m.year + m.month // 12, m.month % 12 + 1, 1) - m).days for m, _ in months]
    forward = trend_of([(m, d * r) for (m, _), d, r in zip(months, days, rates, strict=True)])
    backward = trend_of([(m, d * r) for (m, _), d, r in zip(months, days, rates[::-1], strict=True)])
    change_forward, low, high, p_value = bounds(forward)
    expected = (1 / (1 + change_forward) - 1, 1 / (1 + high) - 1, 1 / (1 + low) - 1, p_value)
    assert bounds(backward) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    opposite = {INCREASING: DECREASING, DECREASING: INCREASING, NO_TREND: NO_TREND}
    assert backward.direction == opposite[forward.direction]


@pytest.mark.parametrize("count", [1, 2, 10, 1000, 10**6, 10**12])
@pytest.mark.parametrize("length", [24, 25, 37, 59, 60])
def test_constant_is_no_trend(count: int, length: int) -> None:
    trend = trend_of(months_of([count] * length))
    assert_coherent(trend)
    assert bounds(trend)[0] == pytest.approx(0, abs=0.01)  # not exactly 0: a leap February has more days
    if count <= 1000:
        assert trend.direction == NO_TREND


@pytest.mark.parametrize("length", [0, 1, MINIMUM_MONTHS, 60])
def test_no_incident_at_all_has_no_change(length: int) -> None:
    trend = trend_of(months_of([0] * length))
    assert (trend.direction, trend.change_per_year, trend.p_value) == (TOO_FEW, None, None)
    assert trend.months == length


def test_months_without_incident_count() -> None:
    rising = trend_of(months_of([0] * 30 + [40, 55] * 15))
    assert rising.direction == INCREASING
    assert trend_of(months_of([0] * 59 + [1])).direction == NO_TREND


def test_too_few_months_to_tell() -> None:
    counts = simulated(seed=5, change=1.0)
    for length in range(MINIMUM_MONTHS):
        months = months_of(counts[:length])
        first, last = (months[0][0], months[-1][0]) if months else (None, None)
        assert trend_of(months) == Trend(TOO_FEW, None, None, None, None, first, last, length)
    assert trend_of(months_of(counts[:MINIMUM_MONTHS])).direction == INCREASING


def test_few_incidents_prove_nothing() -> None:
    # 12 incidents, then 24, without any noise: chance alone does that easily.
    assert trend_of(months_of([1] * 12 + [2] * 12)).direction == NO_TREND
    assert trend_of(months_of([1000] * 12 + [2000] * 12)).direction == INCREASING


@pytest.mark.parametrize(
    "months",
    [
        [(date(2020, 1, 1), 1), (date(2020, 3, 1), 1)],
        [(date(2020, 2, 1), 1), (date(2020, 1, 1), 1)],
        [(date(2020, 1, 1), 1), (date(2020, 1, 1), 1)],
        [(date(2020, 1, 1), -1)],
    ],
)
def test_refuses_what_is_no_series(months: list[tuple[date, int]]) -> None:
    with pytest.raises(ValueError, match="month"):
        trend_of(months)


COUNT = st.one_of(
    st.integers(0, 3),
    st.integers(0, 100),
    st.integers(0, 10_000),
    st.integers(0, 2**63 - 1),
    st.just(10**400),
)


@settings(deadline=None, max_examples=300)
@given(
    counts=st.one_of(st.lists(COUNT, max_size=60), st.lists(COUNT, min_size=MINIMUM_MONTHS, max_size=60)),
    year=st.integers(1900, 2100),
    month=st.integers(1, 12),
)
def test_any_series_gives_a_coherent_answer(counts: list[int], year: int, month: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_coherent(trend_of(months_of(counts, date(year, month, 1))))


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    change=st.floats(-0.3, 0.3),
    mean=st.floats(0.1, 10_000),
    months=st.integers(MINIMUM_MONTHS, 60),
)
def test_realistic_series_give_a_coherent_answer(seed: int, change: float, mean: float, months: int) -> None:
    assert_coherent(trend_of(months_of(simulated(seed, change, mean, months))))


def test_the_same_series_gives_the_same_bits() -> None:
    months = months_of(simulated(seed=6, change=0.02))
    assert astuple(trend_of(months)) == astuple(trend_of(tuple(months)))


def test_importing_it_imports_no_numerics() -> None:
    code = (
        "import sys, crime_pipelines.analysis.trend; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy', 'pandas', 'statsmodels')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("seed", "months"), [(1, 60), (2, 24), (3, 47)])
def test_the_slope_is_that_of_ordinary_least_squares(seed: int, months: int) -> None:
    series = months_of(simulated(seed, change=-0.04, months=months))
    rates = [
        math.log((count + 0.5) / calendar.monthrange(month.year, month.month)[1]) for month, count in series
    ]
    season = [[float(month.month == other) for other in range(1, 13)] for month, _ in series]
    fit = OLS(rates, np.column_stack([season, np.arange(months) / 12])).fit()
    found = trend_of(series)
    assert found.change_per_year == pytest.approx(math.expm1(fit.params[-1]), rel=1e-9)


def test_interval_and_p_value_are_of_the_same_t() -> None:
    found = trend_of(months_of(simulated(seed=4, change=0.03)))
    assert found.change_per_year is not None
    assert found.change_high is not None
    slope, high = math.log1p(found.change_per_year), math.log1p(found.change_high)
    waves = stats.t(df=5)  # one for each of five years
    error = (high - slope) / waves.isf(0.025)
    assert found.p_value == pytest.approx(2 * waves.sf(abs(slope) / error), rel=1e-9)


def test_the_last_12_months_may_go_another_way_than_the_years() -> None:
    """A long fall that turned: the years fall, and the last year rises."""
    rates = [5000 - 40 * min(at, 48) + 60 * max(at - 48, 0) for at in range(60)]
    noise = np.random.default_rng(5).normal(0, 20, 60)
    trend = trend_of(months_of([round(rate + move) for rate, move in zip(rates, noise, strict=True)]))
    assert trend.direction == DECREASING
    assert trend.recent_change is not None
    assert trend.recent_change > 0


def test_recent_change_is_of_12_months_against_12() -> None:
    counts = [4000] * 36 + [5000] * 12 + [4500] * 12
    days = [30] * 60
    trend = trend_of(months_of(counts), days)
    assert trend.recent_change == pytest.approx(-0.1, abs=1e-4)
    assert trend_of(months_of(counts[24:]), days[24:]).recent_change == pytest.approx(-0.1, abs=1e-4)


def test_days_are_those_before_the_shift() -> None:
    """February 2016, moved by three years, still has 29 days."""
    assert [days_in_month(date(2019, 2, 1), shift) for shift in (0, 3)] == [28, 29]
    assert [days_in_month(date(2020, month, 1), 4) for month in (1, 2, 4)] == [31, 29, 30]
    assert days_in_month(date(1, 2, 1), 1) == 29  # year 0 has a leap day, and no date


def test_noise_below_poissons_gives_the_test_its_power_back() -> None:
    """Small counts fall by half: found, although the waves alone would give two degrees of freedom."""
    counts = [int(count) for count in np.random.default_rng(8).poisson([300] * 12 + [180] * 12)]
    assert trend_of(months_of(counts)).direction == DECREASING
