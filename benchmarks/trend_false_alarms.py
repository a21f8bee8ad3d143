"""Error rates of trend tests: how often each sees a trend that isn't there, and misses one that is.

Simulates monthly counts with a season of +-20 % and overdispersed, serially correlated noise (Poisson counts
whose expectation carries a multiplicative AR(1) of 5 % standard deviation), and prints, per cell, the
percentage of series in which each test rejects "no trend" at its nominal 5 %.
docs/decisions/0002-trend-test.md quotes the table.

    python benchmarks/trend_false_alarms.py --replications 3000 --processes 2

Tests that have no vectorised form here (marked *) run on a quarter of the series.
"""

from __future__ import annotations

import argparse
import calendar
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from itertools import product
from typing import Any, NamedTuple

# Before numpy: its threads only get in each other's way on matrices this small.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pymannkendall  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]
from statsmodels.genmod.families import Poisson  # type: ignore[import-untyped]
from statsmodels.genmod.generalized_linear_model import GLM  # type: ignore[import-untyped]
from statsmodels.regression.linear_model import GLSAR  # type: ignore[import-untyped]

from crime_pipelines.analysis.trend import NO_TREND, trend_of

Floats = NDArray[np.float64]
LEVEL = 0.05
FIRST_MONTH = (2016, 12)


class Cell(NamedTuple):
    """A simulated world: months, mean count, lag-1 correlation of the noise, change a year (a share)."""

    months: int
    mean: float
    correlation: float
    change: float


class Series(NamedTuple):
    """Simulated series of one cell: counts (series, months), and what a regression needs of the months."""

    counts: NDArray[np.int64]
    dates: list[date]
    days: Floats
    season: Floats
    years: Floats


