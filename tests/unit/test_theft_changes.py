"""Theft locations like for like: counts and ranks of equal days, and moves that chance does not make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from crime_pipelines import RunResult, run
from crime_pipelines.analysis.changes import MORE, NO_CLEAR_CHANGE, TOO_SHORT
from crime_pipelines.analysis.rates import FALLEN, RISEN, WITHIN_CHANCE, dispersion, rank_moves
from crime_pipelines.questions import ANALYSES, Answer
from crime_pipelines.questions.model import Row
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.sections import section_of, words
from crime_pipelines.synthetic import generate

(THEFT_CHANGES,) = (each for each in ANALYSES if each.name == "theft_changes")
LAST = date(2021, 11, 11)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("thefts")
    generate(folder / "crimes.csv", 6_000, seed=3, years=6)
    return run(str(folder / "crimes.csv"), folder / "out")


def records(rows: list[Row]) -> list[dict[str, Any]]:
    return Answer(THEFT_CHANGES, THEFT_CHANGES.finish(rows)).records()


def each_day(first: date, rates: dict[str, int], last: date = LAST) -> Iterator[Row]:
    """Rows as the SQL gives them: so many thefts at each location on each day."""
    counted: Counter[tuple[str, date, int]] = Counter()
    early: Counter[tuple[str, date, int]] = Counter()
    for at in range((last - first).days + 1):
        day = first + timedelta(days=at)
        for location, number in rates.items():
            key = (location, day.replace(day=1), (last - day).days // 28)
            counted[key] += number
            early[key] += number * ((day.month, day.day) <= (last.month, last.day))
    for key, number in counted.items():
        yield (*key, number, early[key], first, last)


def test_counts_are_those_of_equal_days(made: RunResult) -> None:
    incidents = pq.read_table(  # type: ignore[no-untyped-call]
        made.out / "incidents", columns=["occurred_at", "primary_type", "location_description"]
    ).to_pylist()
    found = made.analyses["theft_changes"].records()
    last = max(row["last_day"] for row in found)
    at = made.record.as_of.date()
    assert last in (at, at - timedelta(days=1))  # the last day counts if the data hold its last hour
    counts: Counter[tuple[int, str]] = Counter()
    equal_days: Counter[tuple[int, str]] = Counter()
    for each in incidents:
        day, location = each["occurred_at"].date(), each["location_description"]
        if each["primary_type"] == "THEFT" and location is not None and day <= last:
            counts[day.year, location] += 1
            equal_days[day.year, location] += (day.month, day.day) <= (last.month, last.day)
    assert found
    for row in found:
        year, location = row["year"], row["location"]
        used = equal_days if year == last.year else counts
        assert (row["thefts"], row["thefts_before"]) == (used[year, location], used[year - 1, location])
        assert row["rank_low"] <= row["rank"] <= row["rank_high"]
    assert {(row["year"], row["location"]) for row in found} == {
        key for key, number in counts.items() if key[0] > last.year - 3 and (number and key[0] < last.year)
    } | {key for key, number in equal_days.items() if number and key[0] == last.year}


def test_whole_years_are_ranked_as_the_answer_ranks_them(made: RunResult) -> None:
    found = {
        (row["year"], row["rank"]): (row["location"], row["thefts"])
        for row in made.analyses["theft_changes"].records()
    }
    answer = [
        row for row in made.answers["theft_locations"].records() if row["year"] < made.record.as_of.year
    ]
    assert len(answer) == 20
    assert [found[row["year"], row["rank"]] for row in answer] == [
        (row["location"], row["thefts"]) for row in answer
    ]


def test_what_the_data_do_not_reach_back_to_is_not_compared() -> None:
    found = records(list(each_day(date(2020, 3, 1), {"A": 3, "B": 1})))
    assert [(row["year"], row["location"], row["thefts_before"], row["move"]) for row in found] == [
        (2020, "A", None, None), (2020, "B", None, None), (2021, "A", None, None), (2021, "B", None, None),
    ]  # fmt: skip
    assert {row["verdict"] for row in found} == {None, TOO_SHORT}
    assert records([]) == []


def test_a_day_that_the_year_before_lacks() -> None:
    last = date(2020, 2, 29)
    found = records(list(each_day(date(2016, 1, 1), {"A": 2}, last)))[-1]
    assert (found["thefts"], found["thefts_before"]) == (2 * 60, 2 * 59)
    assert found["change"] == pytest.approx(0)  # per day


def test_a_rise_is_found_and_said() -> None:
    rows = list(each_day(date(2017, 1, 1), {"A": 9, "B": 4, "C": 3}))
    surge = [
        (*row[:3], row[3] * 3, row[4] * 3, *row[5:]) if row[0] == "C" and row[1].year == 2021 else row
        for row in rows
    ]
    before, after = records(rows), records(surge)
    assert [row["move"] for row in before if row["year"] == 2021] == [WITHIN_CHANCE] * 3
    assert {row["verdict"] for row in before if row["year"] == 2021} == {NO_CLEAR_CHANGE}
    (found,) = (row for row in after[-3:] if row["location"] == "C")
    assert (found["rank_before"], found["move"], found["verdict"]) == (3, RISEN, MORE)


def test_moves_of_ranks() -> None:
    far = rank_moves([900, 90, 9], [9, 90, 900], 1.5)
    assert [(each.rank, each.rank_before, each.move) for each in far] == [
        (1, 3, RISEN), (2, 2, WITHIN_CHANCE), (3, 1, FALLEN),
    ]  # fmt: skip
    near = rank_moves([51, 50, 0], [50, 51, 0], 1.5)
    assert [(each.rank, each.rank_before, each.move) for each in near] == [
        (1, 2, WITHIN_CHANCE), (2, 1, WITHIN_CHANCE), (3, 3, WITHIN_CHANCE),
    ]  # fmt: skip
    assert [each.rank for each in rank_moves([5, 5, 5], [1, 2, 3], 1.0)] == [1, 2, 3]
    assert rank_moves([], [], 1.0) == []


def test_chance_seldom_moves_a_rank() -> None:
    """Counts 1.5 times as dispersed as chance makes them, and the dispersion measured as in the analysis."""
    generator = np.random.default_rng(5)
    means = generator.lognormal(np.log(5), 1.2, 80)
    marked = 0
    for _ in range(40):
        months = generator.negative_binomial(np.repeat(means, 60).reshape(80, -1) / 0.5, 1 / 1.5)
        over = dispersion(months.astype(float), 1)
        now, before = (months[:, part].sum(axis=1).tolist() for part in (slice(48, 60), slice(36, 48)))
        marked += sum(each.move != WITHIN_CHANCE for each in rank_moves(now, before, over))
    assert marked <= 0.05 * 40 * 80


def test_the_section_compares_equal_days(made: RunResult) -> None:
    facts = Facts.of(made.record)
    alone = words(made.answers, facts)["theft_locations"].sentence
    told = words(made.answers, facts, made.analyses)["theft_locations"].sentence
    latest = [
        row for row in made.analyses["theft_changes"].records() if row["year"] == made.record.as_of.year
    ]
    first = made.answers["theft_locations"].records()[20]
    row = next(each for each in latest if each["location"] == first["location"])
    assert told.startswith(alone)
    assert f"had {row['thefts']:,}, " in told[len(alone) :]
    assert f"the same days of the year before ({row['thefts_before']:,})" in told
    assert made.answers["theft_locations"].question.wording in made._repr_html_()
    section = section_of(made.answers["theft_locations"].question)
    table = section.table({**made.answers, **made.analyses}, facts)
    assert [heading.name for heading in table.headings][-5:] == [
        "rank_low", "rank_high", "thefts_before", "change", "verdict",
    ]  # fmt: skip
    assert len(section.table(made.answers, facts).headings) == len(table.headings) - 5
    assert not section.remarks(made.answers, facts)


def test_a_run_writes_it_beside_the_others(made: RunResult, tmp_path: Path) -> None:
    page = (made.out / "report" / "index.html").read_text(encoding="utf-8")
    assert (made.out / "analysis" / "theft_changes.csv").is_file()
    assert 'id="changes"' in page
    assert 'id="theft_changes"' not in page  # it stands with the answer
    assert "95\u00a0% interval of the rank from" in page
