"""Residents from a file of a user's own: checked, used for rates, recorded."""

from __future__ import annotations

import csv
import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import InputError
from crime_pipelines.layouts.population import read_population
from crime_pipelines.pipeline import run


def written(path: Path, headings: str, residents: dict[int, str]) -> Path:
    lines = [headings, *(f"{area},x,{number}" for area, number in residents.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


EACH = {area.number: str(1_000 + area.number) for area in AREAS}


@pytest.mark.parametrize(
    ("headings", "residents"),
    [
        ("area,name,residents", EACH),
        ("\ufeffCommunity Area,Name,Population", {area: f"{int(number):,}" for area, number in EACH.items()}),
        ("community_area,pop_2010,pop_2020", EACH),
    ],
)
def test_residents_are_read(headings: str, residents: dict[int, str], tmp_path: Path) -> None:
    quoted = {area: f'"{number}"' for area, number in residents.items()}
    areas = read_population(written(tmp_path / "people.csv", headings, quoted), CHICAGO.areas)
    assert [area.residents for area in areas.all] == [1_000 + area.number for area in AREAS]
    assert [area.name for area in areas.all] == [area.name for area in AREAS]


@pytest.mark.parametrize(
    ("headings", "residents", "said"),
    [
        ("area,name,people", EACH, "needs a column 'area' and a column 'residents'"),
        ("place,name,residents", EACH, "it has place, name, residents"),
        ("area,name,residents", {**EACH, 78: "5"}, "line 79: '78' is no area"),
        ("area,name,residents", {**EACH, 3: "0"}, "line 4: '0' residents are no whole number above 0"),
        ("area,name,residents", {**EACH, 3: "1.5e3"}, "'1.5e3' residents are no whole number"),
        ("area,name,residents", dict(list(EACH.items())[:-2]), "no residents of 2 of 77 areas"),
    ],
)
def test_what_is_no_table_of_residents_is_refused(
    headings: str, residents: dict[int, str], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "people.csv", headings, residents)
    with pytest.raises(InputError) as caught:
        read_population(path, CHICAGO.areas)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_area_twice_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "people.csv", "area,name,residents", EACH)
    path.write_text(path.read_text() + "7,x,9\n")
    with pytest.raises(InputError, match="area 7 is there a second time"):
        read_population(path, CHICAGO.areas)
    with pytest.raises(InputError, match="can't be read"):
        read_population(tmp_path / "none.csv", CHICAGO.areas)


def test_rates_are_of_these_residents_and_the_record_says_so(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(at, Community_Area="8") for at in range(1, 9)])
    people = written(tmp_path / "people.csv", "area,name,residents", EACH)
    run(str(source), tmp_path / "out", max_rejected=1, analyses=False, population=people)
    with (tmp_path / "out" / "answers" / "safest_areas.csv").open(newline="") as file:
        rows = {int(each["area"]): each for each in csv.DictReader(file)}
    assert {area: row["residents"] for area, row in rows.items()} == EACH
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["population"] == "people.csv"
    assert record["areas"][7] == [8, "Near North Side", 1_008]
    assert "people.csv" in (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")


def test_workers_get_these_residents_too(tmp_path: Path) -> None:
    areas = read_population(written(tmp_path / "people.csv", "area,name,residents", EACH), CHICAGO.areas)
    layout = pickle.loads(pickle.dumps(replace(CHICAGO, areas=areas)))
    assert layout.areas == areas
    assert pickle.loads(pickle.dumps(CHICAGO)) is CHICAGO
