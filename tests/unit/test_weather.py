"""How much of a month is the weather: the file checked, a known effect found again, refusals in words."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from crime_pipelines.analysis.weather import LEAST_DAYS, month_effects, read_temperatures
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import InputError
from crime_pipelines.output.reader import read_output
from crime_pipelines.pipeline import run

FIRST = date(2014, 1, 1)


def made_up(days: int, effect: float, seed: int = 1) -> tuple[list[tuple[date, int, int]], dict[date, float]]:
    """Counts by day, and temperatures whose unusual part changes them by `effect` per 10 degrees."""
    chance = np.random.default_rng(seed)
    each = [FIRST + timedelta(days=at) for at in range(days)]
    season = np.cos(2 * np.pi * (np.arange(days) - 200) / 365.25)
    unusual = np.zeros(days)
    for at in range(1, days):
        unusual[at] = 0.7 * unusual[at - 1] + chance.normal(0, 5)
    mean = 700 * np.exp(0.15 * season + np.log1p(effect) * unusual / 10)
    counts = chance.poisson(mean)
    temperatures = dict(zip(each, (50 + 25 * season + unusual).tolist(), strict=True))
    return [(day, int(count), 0) for day, count in zip(each, counts, strict=True)], temperatures


@pytest.mark.parametrize("effect", [0.05, 0.0, -0.03])
def test_a_known_effect_is_found_again(effect: float) -> None:
    rows, temperatures = made_up(4 * 365, effect)
    found = month_effects(rows, temperatures)
    per_ten, low, high = found[0][8:11]
    assert low - 0.005 < effect < high + 0.005
    assert per_ten == pytest.approx(effect, abs=0.01)
    assert len(found) == 48
    for month in found:
        distance = (month[2] - month[3]) / 10
        assert month[5] == pytest.approx(1 - (1 + per_ten) ** -distance)
        assert month[6] <= month[5] <= month[7]
        assert month[11] is None


def test_intervals_hold_what_they_say() -> None:
    held = [
        low <= 0.04 <= high
        for seed in range(25)
        for low, high in [month_effects(*made_up(800, 0.04, seed))[0][9:11]]
    ]
    assert sum(held) >= 20  # about 24 of 25 are to be expected


def test_months_without_temperatures_and_the_shift() -> None:
    rows, temperatures = made_up(1_000, 0.05)
    shifted = [(day.replace(year=day.year + 3, day=min(day.day, 28)), number, 3) for day, number, _ in rows]
    merged: dict[date, int] = {}
    for day, number, _ in shifted:
        merged[day] = merged.get(day, 0) + number
    known = {day: degrees for day, degrees in temperatures.items() if day < FIRST + timedelta(days=800)}
    found = month_effects([(day, number, 3) for day, number in sorted(merged.items())], known)
    assert found[0][0] == date(2017, 1, 1)
    assert found[-1][2] is None
    assert found[-1][11]


def test_too_few_days_are_refused_in_words() -> None:
    rows, temperatures = made_up(LEAST_DAYS - 1, 0.05)
    ((*values, note),) = month_effects(rows, temperatures)
    assert values == [None] * 11
    assert str(LEAST_DAYS) in note
    assert month_effects([], temperatures) == []


@pytest.mark.parametrize(
    "text",
    [
        "date,month,day,year,maxTemp,meanTemp,minTemp\r7/1/12,7,1,2012,90,80,70\r7/2/12,7,2,2012,,,\r",
        "STATION,DATE,TMAX,TMIN\nX,2012-07-01,90,70\n",
        "\ufeffDate,TAVG,TMAX,TMIN\n2012-07-01,80,91,70\n",
    ],
)
def test_temperatures_are_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_temperatures(path) == {date(2012, 7, 1): 80.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,rain\n2012-07-01,3\n", "needs a column 'date' and a column 'meanTemp'"),
        ("date,tavg\n2012-07-01,80\n2012-07-01,81\n", "line 3: 2012-07-01 is there a second time"),
        ("date,tavg\nJuly,80\n", "line 2: 'July' is no date"),
        ("date,tavg\n2012-07-01,warm\n", "line 2: warm is no temperature"),
        ("date,tavg\n2012-07-01,9999\n", "9999 is no temperature in degrees Fahrenheit"),
        ("date,tavg\n2012-07-01,nan\n", "nan is no temperature"),
        ("date,tavg\n2012-07-01,31\n", "must be in Fahrenheit"),
        ("date,tavg\n", "holds no temperature"),
        ("", "it has none"),
    ],
)
def test_what_is_no_file_of_temperatures_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_temperatures(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_run_writes_it_and_reads_it_back(tmp_path: Path) -> None:
    updated = "04/10/2018 03:50:01 PM"
    rows = [row(at, Date=f"03/0{at}/2018 11:59:00 PM", Updated_On=updated) for at in range(1, 9)]
    source = write(tmp_path / "in.csv", rows)
    weather = tmp_path / "weather.csv"
    weather.write_text("date,tavg\n2012-07-01,80\n")
    result = run(str(source), tmp_path / "out", max_rejected=1, weather=weather, near_repeats=True)
    with (tmp_path / "out" / "analysis" / "weather.csv").open(newline="") as file:
        (written,) = csv.DictReader(file)
    assert "fewer than" in written["note"]
    back = read_output(tmp_path / "out").analyses
    assert back["weather"].rows == result.analyses["weather"].rows
    assert back["near_repeats"].rows == result.analyses["near_repeats"].rows
    page = (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert "What the weather does can" in page
