"""The first screen, and the sections of the analyses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from crime_pipelines.questions import ANALYSES, Answer
from crime_pipelines.questions.model import Row
from crime_pipelines.questions.weekday_hours.question import WEEKDAYS
from crime_pipelines.report.briefing import briefing
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.extras import Extras
from crime_pipelines.report.page import page_text
from crime_pipelines.report.sections import section_of
from tests.unit.test_report import answers_of, record_of

YTD = ("year to date", date(2021, 1, 1), date(2021, 11, 11), date(2020, 1, 1), date(2020, 11, 11))
CLEAR = {"fewer": (-0.2, -0.3, -0.1), "more": (0.2, 0.1, 0.3), "no clear change": (0.01, -0.1, 0.1)}


def change(name: str | None, incidents: int, verdict: str, scope: str = "type") -> Row:
    numbers = CLEAR.get(verdict)
    found = (incidents, 70, 110, *numbers) if numbers else [None] * 6
    return (scope, name, None, *YTD, incidents, 100, verdict, *found)


def month(scope: str, name: str | None, expected: float | None, note: str | None = None) -> Row:
    if expected is None:
        return (scope, name, None, *[None] * 12, note)
    ends = (round(expected * 0.9), round(expected * 1.1), round(expected * 0.8), round(expected * 1.2))
    return (scope, name, None, date(2021, 12, 1), 1, expected, *ends, 50, 0.031, 0.057, 0.82, 0.96, note)


def step(days: int, expected: float) -> Row:
    ends = (90, 110, 80, 120)
    return (date(2021, 11, 12), date(2018, 11, 12), days, 1, expected, *ends, 70, 0.04, 0.06, 0.8, 0.95, None)


def analyses_of(**rows: list[Row]) -> dict[str, Answer]:
    usual: dict[str, list[Row]] = {
        "changes": [
            change(None, 4000, "no clear change", "all"),
            change("THEFT", 900, "no clear change"),
            change("ROBBERY", 200, "fewer"),
            change("ARSON", 150, "more"),
            change("GAMBLING", 3, "too few incidents"),
            change("Loop", 800, "more", "area"),
        ],
        "theft_changes": [
            (2021, 1, "STREET", date(2021, 11, 11), 90, 70, 2, "risen", 1, 1, "more", 0.2, 0.1, 0.3),
            (2021, 2, "ALLEY", date(2021, 11, 11), 9, 0, 3, "within chance", 2, 4, None, None, None, None),
        ],
        "monthly_forecasts": [month("all", None, 4163.2), month("type", "THEFT", 1035.1)],
        "weekly_forecasts": [step(7, 984)],
        "daily_forecasts": [step(1, 131)],
        "hot_spots": [("theft", 1, -87.63, 41.88, 355.3, 146)],
        "hot_spot_accuracy": [
            ("theft", "decayed count", 12, 1000, 110, 41.0, 0.74),
            ("theft", "count of the past year", 12, 1000, 100, 38.0, 0.7),
        ],
        "surges": [(date(2021, 11, 9), 32, "Loop", "slow", date(2021, 11, 6), 4, 61, 30.2)],
        "clusters": [("theft", 1, -87.63, 41.88, 12, 300, 40.5, 7.9)],
        "weekday_hours": [
            (day + 1, name, hour, 10 + hour + day, 9 if hour == 0 else 0, 0.5)
            for day, name in enumerate(WEEKDAYS)
            for hour in range(24)
        ],
    }
    return {each.name: Answer(each, (usual | rows)[each.name]) for each in ANALYSES}


def sentence(name: str, **rows: list[Row]) -> str:
    analyses = analyses_of(**rows)
    said = section_of(analyses[name].question).words({**answers_of(), **analyses}, Facts.of(record_of()))
    return re.sub("[\u00a0\u2212]", lambda sign: {"\u00a0": " ", "\u2212": "-"}[sign[0]], said.sentence)


def test_shifted_dates_are_named_with_the_original_ones() -> None:
    found = briefing({}, Facts.of(record_of()))
    assert found.shift.startswith(
        "All dates here are 3 years later than they happened: the incidents are of "
    )
    assert "11 November 2018" in found.shift
    assert briefing({}, Facts.of(replace(record_of(), shift_years=0))).shift == ""


def test_clear_changes_come_first() -> None:
    found = briefing(analyses_of(), Facts.of(record_of()))
    assert found.compared == "1 January 2021 to 11 November 2021 against 1 January 2020 to 11 November 2020"
    assert [(line.name, line.clear) for line in found.changes] == [
        ("All incidents", False), ("ROBBERY", True), ("ARSON", True), ("THEFT", False),
    ]  # fmt: skip
    assert found.changes[1].note == "200 after 100; clearly fewer"
    assert found.chance.startswith("Of 3 types compared")


def test_expected_of_all_then_of_the_largest_types() -> None:
    found = briefing(analyses_of(), Facts.of(record_of()))
    assert [(line.name, line.figure) for line in found.expected] == [
        ("All incidents, December 2021", "4,163"),
        ("THEFT, December 2021", "1,035"),
        ("Week from 12 November 2021", "984"),
        ("Day of 12 November 2021", "131"),
    ]


def test_a_short_history_has_reasons_in_place_of_numbers() -> None:
    short = [change(None, 40, "too short a history", "all"), change("THEFT", 9, "too short a history")]
    refused = [month("all", None, None, "no forecast: fewer than 24 complete months")]
    nothing: list[Row] = [(*[None] * 14, "no forecast: fewer than 730 days of data")]
    analyses = analyses_of(
        changes=short, monthly_forecasts=refused, weekly_forecasts=nothing, daily_forecasts=nothing
    )
    found = briefing(analyses, Facts.of(record_of()))
    assert found.changes == ()
    assert [line.note for line in found.expected] == ["no forecast: fewer than 24 complete months"]
    assert "Nothing can be compared" in sentence("changes", changes=short)
    assert sentence("monthly_forecasts", monthly_forecasts=refused) == (
        "There is no forecast: fewer than 24 complete months."
    )
    assert sentence("daily_forecasts", daily_forecasts=nothing) == (
        "There is no forecast: fewer than 730 days of data."
    )


def test_sentences() -> None:
    assert sentence("changes") == (
        "From 1 January 2021 to 11 November 2021 there were 4,000 incidents, +1.0 % against the same days of "
        "the year before (100; 95 % interval -10.0 % to +10.0 %). By type of crime, clearly fewer: ROBBERY "
        "(-20.0 %); clearly more: ARSON (+20.0 %)."
    )
    assert sentence("monthly_forecasts") == (
        "December 2021 is expected to have 4,163 incidents (95 % interval 3,331 to 4,996). In 50 past "
        "forecasts the error was 3.1 % on average; the same month of the year before would have missed by "
        "5.7 %; the 95 % interval held 96.0 % of the time."
    )
    assert sentence("weekly_forecasts").startswith("The week from 12 November 2021 is expected to have 984")
    assert sentence("daily_forecasts").startswith("The day 12 November 2021 is expected to have 131")
    assert "held 11.0 % of incidents of the kind theft, 41 times as many" in sentence("hot_spots")
    assert sentence("hot_spot_accuracy").startswith("For 1 of 1 kinds the decayed count found more")
    assert "can't be tested" in sentence("hot_spots", hot_spot_accuracy=[])
    assert sentence("weekday_hours").startswith("Most incidents of known time occur on Sunday 23:00-00:00")


def pages() -> Iterator[Any]:
    yield "usual", analyses_of()
    yield "nothing", analyses_of(**{each.name: [] for each in ANALYSES})
    yield (
        "no intervals yet",
        analyses_of(
            monthly_forecasts=[
                ("all", None, None, date(2021, 12, 1), 1, 50.0, *[None] * 4, 0, *[None] * 4, "short")
            ]
        ),
    )


@pytest.mark.parametrize(("case", "analyses"), list(pages()), ids=["usual", "nothing", "no intervals"])
def test_pages_with_analyses(case: str, analyses: dict[str, Answer]) -> None:
    page = page_text(record_of(), answers_of(), Extras(analyses=analyses))
    for name in analyses:
        assert (f'id="{name}"' in page) == (name != "theft_changes")  # that one stands with its answer
    assert ("changed-title" in page) == (case != "nothing")
    assert "nan" not in re.sub(r"<[^>]*>", "", page)


def test_a_page_without_analyses_has_none() -> None:
    page = page_text(record_of(), answers_of(), Extras())
    assert "changed-title" not in page
    assert 'id="changes"' not in page
    assert "Dates are shifted." in page


def test_data_without_times_have_no_busiest_hour() -> None:
    record = record_of({"at_midnight": 389_879})
    facts = Facts.of(replace(record, incidents=389_879))
    analyses = analyses_of()
    said = section_of(analyses["weekday_hours"].question).words(analyses, facts)
    assert said.sentence == "No row has a time of day."
