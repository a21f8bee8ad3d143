"""Forecasts of months, weeks and days, and their intervals."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from crime_pipelines.analysis.conformal import LEAST_ORIGINS, half_widths, known_by, spread
from crime_pipelines.analysis.daily import DAY, WEEK, Step, forecast_steps
from crime_pipelines.analysis.day_series import after_shift, before_shift, forecast_rows, original_days
from crime_pipelines.analysis.monthly import HORIZON, forecast_months
from crime_pipelines.questions import ANALYSES, Question
from crime_pipelines.questions.model import Row

Floats = NDArray[np.float64]


def analysis(name: str) -> Question:
    (found,) = [each for each in ANALYSES if each.name == name]
    return found


def months_like_a_city(
    seed: int, mean: float, months: int = 84, series: int = 1, sd: float = 0.04
) -> tuple[Floats, Floats]:
    """Counts with a season of 20 %, a slow level and Poisson noise; and the days of the months."""
    generator = np.random.default_rng(seed)
    length = months + HORIZON
    days = np.array([float(calendar.monthrange(2012 + at // 12, at % 12 + 1)[1]) for at in range(length)])
    level = np.cumsum(generator.normal(0, sd / 4, (series, length)), axis=1)
    noise = generator.normal(0, sd, (series, length))
    season = 0.2 * np.cos(2 * np.pi * (np.arange(length) - 6) / 12)
    counts = generator.poisson(mean / 30.4 * days * np.exp(level + season + noise))
    return counts.astype(float), days


# Intervals


def test_spread_grows_with_the_horizon() -> None:
    generator = np.random.default_rng(1)
    true = np.sqrt(0.01 + 0.002 * np.arange(6))
    errors = generator.normal(0, 1, (3, 4000, 6)) * true
    assert spread(errors) == pytest.approx(np.tile(true, (3, 1)), rel=0.06)
    errors[:, 2000:] = np.nan
    assert spread(errors) == pytest.approx(np.tile(true, (3, 1)), rel=0.06)


def test_intervals_hold_what_they_claim_of_errors_of_any_kind() -> None:
    """Heavy tails included: the width comes from the errors themselves."""
    generator = np.random.default_rng(2)
    errors = generator.standard_t(3, (400, 81, 1)) * 0.1
    widths = half_widths(errors[:, :80])
    inside = (np.abs(errors[:, 80, :]) <= widths).mean(axis=(1, 2))
    assert inside == pytest.approx((0.8, 0.95), abs=0.04)


def test_few_past_forecasts_make_no_interval() -> None:
    errors = np.zeros((2, LEAST_ORIGINS, 3))
    assert np.isinf(half_widths(errors[:, :-1])).all()
    assert np.isfinite(half_widths(errors)).all()


def test_an_interval_knows_nothing_of_the_future() -> None:
    errors = np.arange(20.0).reshape(1, 10, 2)
    known = known_by(errors, 4)
    # the forecast from origin 3 two steps ahead is of step 5
    assert known.shape == (1, 4, 2)
    assert np.isnan(known[0]).tolist() == [[False, False], [False, False], [False, False], [False, True]]


# Months


def test_months_are_better_than_last_years_and_their_intervals_hold() -> None:
    counts, days = months_like_a_city(3, 400, series=60)
    found = forecast_months(counts[:, :84], days, 1, np.zeros(60, dtype=bool))
    assert np.nanmean(found.error) < 0.93 * np.nanmean(found.naive_error)
    future = counts[:, 84:]
    for level, ends in zip((0.8, 0.95), found.ends, strict=True):
        inside = ((ends[0] <= future) & (future <= ends[1])).mean()
        assert level - 0.07 <= inside <= level + 0.08
    assert np.nanmean(found.inside, axis=(1, 2)) == pytest.approx((0.83, 0.95), abs=0.06)
    assert (found.ends[0, 0] >= found.ends[1, 0]).all()
    assert (found.ends[0, 1] <= found.ends[1, 1]).all()


def test_the_season_returns() -> None:
    counts, days = months_like_a_city(4, 5000, sd=0.0)
    found = forecast_months(counts[:, :84], days, 1, np.zeros(1, dtype=bool))
    assert found.expected[0] == pytest.approx(counts[0, 84:], rel=0.05)


def test_a_season_that_is_noise_is_shrunk() -> None:
    generator = np.random.default_rng(5)
    days = np.full(48, 30.0)
    counts = generator.poisson(40, (1, 36)).astype(float)
    found = forecast_months(counts, days, 1, np.zeros(1, dtype=bool))
    yearly = np.log(counts[0].reshape(3, 12).mean(axis=0))
    assert np.ptp(np.log(found.expected)) < 0.6 * np.ptp(yearly)


def test_areas_borrow_the_citys_season() -> None:
    counts, days = months_like_a_city(6, 3000)
    area = np.full((1, 84), 20.0)
    found = forecast_months(np.vstack([counts[:, :84], area]), days, 1, np.array([False, True]))
    assert np.corrcoef(found.expected[0] / days[84:], found.expected[1] / days[84:])[0, 1] > 0.99


@pytest.mark.parametrize("months", [24, 25, 36, 37])
def test_short_histories_give_numbers_or_say_that_there_are_none(months: int) -> None:
    counts, days = months_like_a_city(7, 50, months=months)
    found = forecast_months(counts[:, :months], days, 1, np.zeros(1, dtype=bool))
    assert np.isfinite(found.expected).all()
    assert found.past.tolist() == [max(0, months - 24 - at) for at in range(HORIZON)]
    assert np.isinf(found.ends[1, 1]).all() == (months < 24 + LEAST_ORIGINS)


def test_surprises_are_counted() -> None:
    counts, days = months_like_a_city(8, 500)
    counts[:, 82:84] *= 3
    found = forecast_months(counts[:, :84], days, 1, np.zeros(1, dtype=bool))
    assert found.surprises[0] == 2


def series_rows(scope: str, name: str | None, area: int | None, counts: list[int]) -> Iterator[Row]:
    for at, number in enumerate(counts):
        yield (
            scope,
            name,
            area,
            date(2015 + at // 12, at % 12 + 1, 1),
            number,
            3,
            date(2015, 1, 1),
            date(2021, 12, 31),
        )


def test_refusals_in_words() -> None:
    finish = analysis("monthly_forecasts").finish
    short = finish(list(series_rows("type", "THEFT", None, [50] * 23)))
    assert [(row[0], row[-1]) for row in short] == [
        (scope, "no forecast: fewer than 24 complete months") for scope in ("all", "type")
    ]
    rows = [*series_rows("type", "THEFT", None, [50] * 40), *series_rows("type", "ARSON", None, [4] * 40)]
    found = finish(rows)
    assert [row[-1] for row in found if row[1] == "ARSON"] == ["no forecast: fewer than 5 incidents a month"]
    assert {row[-1] for row in found if row[1] != "ARSON"} == {"short history: fewer than 48 months"}
    assert finish([]) == []


def test_two_surprising_months_are_a_warning() -> None:
    counts = [50, 52, 48, 51] * 20 + [150, 150]
    found = analysis("monthly_forecasts").finish(list(series_rows("type", "THEFT", None, counts)))
    assert all("may be off" in row[-1] for row in found)


def test_months_follow_the_last_complete_one() -> None:
    found = analysis("monthly_forecasts").finish(list(series_rows("type", "THEFT", None, [60] * 83)))
    city = [row for row in found if row[0] == "all"]
    assert [row[3] for row in city][:2] == [date(2021, 12, 1), date(2022, 1, 1)]
    assert [row[4] for row in city] == list(range(1, 13))


# Days and weeks


def days_like_a_city(seed: int, days: int) -> Floats:
    generator = np.random.default_rng(seed)
    at = np.arange(days)
    logs = (
        0.2 * np.cos(2 * np.pi * (at - 200) / 365.25) + 0.1 * (at % 7 == 4) + generator.normal(0, 0.05, days)
    )
    return generator.poisson(150 * np.exp(logs)).astype(float)


@pytest.mark.parametrize(("step", "less"), [(DAY, 0.85), (WEEK, 0.9)])
def test_steps_are_better_than_the_season_before(step: Step, less: float) -> None:
    counts = days_like_a_city(1, 7 * 300)
    if step is WEEK:
        counts = counts.reshape(-1, 7).sum(axis=1)
    found = forecast_steps(counts, date(2012, 1, 1), step)
    assert found.error.mean() < less * found.naive_error.mean()
    assert np.nanmean(found.inside, axis=1) == pytest.approx((0.8, 0.95), abs=0.08)
    assert (found.ends[0, 0] <= found.expected).all()
    assert (found.expected <= found.ends[0, 1]).all()


def test_weekdays_are_those_before_the_shift() -> None:
    """1 January 2012 was a Sunday; shifted by three years it is a Thursday."""
    assert before_shift(date(2015, 1, 1), 3).weekday() == 6
    assert before_shift(date(2019, 2, 28), 3) == date(2016, 2, 28)
    assert after_shift(date(2016, 2, 29), 3) == date(2019, 2, 28)
    assert before_shift(date(1, 5, 5), 3) == date(1, 5, 5)  # no earlier year


def test_a_leap_day_comes_back_from_the_day_it_was_moved_to() -> None:
    first, counts = original_days(
        [(date(2019, 2, 27), 10), (date(2019, 2, 28), 24), (date(2019, 3, 2), 8)], 3
    )
    assert first == date(2016, 2, 27)
    assert counts.tolist() == [10.0, 12.0, 12.0, 0.0, 8.0]


@pytest.mark.parametrize("step", [DAY, WEEK], ids=["days", "weeks"])
def test_rows_of_a_table(step: Step) -> None:
    counts = days_like_a_city(2, 1200)
    rows = [(date(2015, 1, 1) + timedelta(days=at), int(number), 3) for at, number in enumerate(counts)]
    found = forecast_rows(rows, step)
    assert [row[3] for row in found] == list(range(1, step.horizon + 1))
    assert found[0][0] == rows[-1][0] + timedelta(days=1)
    assert found[0][1] == before_shift(found[0][0], 3)
    assert all(math.isfinite(row[4]) and row[5] <= row[4] <= row[6] for row in found)
    (refused,) = forecast_rows(rows[:300], step)
    assert refused[-1].startswith("no forecast: fewer than")
    (rare,) = forecast_rows([(day, 0, 3) for day, _, _ in rows[:-1]] + [(rows[-1][0], 1, 3)], step)
    assert rare[-1] == "no forecast: fewer than 5 incidents a step"
    assert forecast_rows([], step) == []
