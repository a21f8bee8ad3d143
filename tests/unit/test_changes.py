"""Comparisons of periods: what they find, what they must not find, and what they refuse."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest

from crime_pipelines.analysis.changes import (
    BLOCK_DAYS,
    FEWER,
    MORE,
    MOST_BLOCKS,
    NO_CLEAR_CHANGE,
    TOO_FEW,
    TOO_SHORT,
    Comparison,
    Period,
)
from crime_pipelines.questions import ANALYSES
from crime_pipelines.questions.model import Row

(CHANGES,) = (each for each in ANALYSES if each.name == "changes")
LAST = date(2021, 11, 11)
SPANS = {"last 28 days": (28, 28), "last 12 months": (365, 365), "year to date": (315, 365)}


def comparison(name: str, blocks: int = MOST_BLOCKS) -> tuple[Comparison, slice, slice]:
    """A comparison, and which days back it is of."""
    length, apart = SPANS[name]
    back = np.arange(MOST_BLOCKS * BLOCK_DAYS)
    now, before = back < length, (back >= apart) & (back < apart + length)
    shares = [part.reshape(-1, BLOCK_DAYS).mean(axis=1) for part in (now, before)]
    period = Period(length, length, *shares, name == "last 28 days")
    return Comparison(period, blocks), slice(0, length), slice(apart, apart + length)


def days_of(seed: int, mean: float, rho: float = 0.3) -> np.ndarray:  # type: ignore[type-arg]
    """Daily counts, the newest first: a season of 20 %, and noise of blocks that resemble each other."""
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal(MOST_BLOCKS)
    for at in range(1, MOST_BLOCKS):
        noise[at] = rho * noise[at - 1] + math.sqrt(1 - rho**2) * noise[at]
    back = np.arange(MOST_BLOCKS * BLOCK_DAYS)
    season = 0.2 * np.cos(2 * np.pi * back / 365.25)
    return generator.poisson(mean / BLOCK_DAYS * np.exp(season + 0.05 * np.repeat(noise, BLOCK_DAYS)))


@pytest.mark.parametrize("name", SPANS)
@pytest.mark.parametrize("mean", [5000, 100])
def test_false_alarms(name: str, mean: float) -> None:
    made, now, before = comparison(name)
    alarms = 0
    for seed in range(200):
        days = days_of(seed, mean)
        blocks = days.reshape(-1, BLOCK_DAYS).sum(axis=1).astype(float)
        alarms += made.of(int(days[now].sum()), int(days[before].sum()), blocks).verdict != NO_CLEAR_CHANGE
    assert alarms <= 20  # 10 expected


@pytest.mark.parametrize(("factor", "verdict"), [(0.75, FEWER), (1.35, MORE)])
@pytest.mark.parametrize("name", SPANS)
def test_finds_a_change_and_its_size(name: str, factor: float, verdict: str) -> None:
    made, now, before = comparison(name)
    days = days_of(1, 5000)
    days[now] = np.round(days[now] * factor)
    blocks = days.reshape(-1, BLOCK_DAYS).sum(axis=1).astype(float)
    found = made.of(int(days[now].sum()), int(days[before].sum()), blocks)
    assert found.verdict == verdict
    assert found.change == pytest.approx(factor - 1, abs=0.12)
    assert found.change_low is not None
    assert found.change_high is not None
    assert found.change_low < found.change < found.change_high
    assert (found.expected_low or 0) < (found.expected or 0) < (found.expected_high or 0)


def test_the_seasons_own_change_is_no_change() -> None:
    made, *_ = comparison("last 28 days")
    blocks = np.round(3000 * (1 + 0.25 * np.sin(2 * np.pi * np.arange(MOST_BLOCKS) * BLOCK_DAYS / 365.25)))
    found = made.of(int(blocks[0]), int(blocks[1]), blocks)
    assert found.verdict == NO_CLEAR_CHANGE
    assert found.expected == pytest.approx(blocks[0], rel=0.02)


def test_refusals() -> None:
    made, *_ = comparison("last 28 days")
    assert made.of(3, 6, np.full(MOST_BLOCKS, 5.0)).verdict == TOO_FEW
    assert made.of(30, 0, np.full(MOST_BLOCKS, 5.0)).verdict == TOO_FEW
    short, *_ = comparison("last 28 days", 25)
    assert short.of(300, 300, np.full(25, 300.0)).verdict == TOO_SHORT


def rows_of(days: int, each_day: int = 3) -> list[Row]:
    """Rows as the SQL gives them, for the same number of thefts in area 8 on each day up to `LAST`."""
    first = LAST - timedelta(days=days - 1)
    table: dict[int, list[int]] = {}
    for back in range(min(days, MOST_BLOCKS * BLOCK_DAYS)):
        day = LAST - timedelta(days=back)
        parts = [
            True,
            day >= date(2021, 1, 1),
            date(2020, 1, 1) <= day <= date(2020, 11, 11),
            day > date(2020, 11, 11),
            date(2019, 11, 11) < day <= date(2020, 11, 11),
        ]
        numbers = table.setdefault(back // BLOCK_DAYS, [0] * 5)
        for at, part in enumerate(parts):
            numbers[at] += each_day * part
    keys = (("type", "THEFT", None), ("area", "Near North Side", 8))
    return [(*key, block, *numbers, first, LAST) for key in keys for block, numbers in table.items()]


def test_rows_by_hand() -> None:
    found = CHANGES.finish(rows_of(2000))
    assert [(row[0], row[1], row[3]) for row in found[:3]] == [
        ("all", None, "year to date"),
        ("type", "THEFT", "year to date"),
        ("area", "Near North Side", "year to date"),
    ]
    whole = [row for row in found if row[0] == "all"]
    assert [row[4:10] for row in whole] == [
        (date(2021, 1, 1), LAST, date(2020, 1, 1), date(2020, 11, 11), 3 * 315, 3 * 316),  # a leap year
        (date(2020, 11, 12), LAST, date(2019, 11, 12), date(2020, 11, 11), 3 * 365, 3 * 366),
        (date(2021, 10, 15), LAST, date(2021, 9, 17), date(2021, 10, 14), 84, 84),
    ]
    assert [row[10] for row in whole] == [NO_CLEAR_CHANGE] * 3
    # by the day nothing changed, although the year before had a day more
    assert [row[14] for row in whole] == pytest.approx([0.0] * 3, abs=1e-9)
    assert CHANGES.finish([]) == []


def test_a_period_that_the_data_do_not_reach_back_to_is_not_compared() -> None:
    found = [row for row in CHANGES.finish(rows_of(500)) if row[0] == "all"]
    assert [row[9] for row in found] == [None, None, 84]
    assert [row[10] for row in found] == [TOO_SHORT] * 3
    assert all(value is None for row in found for value in row[11:])
