"""Real files of other departments, held against a reading of them that was written by hand."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from crime_pipelines import check, run
from tests.real import REAL, needs_real_data

pytestmark = needs_real_data

NEW_YORK = REAL / "new_york" / "NYPD_Complaint_Data_Historic.csv"
LOS_ANGELES = REAL / "los_angeles" / "Crime_Data_from_2020_to_Present.csv"
#: The thefts among the offences of the file of Los Angeles, each as written there.
LA_THEFTS = {
    "THEFT PLAIN - PETTY ($950 & UNDER)", "THEFT PLAIN - ATTEMPT", "BIKE - STOLEN", "THEFT, PERSON",
    "THEFT FROM MOTOR VEHICLE - PETTY ($950 & UNDER)", "THEFT FROM MOTOR VEHICLE - GRAND ($950.01 AND OVER)",
    "THEFT FROM MOTOR VEHICLE - ATTEMPT", "THEFT-GRAND ($950.01 & OVER)EXCPT,GUNS,FOWL,LIVESTK,PROD",
    "SHOPLIFTING - PETTY THEFT ($950 & UNDER)", "SHOPLIFTING-GRAND THEFT ($950.01 & OVER)",
    "SHOPLIFTING - ATTEMPT", "PICKPOCKET", "PURSE SNATCHING", "PURSE SNATCHING - ATTEMPT",
    "THEFT FROM PERSON - ATTEMPT",
}  # fmt: skip


class Read(NamedTuple):
    """The compared part of an incident."""

    id: int
    occurred_at: datetime
    primary_type: str | None
    location_description: str | None
    community_area: int | None
    arrest: bool | None
    latitude: float | None
    longitude: float | None


def _degrees(text: str) -> float | None:
    return float(text) if text else None


def new_york() -> Iterator[Read]:
    with NEW_YORK.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            month, day, year = map(int, row["CMPLNT_FR_DT"].split("/"))
            hour, minute, second = map(int, row["CMPLNT_FR_TM"].split(":"))
            offence = " ".join(row["OFNS_DESC"].upper().split())
            if offence in ("PETIT LARCENY", "GRAND LARCENY"):
                offence = "THEFT"
            elif offence.endswith(" OF MOTOR VEHICLE"):
                offence = "MOTOR VEHICLE THEFT"
            yield Read(
                int(row["CMPLNT_NUM"]), datetime(year, month, day, hour, minute, second), offence or None,
                " ".join(row["PREM_TYP_DESC"].split()) or None, int(row["ADDR_PCT_CD"]), None,
                _degrees(row["Latitude"]), _degrees(row["Longitude"]),
            )  # fmt: skip


def los_angeles() -> Iterator[Read]:
    with LOS_ANGELES.open(encoding="utf-8-sig", newline="") as file:
        headings, *rows = csv.reader(file)
    at = {heading: headings.index(heading) for heading in headings}  # of two, the first
    for row in rows:
        month, day, year = map(int, row[at["DATE OCC"]].split(" ")[0].split("/"))
        hour, minute = divmod(int(row[at["TIME OCC"]]), 100)
        offence = row[at["Crm Cd Desc"]]
        yield Read(
            int(row[at["DR_NO"]]), datetime(year, month, day, hour, minute),
            "THEFT" if offence in LA_THEFTS else " ".join(offence.split()),
            " ".join(row[at["Premis Desc"]].split()) or None, int(row[at["AREA"]]),
            row[at["Status"]] in ("AA", "JA"), float(row[at["LAT"]]), float(row[at["LON"]]),
        )  # fmt: skip


def written(out: Path) -> dict[int, Read]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {', '.join(Read._fields)} FROM read_parquet(?)",
            [str(out / "incidents" / "*" / "*.parquet")],
        ).fetchall()
    return {row[0]: Read(*row) for row in rows}


def test_new_york(tmp_path: Path) -> None:
    result = run(NEW_YORK, tmp_path / "out", shift_years=0)
    expected = {each.id: each for each in new_york()}
    assert (result.record.read, result.record.incidents, result.record.rejects) == (2_444, 2_444, 0)
    assert result.record.department == "new_york"
    assert written(tmp_path / "out") == expected
    thefts = Counter(each.location_description for each in expected.values() if each.primary_type == "THEFT")
    top = sorted((-number, name) for name, number in thefts.items() if name)[:10]
    found = [(-row["thefts"], row["location"]) for row in result.answers["theft_locations"].records()]
    assert found == top
    late = Counter(each.community_area for each in expected.values() if not 4 <= each.occurred_at.hour < 22)
    areas = result.answers["safest_areas"].records()
    assert {row["area"]: row["late_night_incidents"] for row in areas if row["late_night_incidents"]} == late
    assert [row["late_night_incidents"] for row in areas] == sorted(
        row["late_night_incidents"] for row in areas
    )
    assert {row["late_night_per_1000_residents_per_year"] for row in areas} == {None}
    # one day: what takes months or arrests can't be known
    assert result.answers["crime_trend"].records()[0]["change_per_year"] is None
    assert [row["incidents"] for row in result.answers["monthly_trend"].records() if row["complete"]] == [
        0
    ] * 59
    assert result.answers["arrest_rates"].rows == []
    assert [found for found in check(tmp_path / "out") if found.problem] == []


def test_los_angeles(tmp_path: Path) -> None:
    result = run(LOS_ANGELES, tmp_path / "out", shift_years=0)
    expected = {each.id: each for each in los_angeles()}
    assert (result.record.read, result.record.incidents, result.record.rejects) == (12_954, 12_954, 0)
    assert written(tmp_path / "out") == expected
    months = Counter(each.occurred_at.date().replace(day=1) for each in expected.values())
    assert {
        row["month"]: row["incidents"]
        for row in result.answers["monthly_trend"].records()
        if row["incidents"]
    } == months
    areas = result.answers["safest_areas"].records()
    assert [row["name"] for row in areas if row["incidents"]] == ["West LA"]
    assert len(areas) == 21


def test_los_angeles_arrests_within_the_years_of_arrest_rates(tmp_path: Path) -> None:
    result = run(LOS_ANGELES, tmp_path / "out", shift_years=-3)
    rows = [each for each in los_angeles() if each.occurred_at.year <= 2022]
    incidents = Counter(each.primary_type for each in rows)
    arrests = Counter(each.primary_type for each in rows if each.arrest)
    found = {
        row["primary_type"]: (row["incidents"], row["arrests"])
        for row in result.answers["arrest_rates"].records()
    }
    assert found == {name: (number, arrests[name]) for name, number in incidents.items()}
