"""`python -m benchmarks.surges`: false alarms and detection of the surge rules on the real fifth.

Nothing is known to have happened in the real days, so every alarm counts as false. Surges are added to the
same days: a doubling for 7 days, a tripling for one, of an area drawn from all by their incidents, from all
alike, or from the busiest areas, which hold half of all incidents. The days before 2016 are
left out, and the limits follow from the past of each quarter alone; the rules' other constants were picked on
prototypes that used the whole file.

Needs the file of incidents in the folder CRIME_PIPELINES_DATA, by default ../shared/data.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from benchmarks.aims import judged
from benchmarks.inputs import real_fifth, rows_of
from crime_pipelines.analysis.surges import (
    ALARMS_A_WEEK,
    FIRST_DAYS,
    LEAST_DAYS,
    SUDDEN_SHARE,
    Limits,
    Watched,
    expected_counts,
    likelihood,
    limits_of,
    watch,
)
from crime_pipelines.questions.surges.question import QUESTION as SURGES
from crime_pipelines.questions.surges.question import days_of

_JUDGED_FROM: Final = date(2016, 1, 1)
_QUARTER: Final = 91
_DRAWS: Final = 20_000
_MOST_ALARMS: Final = 1.3
_INFINITE: Final = float("inf")
#: Name, days, and times the usual incidents.
_SURGES: Final = (("doubled for 7 days", 7, 2.0), ("tripled for 1 day", 1, 3.0))


@dataclass(frozen=True, slots=True)
class _Rules:
    """Rules with limits by day, and what they raised."""

    name: str
    limits: Limits
    found: Watched


def _counts() -> tuple[NDArray[np.float64], date]:
    """Return the incidents of areas and days, as the question `surges` takes them."""
    days = days_of(rows_of(SURGES, real_fifth()))
    return days.counts, days.first


def _rules(
    name: str, counts: NDArray[np.float64], expected: NDArray[np.float64], alarms: float, sudden_share: float
) -> _Rules:
    days = counts.shape[1]
    sudden, slow = np.full(days, _INFINITE), np.full(days, _INFINITE)
    for begin in range(LEAST_DAYS, days, _QUARTER):
        limits = limits_of(counts[:, :begin], expected[:, :begin], alarms, sudden_share)
        quarter = slice(begin, begin + _QUARTER)
        sudden[quarter] = limits.sudden if sudden_share else _INFINITE
        slow[quarter] = limits.slow if sudden_share < 1 else _INFINITE
    limits = Limits(sudden, slow)
    return _Rules(name, limits, watch(counts, expected, limits))


def _detected(
    rules: _Rules,
    counts: NDArray[np.float64],
    expected: NDArray[np.float64],
    weights: NDArray[np.float64],
    days: int,
    times: float,
    begin: int,
) -> float:
    """Return the share of surges during which a rule raises an alarm."""
    generator = np.random.default_rng(1)
    areas = generator.choice(len(counts), _DRAWS, p=weights / weights.sum())
    starts = generator.integers(begin, counts.shape[1] - days, _DRAWS)
    sums = rules.found.sums[areas, starts - 1]
    sums = np.where(rules.found.slow[areas, starts - 1], 0.0, sums)
    found = np.zeros(_DRAWS, dtype=bool)
    for day in (starts + at for at in range(days)):
        usual = expected[areas, day]
        number = counts[areas, day] + generator.poisson((times - 1) * usual)
        found |= likelihood(number, usual, 3.0) >= np.asarray(rules.limits.sudden)[day]
        sums = np.maximum(sums + likelihood(number, usual, 2.0), 0.0)
        found |= sums >= np.asarray(rules.limits.slow)[day]
    return float(found.mean())


def _ceiling(means: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the most of tripled days that any rule could find within the alarms, were all means known."""
    numbers = np.arange(1, 100)
    false = 7 * poisson.pmf(numbers, means[:, np.newaxis])
    true = (weights / weights.sum())[:, np.newaxis] * poisson.pmf(numbers, 3 * means[:, np.newaxis])
    order = np.argsort(-(true / np.maximum(false, 1e-300)), axis=None)
    spent = np.cumsum(false.ravel()[order])
    return float(true.ravel()[order][spent <= _MOST_ALARMS].sum())


def main() -> int:
    """Measure and print.

    Returns:
        0 if every aim is met, 2 without the file, otherwise 1.
    """
    counts, first = _counts()
    expected = expected_counts(counts, first)[:, FIRST_DAYS:]
    counts = counts[:, FIRST_DAYS:]
    begin = (_JUDGED_FROM - first).days - FIRST_DAYS
    means = counts.mean(axis=1)
    order = np.argsort(-means)
    busiest = order[: int(np.searchsorted(np.cumsum(means[order]), means.sum() / 2)) + 1]
    areas = {
        f"the {len(busiest)} busiest areas": np.isin(np.arange(len(means)), busiest).astype(float),
        "all, by their incidents": means,
        "all alike": np.ones(len(means)),
    }
    weeks = (counts.shape[1] - begin) / 7
    print(f"{len(means)} areas, {means.sum():.0f} incidents a day, {weeks:.0f} weeks are judged")
    found: dict[tuple[str, str, str], float] = {}
    alarms: dict[str, float] = {}
    for name, budget, share in (
        ("both rules", ALARMS_A_WEEK, SUDDEN_SHARE),
        ("sudden alone", _MOST_ALARMS, 1.0),
        ("slow alone", _MOST_ALARMS, 0.0),
    ):
        rules = _rules(name, counts, expected, budget, share)
        alarms[name] = float(rules.found.new[:, begin:].sum()) / weeks
        print(f"{name}: {alarms[name]:.2f} false alarms a week")
        for drawn, weights in areas.items():
            for surge, days, times in _SURGES:
                found[name, drawn, surge] = _detected(rules, counts, expected, weights, days, times, begin)
            shares = ", ".join(f"{surge} {found[name, drawn, surge]:.1%}" for surge, *_ in _SURGES)
            print(f"    {drawn}: {shares}")
    for drawn, weights in areas.items():
        print(f"no rule could find more than {_ceiling(means, weights):.1%} of tripled days ({drawn})")
    drawn, (doubled, tripled) = next(iter(areas)), (surge for surge, *_ in _SURGES)
    return judged(
        [
            (f"both rules: at most {_MOST_ALARMS} false alarms a week", alarms["both rules"] <= _MOST_ALARMS),
            (f"both rules, {drawn}: {doubled}, at least 75 %", found["both rules", drawn, doubled] >= 0.75),
            (f"both rules, {drawn}: {tripled}, at least 55 %", found["both rules", drawn, tripled] >= 0.55),
            (
                f"sudden alone, {drawn}: at least 64 % and 65 %",
                found["sudden alone", drawn, doubled] >= 0.64
                and found["sudden alone", drawn, tripled] >= 0.65,
            ),
            (
                f"slow alone, {drawn}: at least 85 % and 30 %",
                found["slow alone", drawn, doubled] >= 0.85 and found["slow alone", drawn, tripled] >= 0.30,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
