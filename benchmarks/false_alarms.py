"""`python -m benchmarks.false_alarms`: what tests and intervals of the report do where nothing happens.

Simulates monthly counts and blocks of 28 days with season and serially correlated noise, and late-night
counts of areas with overdispersion; prints false alarms and coverage in per cent, and judges them against
the report's claims.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import Final

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from benchmarks.aims import judged
from benchmarks.trend_false_alarms import Cell, simulate
from crime_pipelines.analysis.changes import (
    BLOCK_DAYS,
    MOST_BLOCKS,
    NO_CLEAR_CHANGE,
    Comparison,
    Period,
)
from crime_pipelines.analysis.rates import (
    WITHIN_CHANCE,
    count_interval,
    dispersion,
    rank_intervals,
    rank_moves,
)
from crime_pipelines.analysis.trend import NO_TREND, trend_of

_CELLS: Final = ((60, 5000, 0.0), (60, 5000, 0.6), (60, 300, 0.3), (36, 5000, 0.3), (24, 300, 0.6))
_SPANS: Final = {"last 28 days": (28, 28), "last 12 months": (365, 365), "year to date": (315, 365)}
_WORLDS: Final = ((5000, 0.0), (5000, 0.6), (300, 0.3), (20, 0.3))
_AREAS: Final = 77
_MONTHS: Final = 84
_LOCATIONS: Final = 80
#: What a nominal 5 % may become where a month resembles the one before.
_MOST: Final = 9.0


def _trends(replications: int) -> list[float]:
    alarms = []
    for months, mean, rho in _CELLS:
        series = simulate(Cell(months, mean, rho, 0.0), replications, 1)
        found = [trend_of(list(zip(series.dates, own, strict=True))) for own in series.counts.tolist()]
        trend = 100 * np.mean([each.direction != NO_TREND for each in found])
        recent = 100 * np.mean([not (each.recent_low or 0) < 0 < (each.recent_high or 0) for each in found])
        print(f"{months} months of {mean}, correlation {rho}: trend {trend:.1f}, last 12 months {recent:.1f}")
        alarms += [float(trend), float(recent)]
    return alarms


def _days(generator: np.random.Generator, mean: float, rho: float) -> NDArray[np.int64]:
    noise = generator.standard_normal(MOST_BLOCKS)
    for at in range(1, MOST_BLOCKS):
        noise[at] = rho * noise[at - 1] + math.sqrt(1 - rho**2) * noise[at]
    back = np.arange(MOST_BLOCKS * BLOCK_DAYS)
    logs = 0.2 * np.cos(2 * np.pi * back / 365.25 + 1) + 0.05 * np.repeat(noise, BLOCK_DAYS)
    return np.asarray(generator.poisson(mean / BLOCK_DAYS * np.exp(logs)))


def _changes(replications: int) -> list[float]:
    alarms = []
    back = np.arange(MOST_BLOCKS * BLOCK_DAYS)
    for name, (length, apart) in _SPANS.items():
        now, before = back < length, (back >= apart) & (back < apart + length)
        shares = [part.reshape(-1, BLOCK_DAYS).mean(axis=1) for part in (now, before)]
        made = Comparison(Period(length, length, shares[0], shares[1], length == BLOCK_DAYS), MOST_BLOCKS)
        for mean, rho in _WORLDS:
            generator = np.random.default_rng(7)
            wrong = 0
            for _ in range(replications):
                days = _days(generator, mean, rho)
                blocks = days.reshape(-1, BLOCK_DAYS).sum(axis=1).astype(float)
                found = made.of(int(days[now].sum()), int(days[before].sum()), blocks)
                wrong += found.verdict != NO_CLEAR_CHANGE
            alarms.append(100 * wrong / replications)
            print(f"{name}, blocks of {mean}, correlation {rho}: {alarms[-1]:.1f}")
    return alarms


def _ranks(replications: int) -> tuple[float, float]:
    """Coverage of areas' rates and ranks, counts 1.5 times as dispersed as chance makes them."""
    generator = np.random.default_rng(3)
    true = 1.5
    means = np.sort(generator.lognormal(1.5, 0.8, _AREAS))
    inside_rate, inside_rank = [], []
    for _ in range(replications):
        table = generator.negative_binomial(
            np.repeat(means, _MONTHS).reshape(_AREAS, -1) / (true - 1), 1 / true
        )
        counts = table.sum(axis=1)
        over = dispersion(table.astype(float), 1)
        ends = [count_interval(int(number), over) for number in counts]
        inside_rate += [low <= mean * _MONTHS <= high for (low, high), mean in zip(ends, means, strict=True)]
        ranks = rank_intervals(counts.tolist(), [1.0] * _AREAS, over)
        inside_rank += [low <= at + 1 <= high for at, (_, low, high) in enumerate(ranks)]
    return 100 * float(np.mean(inside_rate)), 100 * float(np.mean(inside_rank))


def _moves(replications: int) -> list[float]:
    """Ranks of theft locations marked as risen or fallen, in per cent, if chance alone moves them."""
    generator = np.random.default_rng(5)
    alarms = []
    for true in (1.0001, 1.5, 2.5):
        for typical in (5, 50):
            means = generator.lognormal(math.log(typical), 1.2, _LOCATIONS)
            moved = marked = 0
            for _ in range(replications):
                months = generator.negative_binomial(
                    np.repeat(means, 60).reshape(_LOCATIONS, -1) / (true - 1), 1 / true
                )
                now, before = months[:, 48:].sum(axis=1), months[:, 36:48].sum(axis=1)
                found = rank_moves(now.tolist(), before.tolist(), dispersion(months.astype(float), 1))
                moved += sum(each.rank != each.rank_before for each in found)
                marked += sum(each.move != WITHIN_CHANCE for each in found)
            alarms.append(100 * marked / replications / _LOCATIONS)
            share = 100 * moved / replications / _LOCATIONS
            print(
                f"{typical} thefts a month, {true:.1f} times as dispersed as chance: "
                f"{share:.0f} of 100 ranks move, {alarms[-1]:.1f} are marked"
            )
    return alarms


def main() -> int:
    """Simulate and print.

    Returns:
        0 if every claim holds, otherwise 1.
    """
    parser = argparse.ArgumentParser(description="False alarms and coverage where nothing happens")
    parser.add_argument("--replications", type=int, default=500)
    options = parser.parse_args()
    alarms = _trends(options.replications) + _changes(options.replications)
    moves = _moves(max(20, options.replications // 5))
    rates, ranks = _ranks(max(20, options.replications // 5))
    print(f"areas: intervals of rates hold {rates:.1f}, of ranks {ranks:.1f}")
    return judged(
        [
            (f"false alarms at most {_MOST:.0f} % ({max(alarms):.1f} at most)", max(alarms) <= _MOST),
            (f"ranks marked as moved at most 5 % ({max(moves):.1f} at most)", max(moves) <= 5),
            ("intervals of areas' rates hold 93 to 97 %", 93 <= rates <= 97),
            ("intervals of areas' ranks hold at least 93 %", ranks >= 93),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
