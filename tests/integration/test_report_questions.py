"""What the report asks beside the five, held against a recount in Python."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb
import pytest

from crime_pipelines.cloud.warehouse.views import LIVE, views
from crime_pipelines.domain.night import is_late_night
from crime_pipelines.engines.base import ask
from crime_pipelines.engines.duckdb.engine import DuckDBEngine
from crime_pipelines.pipeline import run
from crime_pipelines.questions import REPORT_QUESTIONS, VIEW_QUESTIONS, Answer
from crime_pipelines.questions.render import render
from crime_pipelines.synthetic import generate

Place = tuple[int, int]
WIDTH = 0.54  # km from side to side
KM = 110.57  # a degree north


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    generate(folder / "in.csv", 8_000, seed=21, years=3, defects=0.05)
    run(str(folder / "in.csv"), folder / "out", max_rejected=1)
    return folder / "out"


@pytest.fixture(scope="module")
def incidents(output: Path) -> list[dict[str, Any]]:
    columns = (
        *("occurred_at", "primary_type", "community_area", "district", "beat", "arrest"),
        *("longitude", "latitude"),
    )
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {', '.join(columns)} FROM read_parquet(?)",
            [str(output / "incidents" / "*" / "*.parquet")],
        ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def answers(output: Path) -> dict[str, Answer]:
    with DuckDBEngine() as engine:
        engine.attach(output)
        return ask(engine, {*REPORT_QUESTIONS, *VIEW_QUESTIONS}, datetime(2021, 1, 1), 3)


def test_incident_counts(incidents: list[dict[str, Any]], answers: dict[str, Answer]) -> None:
    wanted: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    months = [column.name for column in answers["incident_counts"].question.columns[6:18]]
    for each in incidents:
        at = each["occurred_at"]
        counts = wanted[at.year, each["primary_type"], each["community_area"]]
        counts["incidents"] += 1
        counts["arrests"] += each["arrest"]
        counts["late_night"] += is_late_night(at)
        counts[months[at.month - 1]] += 1
        counts[f"hour_{at.hour:02d}"] += 1
    found = {
        (row["year"], row["primary_type"], row["area"]): Counter(
            {name: count for name, count in list(row.items())[3:] if count}
        )
        for row in answers["incident_counts"].records()
    }
    assert found == {
        key: Counter({name: n for name, n in counts.items() if n}) for key, counts in wanted.items()
    }
    assert len(found) == len(answers["incident_counts"].rows)


@pytest.mark.parametrize(
    ("by_day", "singly"),
    [(100, 100), (100, 3_000), (100, 400_000), (3_000, 3_000), (3_000, 400_000), (400_000, 400_000)],
)
def test_filter_counts(by_day: int, singly: int, incidents: list[dict[str, Any]], output: Path) -> None:
    (question,) = [each for each in REPORT_QUESTIONS if each.name == "filter_counts"]
    assert question.parameters == {"by_day": "400000", "singly": "10000000"}
    with DuckDBEngine() as engine:
        engine.attach(output)
        asked = replace(question, parameters={"by_day": str(by_day), "singly": str(singly)})
        answer = ask(engine, {asked}, datetime(2021, 1, 1), 3)["filter_counts"]
    months = Counter(each["occurred_at"].date().replace(day=1) for each in incidents)
    added = dict(
        zip(
            sorted(months, reverse=True),
            accumulate(months[at] for at in sorted(months, reverse=True)),
            strict=True,
        )
    )
    days_from = min((month for month, number in added.items() if number <= by_day), default=None)
    assert (days_from is None, days_from == min(months)) == (by_day == 100, by_day == 400_000)
    wanted: dict[tuple[Any, ...], Counter[tuple[int, str]]] = defaultdict(Counter)
    for each in incidents:
        day = each["occurred_at"].date()
        begin = day if days_from and day >= days_from else day.replace(day=1)
        slot = (begin - date(1970, 1, 1)).days * 24 + each["occurred_at"].hour
        counts = wanted[each["primary_type"], each["community_area"], each["district"], each["beat"]]
        counts[slot, "incidents"] += 1
        counts[slot, "arrests"] += each["arrest"]
    singly_from = min((month for month, number in added.items() if number <= singly), default=date.max)
    found: dict[tuple[Any, ...], Counter[tuple[int, str]]] = {}
    all_times: set[int] = set()
    for name, area, district, beat, number, since, text in answer.rows:
        numbers = [int(each) for each in text.split(" ")]
        assert since == days_from
        found[name, area, district, beat] = counts = Counter()
        counted: list[int] = []
        for code, after in zip(numbers, [*numbers[1:], 0], strict=True):
            if code < 0:
                continue
            times = max(1, -after)
            day, hour = date(1, 1, 1) + timedelta(code // 48), code % 48 // 2
            if day < singly_from:
                assert day.day == 1
                counted.append(code)
                all_times.add(times)
            else:
                assert times == 1
            begin = day if days_from and day >= days_from else day.replace(day=1)
            slot = (begin - date(1970, 1, 1)).days * 24 + hour
            counts[slot, "incidents"] += times
            counts[slot, "arrests"] += times * (code % 2)
        assert number == sum(counts[key] for key in counts if key[1] == "incidents")
        assert len(counted) == len(set(counted))
    assert found == wanted
    assert (not all_times) == (singly == 400_000)
    assert not all_times or max(all_times) > 1


def test_hexagons(incidents: list[dict[str, Any]], answers: dict[str, Answer]) -> None:
    located = [each for each in incidents if each["longitude"] and each["latitude"]]
    latitude = math.fsum(each["latitude"] for each in located) / len(located)
    east = 111.32 * math.cos(math.radians(round(latitude)))
    areas: dict[Place, Counter[int | None]] = defaultdict(Counter)
    late: Counter[Place] = Counter()
    for each in located:
        x, y = each["longitude"] * east, each["latitude"] * KM
        place = nearest(x, y)
        areas[place][each["community_area"]] += 1
        late[place] += is_late_night(each["occurred_at"])
    records = answers["hexagons"].records()
    assert {(row["hexagon_column"], row["hexagon_row"]): row["incidents"] for row in records} == {
        place: sum(counts.values()) for place, counts in areas.items()
    }
    for row in records:
        place = row["hexagon_column"], row["hexagon_row"]
        known = {area: count for area, count in areas[place].items() if area is not None}
        most = max(known.values(), default=0)
        assert row["area"] == min((area for area, count in known.items() if count == most), default=None)
        assert row["late_night"] == late[place]
        assert row["longitude"] * east == pytest.approx(place[0] * WIDTH / 2)
        assert row["latitude"] * KM == pytest.approx(place[1] * WIDTH * math.sqrt(3) / 2)


def nearest(x: float, y: float) -> Place:
    """The hexagon whose centre is nearest, looked for among all about."""
    step = WIDTH * math.sqrt(3) / 2
    column, row = round(x / (WIDTH / 2)), round(y / step)
    about = [
        (column + across, row + up)
        for across in range(-3, 4)
        for up in range(-2, 3)
        if (column + across + row + up) % 2 == 0
    ]
    return min(about, key=lambda place: math.hypot(place[0] * WIDTH / 2 - x, place[1] * step - y))


def test_every_view_describes_its_columns() -> None:
    made = {view.name: view for view in views("p", "d")}
    for question in VIEW_QUESTIONS:
        assert f"{LIVE}{question.name}" in made
    for view in made.values():
        assert view.columns
        assert all(column.description for column in view.columns)


@pytest.mark.parametrize("question", REPORT_QUESTIONS, ids=lambda each: each.name)
@pytest.mark.parametrize("dialect", ["bigquery", "spark"])
def test_renders_for_every_engine(question: Any, dialect: str) -> None:
    said = render(question, dialect, datetime(2021, 1, 1))
    assert "is_late_night" not in said.lower()
    assert "@" not in said