def simulate(cell: Cell, replications: int, seed: int) -> Series:
    """Draw the series of one cell."""
    rng = np.random.default_rng(seed)
    start = FIRST_MONTH[0] * 12 + FIRST_MONTH[1] - 1
    dates = [date(month // 12, month % 12 + 1, 1) for month in range(start, start + cell.months)]
    days = np.array([float(calendar.monthrange(d.year, d.month)[1]) for d in dates])
    month_of_year = np.array([d.month for d in dates])
    season = (month_of_year[:, np.newaxis] == np.arange(1, 13)).astype(float)
    years = (np.arange(cell.months) - (cell.months - 1) / 2) / 12

    noise = rng.standard_normal((replications, cell.months))
    for month in range(1, cell.months):
        innovation = np.sqrt(1 - cell.correlation**2) * noise[:, month]
        noise[:, month] = cell.correlation * noise[:, month - 1] + innovation
    expected = cell.mean * days / 30.4 * (1 + 0.2 * np.cos(2 * np.pi * (month_of_year - 7) / 12))
    expected = expected * (1 + cell.change) ** years * np.exp(0.05 * noise)
    return Series(rng.poisson(expected), dates, days, season, years)


class Regression(NamedTuple):
    """OLS of log((count + 1/2) / day) on months of the year and time, for all series at once."""

    outcome: Floats  # (months, series)
    design: Floats  # (months, regressors), time last
    residuals: Floats  # (months, series)
    time: Floats  # time with the months of the year taken out
    slopes: Floats  # (series,)
    scores: Floats  # time * residuals: what a HAC variance is computed from


def regress(series: Series) -> Regression:
    """Fit the regression by the Frisch-Waugh-Lovell theorem."""
    outcome = np.log((series.counts + 0.5) / series.days).T
    design = np.column_stack([series.season, series.years])
    basis, _ = np.linalg.qr(design)
    residuals = outcome - basis @ (basis.T @ outcome)
    basis, _ = np.linalg.qr(series.season)
    time = series.years - basis @ (basis.T @ series.years)
    slopes = time @ outcome / (time @ time)
    return Regression(outcome, design, residuals, time, slopes, time[:, np.newaxis] * residuals)


def t_test(fit: Regression, score_variance: Floats, degrees_of_freedom: int) -> NDArray[np.bool_]:
    """Reject, given the variance of the sum of the scores."""
    t = fit.slopes * (fit.time @ fit.time) / np.sqrt(score_variance)
    return np.asarray(2 * stats.t.sf(np.abs(t), degrees_of_freedom) < LEVEL)


def chosen(series: Series) -> NDArray[np.bool_]:
    """Return the test of the `crime_trend` answer."""
    directions = (
        trend_of(list(zip(series.dates, counts, strict=True))).direction for counts in series.counts.tolist()
    )
    return np.array([direction != NO_TREND for direction in directions])


def slow_waves(series: Series, waves_per_year: float) -> NDArray[np.bool_]:
    """Return the chosen test with another number of waves, and without its Poisson floor."""
    fit = regress(series)
    months, regressors = fit.design.shape
    frequencies = np.arange(1, round(months / 12 * waves_per_year) + 1)
    cosines = np.cos(np.pi * frequencies * (np.arange(months)[:, np.newaxis] + 0.5) / months)
    basis, _ = np.linalg.qr(np.column_stack([fit.design, cosines]))
    long_run_variance = ((basis[:, regressors:].T @ fit.outcome) ** 2).mean(axis=0)
    return t_test(fit, long_run_variance * (fit.time @ fit.time), len(frequencies))


def newey_west(series: Series, lags: int) -> NDArray[np.bool_]:
    """OLS with Newey-West errors, small-sample correction, t; equals statsmodels' cov_type HAC."""
    fit = regress(series)
    months, regressors = fit.design.shape
    variance = (fit.scores**2).sum(axis=0)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (fit.scores[lag:] * fit.scores[:-lag]).sum(axis=0)
    return t_test(fit, variance * months / (months - regressors), months - regressors)


def poisson_newey_west(series: Series) -> NDArray[np.bool_]:
    """Poisson regression with offset log(days) and Newey-West errors of 6 lags."""
    design = np.column_stack([series.season, series.years])
    options: dict[str, Any] = {
        "cov_type": "HAC",
        "cov_kwds": {"maxlags": 6, "use_correction": True},
        "use_t": True,
    }
    return np.array(
        [
            GLM(counts, design, family=Poisson(), offset=np.log(series.days)).fit(**options).pvalues[-1]
            < LEVEL
            for counts in series.counts
        ]
    )


def andrews_monahan(series: Series) -> NDArray[np.bool_]:
    """OLS with prewhitened quadratic-spectral errors and automatic bandwidth (Andrews and Monahan 1992)."""
    fit = regress(series)
    months, regressors = fit.design.shape

    def autoregression(values: Floats) -> Floats:
        slope = (values[1:] * values[:-1]).sum(axis=0) / (values[:-1] ** 2).sum(axis=0)
        return np.asarray(np.clip(slope, -0.97, 0.97))

    prewhitening = autoregression(fit.scores)
    white = fit.scores[1:] - prewhitening * fit.scores[:-1]
    rest = autoregression(white)
    bandwidth = np.maximum(1.3221 * (4 * rest**2 / (1 - rest) ** 4 * months) ** 0.2, 1e-6)
    variance = (white**2).sum(axis=0)
    for lag in range(1, months - 1):
        z = 6 * np.pi * lag / bandwidth / 5
        variance += 2 * 3 / z**2 * (np.sin(z) / z - np.cos(z)) * (white[lag:] * white[:-lag]).sum(axis=0)
    correction = months / (months - regressors) / (1 - prewhitening) ** 2
    return t_test(fit, variance * correction, months - regressors)


def equal_weighted_cosine(series: Series) -> NDArray[np.bool_]:
    """OLS with equal-weighted cosine errors of the scores (Lazarus, Lewis, Stock and Watson 2018)."""
    fit = regress(series)
    months = len(fit.time)
    cosines = int(0.41 * months ** (2 / 3))
    frequencies = np.arange(1, cosines + 1)[:, np.newaxis]
    weights = np.sqrt(2) * np.cos(np.pi * frequencies * (np.arange(months) + 0.5) / months)
    return t_test(fit, ((weights @ fit.scores) ** 2).mean(axis=0), cosines)


def kiefer_vogelsang(series: Series) -> NDArray[np.bool_]:
    """OLS with Bartlett errors over all lags and fixed-b critical value 4.771 (Kiefer and Vogelsang 2002)."""
    fit = regress(series)
    variance = 2 * (np.cumsum(fit.scores, axis=0) ** 2).sum(axis=0) / len(fit.time)
    return np.asarray(np.abs(fit.slopes * (fit.time @ fit.time) / np.sqrt(variance)) > 4.771)


def autoregressive(series: Series, restricted: bool) -> NDArray[np.bool_]:
    """Regression with AR(1) noise by maximum likelihood, or restricted (Cheang and Reinsel 2000), t."""
    fit = regress(series)
    months, regressors = fit.design.shape
    freedom = months - regressors
    best = np.full(fit.outcome.shape[1], -np.inf)
    t = np.zeros_like(best)

    def whiten(values: Floats, correlation: float) -> Floats:
        first = np.sqrt(1 - correlation**2) * values[:1]
        return np.vstack([first, values[1:] - correlation * values[:-1]])

    for correlation in np.arange(-0.5, 0.985, 0.02):
        basis, triangle = np.linalg.qr(whiten(fit.design, correlation))
        outcome = whiten(fit.outcome, correlation)
        projection = basis.T @ outcome
        squares = (outcome**2).sum(axis=0) - (projection**2).sum(axis=0)
        likelihood = np.log(1 - correlation**2) / 2 - (freedom if restricted else months) / 2 * np.log(
            squares
        )
        if restricted:
            likelihood -= np.log(np.abs(np.diag(triangle))).sum()
        t = np.where(likelihood > best, projection[-1] / np.sqrt(squares / freedom), t)
        best = np.maximum(best, likelihood)
    return np.asarray(2 * stats.t.sf(np.abs(t), freedom) < LEVEL)


def glsar(series: Series) -> NDArray[np.bool_]:
    """GLSAR of statsmodels: AR(1) from residuals, iterated."""
    fit = regress(series)
    return np.array([GLSAR(y, fit.design, rho=1).iterative_fit(8).pvalues[-1] < LEVEL for y in fit.outcome.T])


def mann_kendall(series: Series) -> NDArray[np.bool_]:
    """Seasonal Mann-Kendall test for correlated months (Hipel and McLeod 1994) of pymannkendall."""
    rates = series.counts / series.days
    return np.array([pymannkendall.correlated_seasonal_test(rate, period=12).p < LEVEL for rate in rates])


VECTORISED: dict[str, Callable[[Series], NDArray[np.bool_]]] = {
    "chosen": chosen,
    "0.6 waves": partial(slow_waves, waves_per_year=0.6),
    "1.6 waves": partial(slow_waves, waves_per_year=1.6),
    "NW 3": partial(newey_west, lags=3),
    "NW 6": partial(newey_west, lags=6),
    "NW 12": partial(newey_west, lags=12),
    "AM": andrews_monahan,
    "EWC": equal_weighted_cosine,
    "KV": kiefer_vogelsang,
    "ML": partial(autoregressive, restricted=False),
    "REML": partial(autoregressive, restricted=True),
}
ONE_BY_ONE: dict[str, Callable[[Series], NDArray[np.bool_]]] = {
    "Poisson*": poisson_newey_west,
    "GLSAR*": glsar,
    "MK*": mann_kendall,
}


def cells() -> Iterator[Cell]:
    """Return the worlds of the table: first without a trend, then with one."""
    correlations = (0.0, 0.3, 0.6, 0.8)
    yield from (Cell(60, mean, rho, 0.0) for mean, rho in product((5000, 300, 5), correlations))
    lower = (0.0, 0.3, 0.6)
    yield from (Cell(*world, 0.0) for world in product((36, 24), (5000, 300), lower))
    yield from (
        Cell(60, mean, rho, change) for mean, change, rho in product((5000, 300), (-0.03, -0.05), lower)
    )
    yield from (Cell(60, 5000, 0.6, -0.1), Cell(60, 5, 0.3, -0.1))
    yield from (Cell(months, 5000, 0.3, change) for months, change in product((36, 24), (-0.03, -0.05, -0.1)))


def rejections(replications: int, cell: Cell, seed: int) -> list[float]:
    """Percentage of the cell's series in which each test sees a trend."""
    warnings.simplefilter("ignore")  # runner-ups may warn; the chosen test's own tests forbid it
    series = simulate(cell, replications, seed)
    fewer = series._replace(counts=series.counts[: max(1, replications // 4)])
    rates = [test(series).mean() for test in VECTORISED.values()]
    rates += [test(fewer).mean() for test in ONE_BY_ONE.values()]
    return [100 * float(rate) for rate in rates]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="False alarms and power of trend tests on monthly counts")
    parser.add_argument("--replications", type=int, default=1000, help="series per cell")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    headings = ["months", "mean", "rho", "change", *VECTORISED, *ONE_BY_ONE]
    print("| " + " | ".join(headings) + " |")
    print("|" + " ---: |" * len(headings), flush=True)
    rows = list(cells())
    with ProcessPoolExecutor(options.processes) as pool:
        seeds = range(options.seed, options.seed + len(rows))
        run = partial(rejections, options.replications)
        for cell, rates in zip(rows, pool.map(run, rows, seeds), strict=True):
            columns = [f"{cell.months}", f"{cell.mean}", f"{cell.correlation}", f"{cell.change:.0%}"]
            print("| " + " | ".join([*columns, *(f"{rate:.1f}" for rate in rates)]) + " |", flush=True)


if __name__ == "__main__":
    main()
