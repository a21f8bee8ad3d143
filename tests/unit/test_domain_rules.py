"""Late night, offences and areas."""

from __future__ import annotations

import csv
from datetime import date, datetime

import pytest

from crime_pipelines.domain.areas import AREAS, community_area
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.night import is_late_night, operational_night
from crime_pipelines.domain.offences import (
    OffenceClass,
    is_theft,
    normal_type,
    offence_class,
)
from tests.real import REAL, needs_real_data


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        (datetime(2016, 3, 1, 21, 59, 59, 999_999), None),
        (datetime(2016, 3, 1, 22), date(2016, 3, 1)),
        (datetime(2016, 3, 1, 23, 59, 59), date(2016, 3, 1)),
        (datetime(2016, 3, 1), date(2016, 2, 29)),
        (datetime(2016, 1, 1, 3, 59, 59, 999_999), date(2015, 12, 31)),
        (datetime(2016, 3, 1, 4), None),
        (datetime(2016, 3, 1, 4, 59, 59), None),
        (datetime(2016, 3, 1, 12), None),
    ],
)
def test_the_night_that_a_time_belongs_to(moment: datetime, night: date | None) -> None:
    assert operational_night(moment) == night
    assert is_late_night(moment) == (night is not None)


def test_the_first_hours_there_are_have_no_evening() -> None:
    assert is_late_night(datetime(1, 1, 1, 1))
    assert operational_night(datetime(1, 1, 1, 1)) is None


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("THEFT", "THEFT"), (" Theft ", "THEFT"), ("motor  vehicle\ttheft", "MOTOR VEHICLE THEFT"),
        ("CRIM SEXUAL ASSAULT", "CRIMINAL SEXUAL ASSAULT"),
        ("crim  sexual assault", "CRIMINAL SEXUAL ASSAULT"), ("NON - CRIMINAL", "NON-CRIMINAL"),
        ("NON-CRIMINAL (SUBJECT SPECIFIED)", "NON-CRIMINAL"), ("Non-Criminal", "NON-CRIMINAL"),
        ("JAYWALKING", "JAYWALKING"), ("", None), ("  ", None), (None, None),
    ],
)  # fmt: skip
def test_normal_types(text: str | None, normal: str | None) -> None:
    assert normal_type(text) == normal


def test_what_is_known_is_normal_and_what_was_renamed_is_not() -> None:
    assert all(normal_type(each) == each for each in CHICAGO.types.known)
    assert not set(CHICAGO.types.renamings) & set(CHICAGO.types.known)
    assert set(CHICAGO.types.renamings.values()) <= set(CHICAGO.types.known)


@pytest.mark.parametrize(
    ("primary_type", "code", "found"),
    [
        ("THEFT", "06", OffenceClass.THEFT),
        (" theft", None, OffenceClass.THEFT),
        ("THEFT", "07", OffenceClass.THEFT),  # the type has the word
        ("MOTOR VEHICLE THEFT", "06", OffenceClass.MOTOR_VEHICLE_THEFT),
        ("BURGLARY", "06", OffenceClass.BURGLARY),
        ("ROBBERY", "06", OffenceClass.ROBBERY),
        ("BATTERY", "06", OffenceClass.OTHER),
        ("IDENTITY THEFT", "06", OffenceClass.OTHER),
        (None, "06", OffenceClass.THEFT),
        ("", " 06 ", OffenceClass.THEFT),
        ("\u00a0", "07", OffenceClass.MOTOR_VEHICLE_THEFT),
        (None, "05", OffenceClass.BURGLARY),
        (None, "03", OffenceClass.ROBBERY),
        (None, "6", OffenceClass.OTHER),
        (None, "", OffenceClass.OTHER),
        (None, None, OffenceClass.OTHER),
    ],
)
def test_the_classifier(primary_type: str | None, code: str | None, found: OffenceClass) -> None:
    assert offence_class(primary_type, code) is found
    assert is_theft(primary_type, code) == (found is OffenceClass.THEFT)


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("1", 1), ("77", 77), ("07", 7), ("7.0", 7), ("77.0", 77), ("0", None), ("78", None), ("-1", None),
        ("007", 7), ("7.00", 7), ("0007.000", 7), ("0078", None),
        ("7.5", None), ("7.", None), ("1e1", None), ("\u0667", None), ("", None),
        (None, None), ("|", None),
    ],
)  # fmt: skip
def test_areas(text: str | None, area: int | None) -> None:
    assert community_area(text) == area


def test_the_areas_are_chicagos() -> None:
    assert [area.number for area in AREAS] == list(range(1, 78))
    assert len({area.name for area in AREAS}) == 77
    assert sum(area.residents for area in AREAS) == 2_746_388  # Chicago's residents, census of 2020


@needs_real_data
def test_names_and_residents_are_those_of_the_census() -> None:
    path = REAL / "chicago" / "community_area_population.csv"
    with path.open(encoding="utf-8", newline="") as file:
        published = [
            (int(row["community_area"]), row["name"].replace("\u2019", "'"), int(row["pop_2020"]))
            for row in csv.DictReader(file)
        ]
    assert [tuple(area) for area in AREAS] == published
