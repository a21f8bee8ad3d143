"""Surges, in counts made up so that it is known where they are."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from crime_pipelines.analysis.surges import (
    ALARMS_A_WEEK,
    FIRST_DAYS,
    LEAST_DAYS,
    SLOW,
    SUDDEN,
    Limits,
    expected_counts,
    find_surges,
    limits_of,
    watch,
)
from crime_pipelines.engines.duckdb.engine import DuckDBEngine
from crime_pipelines.questions import ANALYSES, Question
from crime_pipelines.questions.model import Row
from crime_pipelines.questions.render import render
from crime_pipelines.questions.surges.question import RECENT_DAYS, days_of

FIRST = date(2014, 1, 1)
DAYS = FIRST_DAYS + LEAST_DAYS + 200
MEANS = np.array([2.0, 5.0, 10.0, 20.0])


def quiet(days: int = DAYS) -> NDArray[np.float64]:
    """Counts of areas in which nothing happens."""
    return np.random.default_rng(1).poisson(MEANS[:, np.newaxis], (len(MEANS), days)).astype(float)


def asked() -> Question:
    (found,) = (each for each in ANALYSES if each.name == "surges")
    return found


def test_a_tripled_day_is_a_sudden_surge() -> None:
    counts = quiet()
    counts[3, -3] = 60
    surges = find_surges(counts, FIRST, RECENT_DAYS)
    (found,) = [each for each in surges if (each.area, each.day) == (3, DAYS - 3)]
    assert (found.since, found.rule, found.incidents) == (DAYS - 3, SUDDEN, 60)
    assert found.expected == pytest.approx(20, rel=0.1)


def test_a_doubled_week_is_a_slow_surge() -> None:
    counts = quiet()
    counts[2, -7:] = 18
    found = [each for each in find_surges(counts, FIRST, RECENT_DAYS) if each.area == 2]
    assert found
    assert found[0].rule == SLOW
    assert found[0].day >= DAYS - 7
    assert found[0].incidents > 1.5 * found[0].expected


def test_a_city_that_rises_as_a_whole_is_no_surge_of_an_area() -> None:
    counts = quiet()
    level = 1 + 0.5 * np.linspace(0, 1, DAYS)
    expected = expected_counts(np.round(counts * level), FIRST)[:, -RECENT_DAYS:]
    assert expected.sum() == pytest.approx((MEANS.sum() * level[-RECENT_DAYS:]).sum(), rel=0.05)


def test_expectations_know_the_past_alone() -> None:
    counts = quiet()
    later = counts.copy()
    later[:, -10:] *= 3
    before, after = expected_counts(counts, FIRST), expected_counts(later, FIRST)
    np.testing.assert_array_equal(before[:, : DAYS - 9], after[:, : DAYS - 9])
    assert np.isnan(before[:, :FIRST_DAYS]).all()
    assert np.isfinite(before[:, FIRST_DAYS:]).all()


def test_limits_let_through_as_many_alarms_as_they_say() -> None:
    counts = quiet(1_500)
    expected = np.broadcast_to(MEANS[:, np.newaxis], counts.shape)
    found = watch(counts, expected, limits_of(counts, expected))
    weeks = min(counts.shape[1], 3 * 364) / 7
    raised = found.new[:, -3 * 364 :].sum() / weeks
    assert 0.7 * ALARMS_A_WEEK <= raised <= ALARMS_A_WEEK + 0.1


def test_an_alarm_that_goes_on_is_one() -> None:
    counts = np.array([[0.0, 9, 9, 9, 0, 9]])
    found = watch(counts, np.full(counts.shape, 1.0), Limits(5.0, np.full(6, 1e9)))
    assert found.new.tolist() == [[False, True, False, False, False, True]]


def test_the_question_leaves_placeholders_and_unknown_areas_out() -> None:
    moments = [
        (1, "2016-03-01 00:00:00", 1),
        (2, "2016-03-01 00:01:30", 1),
        (3, "2016-03-01 00:02:00", 1),
        (4, "2016-03-02 12:00:00", 77),
        (5, "2016-03-02 13:00:00", None),
        (6, "2016-03-03 23:30:00", 1),
    ]
    rows = days(moments)
    assert [(str(day), area, name, number) for day, area, name, number, _ in rows] == [
        ("2016-03-01", 1, "Rogers Park", 1),
        ("2016-03-02", 77, "Edgewater", 1),
        ("2016-03-03", 1, "Rogers Park", 1),
    ]
    table = days_of(rows)
    assert table.first == date(2013, 3, 1)
    assert table.counts.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert asked().finish(rows) == []
    assert asked().finish([]) == []


def test_the_question_tells_days_as_they_are_shifted() -> None:
    counts = quiet()
    counts[3, -3] = 60
    first = date(2017, 1, 1)
    rows: list[Row] = [
        (first + timedelta(days=at), area, f"area {area}", int(number), 3)
        for at in range(DAYS)
        for area, number in enumerate(counts[:, at], start=1)
        if number
    ]
    # 2016-02-29, which the shift puts on the day before, is among the days
    day = date(2017, 1, 1) + timedelta(days=DAYS - 3)
    assert (day, 4, "area 4", SUDDEN, day, 1, 60) in [row[:7] for row in asked().finish(rows)]


def days(moments: list[tuple[int, str, int | None]]) -> list[Row]:
    """The rows that the question's SQL gives of incidents."""
    incidents = ", ".join(
        f"({key}, TIMESTAMP '{moment}', {area or 'NULL'}, 3, TIMESTAMP '2020-01-01 00:00:00')"
        for key, moment, area in moments
    )
    with DuckDBEngine() as engine:
        connection = engine._connection
        connection.execute(
            "CREATE TABLE incidents AS FROM (VALUES " + incidents + ") "
            "AS v(id, occurred_at, community_area, shift_years, updated_on)"
        )
        connection.execute(
            "CREATE TABLE areas AS FROM (VALUES (1, 'Rogers Park'), (77, 'Edgewater')) v(area, name)"
        )
        statement = render(asked(), "duckdb", datetime(2016, 3, 3, 23, 59, 59))
        return connection.execute(statement).fetchall()
