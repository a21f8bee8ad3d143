"""The report in a real browser: it opens without a network, and its filters say what SQL says."""

from __future__ import annotations

import base64
import csv
import json
import math
import random
import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.domain.offences import normal_type
from crime_pipelines.engines.base import ask
from crime_pipelines.engines.duckdb.engine import DuckDBEngine
from crime_pipelines.output.reader import read_output
from crime_pipelines.questions import QUESTIONS, REPORT_QUESTIONS
from crime_pipelines.report import Extras, write_report
from crime_pipelines.report.formatting import MINUS, NBSP, percent, percent_of, rate
from crime_pipelines.report.printing import find_browser, print_page
from crime_pipelines.support.locales import written_as
from tests.browser.charts import CENTRE, press, tooltip
from tests.browser.conftest import HOSTILE
from tests.waiting import PATIENCE

#: The hostile texts as types of crime: in their normal form.
HOSTILE_TYPES = [str(normal_type(text)) for text in HOSTILE]
LISTED = ("type", "area", "district", "beat")
MEASURES = (
    *("incidents", "per_day", "per_1000_residents_per_year", "late_night"),
    *("late_night_per_1000_residents_per_year", "arrest_rate", "change"),
)
YEARLY = 365.25
LATE = "(hour(occurred_at) >= 22 OR hour(occurred_at) < 4)"
COUNTS = f"count(*), count(*) FILTER (arrest), count(*) FILTER ({LATE})"
RESIDENTS = {area.number: area.residents for area in AREAS}
#: What a chart's marks say when the pointer is on them.
TOOLTIPS = """
const marks = document.querySelectorAll(`[data-chart=${arguments[0]}] .live svg path`);
return [...marks].map((mark) => mark.__data__?.tooltip).filter((said) => said && Object.keys(said).length);
"""
#: Wait until what was chosen last is drawn: several changes may come in one go.
ALL_DRAWN = """
const [root, done] = arguments;
const said = () => root.querySelector("[data-slot=words]").textContent.replace(/: [\\d,]+ incidents?$/, "");
const wanted = () => `${said()} ${root.querySelector("[name=by]").value}`;
const look = () => (root.dataset.drawn === wanted() ? done() : setTimeout(look, 5));
look();
"""
#: What stands in the margins of a printed page, as far as the browser knows it.
PAGE_MARGINS = """
const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
const inPrint = rules.filter((rule) => rule.media?.mediaText === "print");
const printed = inPrint.flatMap((rule) => [...rule.cssRules]);
return printed.filter((rule) => rule instanceof CSSPageRule).flatMap((rule) => [...rule.cssRules])
  .map((rule) => rule.cssText);
"""
MOST_PAGES = 8
#: The texts of the map's key.
KEY_TEXTS = """
const texts = document.querySelectorAll("[data-chart=map] .live svg .mark-text text");
return [...texts].map((text) => text.textContent);
"""

#: The hours around the clock.
CLOCK_TEXTS = """
const texts = document.querySelectorAll("[data-chart=clock] .live svg .mark-text text");
return [...texts].map((text) => text.textContent);
"""


class Choice(NamedTuple):
    """Positions in the lists of the filters, none for all; the first day and the last; the measure."""

    type: frozenset[int]
    area: frozenset[int]
    district: frozenset[int]
    beat: frozenset[int]
    from_: date
    to: date
    by: str = "incidents"


class Place(NamedTuple):
    """The counts that a measure is worked out from, by SQL."""

    incidents: int
    arrests: int
    late: int
    days: int
    residents: int | None
    before: tuple[int, int] | None

    def value(self, measure: str) -> float | None:
        """The measure; None where it is not defined."""
        years = self.residents and self.residents * self.days / YEARLY / 1000
        if measure in ("incidents", "late_night"):
            return self.incidents if measure == "incidents" else self.late
        if measure == "per_day":
            return self.incidents / self.days
        if measure == "arrest_rate":
            return self.arrests / self.incidents if self.incidents else None
        if measure == "change":
            if not self.before or not self.before[0]:
                return None
            return (self.incidents / self.days) / (self.before[0] / self.before[1]) - 1
        return (self.incidents if measure.startswith("per_1000") else self.late) / years if years else None


def opened(browser: Chrome, output: Path, mark: str = "") -> WebElement:
    """The page, opened from its file, its script done."""
    browser.get((output / "report" / "index.html").resolve().as_uri() + mark)
    root = browser.find_element(By.ID, "explorer")
    waited(browser, lambda: root.get_attribute("data-ready") == "yes")
    return root


def waited(browser: Chrome, holds: Callable[[], object]) -> None:
    WebDriverWait(browser, PATIENCE, poll_frequency=0.02).until(lambda _: holds())


def choose(browser: Chrome, root: WebElement, name: str, text: str) -> None:
    """Choose one more value of a list, as a person does, and wait until the charts are drawn."""
    folded = root.find_element(By.CSS_SELECTOR, f"[data-filter={name}]")
    if folded.get_attribute("open") is None:
        summary = folded.find_element(By.TAG_NAME, "summary")
        browser.execute_script(
            "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", summary
        )
        summary.click()
    (box,) = [
        label
        for label in folded.find_elements(By.CSS_SELECTOR, ".boxes label")
        if label.get_attribute("textContent").strip() == " ".join(text.split())
    ]
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    browser.execute_script(CENTRE, box)
    box.click()
    waited(browser, lambda: root.get_attribute("data-drawn"))
    folded.find_element(By.TAG_NAME, "summary").send_keys(Keys.ESCAPE)


def choose_day(browser: Chrome, root: WebElement, name: str, day: date) -> None:
    """Choose the first day or the last, as a person types it, and wait until the charts are drawn."""
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    field = root.find_element(By.NAME, name)
    browser.execute_script(CENTRE, field)
    field.send_keys(f"{day:%m%d%Y}")
    browser.execute_script("arguments[0].blur()", field)
    waited(browser, lambda: root.get_attribute("data-drawn"))


def choose_measure(browser: Chrome, root: WebElement, text: str) -> None:
    """Choose a measure, and wait until the charts are drawn."""
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    Select(root.find_element(By.NAME, "by")).select_by_visible_text(text)
    waited(browser, lambda: root.get_attribute("data-drawn"))


def chosen(root: WebElement, name: str) -> list[str]:
    """The values chosen in a list."""
    return [
        box.find_element(By.XPATH, "..").get_attribute("textContent").strip()
        for box in root.find_elements(By.CSS_SELECTOR, f"[data-filter={name}] input:checked")
    ]


def choose_at_once(browser: Chrome, root: WebElement, choice: Choice) -> None:
    """Set all filters, have the page take notice, and wait until the charts are drawn."""
    browser.execute_script(
        "const [root, chosen] = arguments; const { elements } = root.querySelector('form');"
        "delete root.dataset.drawn;"
        "for (const name of ['type', 'area', 'district', 'beat'])"
        "  for (const box of root.querySelectorAll(`[data-filter=${name}] input[type=checkbox]`))"
        "    box.checked = chosen[name].includes(Number(box.value));"
        "elements.by.value = chosen.by;"
        "for (const end of ['from', 'to', 'from']) {"
        "  elements[end].value = chosen[end];"
        "  elements[end].dispatchEvent(new Event('change', { bubbles: true }));"
        "}"
        "for (const end of ['from', 'to']) elements[end].dispatchEvent(new Event('blur'));",
        root,
        {
            **{name: sorted(getattr(choice, name)) for name in LISTED},
            "from": choice.from_.isoformat(),
            "to": choice.to.isoformat(),
            "by": choice.by,
        },
    )
    browser.execute_async_script(ALL_DRAWN, root)


def slot(root: WebElement, name: str) -> str:
    return root.find_element(By.CSS_SELECTOR, f"[data-slot='{name}']").get_attribute("data-value") or ""


def table(browser: Chrome, name: str) -> list[list[str]]:
    """A table's values, row by row."""
    found: list[list[str]] = browser.execute_script(
        "return [...document.querySelector(`table[data-name=${arguments[0]}]`).tBodies[0].rows]"
        ".map((row) => [...row.cells].map((cell) => cell.dataset.value))",
        name,
    )
    return found


def problems(browser: Chrome) -> list[str]:
    """What the browser's console says that is no mere remark."""
    log = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture(scope="module")
def incidents(output: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE VIEW incidents AS SELECT * FROM read_parquet(?, hive_partitioning = true)".replace(
            "?", "'" + str(output / "incidents" / "*" / "*.parquet") + "'"
        )
    )
    return connection


def test_opens_from_its_file_without_a_network(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    choose(browser, root, "type", "THEFT")
    assert problems(browser) == []
    asked = [
        message["params"]["request"]["url"]
        for entry in browser.get_log("performance")  # type: ignore[no-untyped-call]
        for message in [json.loads(entry["message"])["message"]]
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if url.startswith("file:")]
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "about"}
    assert (output / "report" / "index.html").stat().st_size < 3_000_000


class Lists:
    """The values of the filters' lists, by SQL, in the page's order, and what SQL says of a choice."""

    def __init__(self, incidents: duckdb.DuckDBPyConnection) -> None:
        self._incidents = incidents
        self.types = self._values("primary_type", "count(*) DESC, 1 NULLS FIRST")
        self.areas = self._values("community_area", "1 NULLS LAST")
        self.districts = self._values("district", "1 NULLS LAST")
        self.beats = self._values("beat", "1 NULLS LAST")
        ((first, last),) = incidents.execute(
            "SELECT min(occurred_at), max(occurred_at) FROM incidents"
        ).fetchall()
        self.first, self.last = first.date(), last.date()
        self.months = [
            date(at // 12, at % 12 + 1, 1)
            for at in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        ]
        #: All that can be chosen.
        self.begin, self.end = self.months[0], month_end(self.months[-1])

    def _values(self, column: str, order: str) -> list[Any]:
        asked = f"SELECT {column} FROM incidents GROUP BY 1 ORDER BY {order}"
        return [row[0] for row in self._incidents.execute(asked).fetchall()]

    def ask(
        self, choice: Choice, counts: str, rest: str = "", *, but: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Count the incidents of a choice; without the filters `but`."""
        where, values = ["TRUE"], []
        for name, column, options in (
            ("type", "primary_type", self.types),
            ("area", "community_area", self.areas),
            ("district", "district", self.districts),
            ("beat", "beat", self.beats),
        ):
            if (positions := getattr(choice, name)) and name not in but:
                where.append("(" + " OR ".join(f"{column} IS NOT DISTINCT FROM ?" for _ in positions) + ")")
                values += [options[at] for at in positions]
        where.append("occurred_at::DATE BETWEEN ? AND ?")
        values += [choice.from_, choice.to]
        return self._incidents.execute(
            f"SELECT {counts} FROM incidents WHERE {' AND '.join(where)} {rest}", values
        ).fetchall()

    def covered(self, begin: date, end: date) -> tuple[date, date]:
        """The part of a stretch that the data cover."""
        return max(begin, self.first), min(end, self.last)

    def days(self, choice: Choice) -> int:
        """The days chosen that the data cover."""
        begin, end = self.covered(choice.from_, choice.to)
        return (end - begin).days + 1

    def before(self, choice: Choice) -> Choice | None:
        """The same choice a year before; None where the data do not reach so far."""
        begin, end = self.covered(choice.from_, choice.to)
        last = month_end(date(end.year - 1, end.month, 1))
        earlier = (
            date(begin.year - 1, begin.month, min(begin.day, 28 if begin.month == 2 else 31)),
            last if end == month_end(end) else end.replace(year=end.year - 1),
        )
        return choice._replace(from_=earlier[0], to=earlier[1]) if earlier[0] >= self.first else None

    def places(
        self, choice: Choice, column: str, residents: Mapping[Any, int | None], *, but: Sequence[str] = ()
    ) -> dict[Any, Place]:
        """The counts that measures are worked out from, for each value of a column."""
        earlier = self.before(choice)
        ago: dict[Any, int] = {}
        if earlier:
            ago = dict(self.ask(earlier, f"{column}, count(*)", "GROUP BY 1", but=but))
        here = not (choice.district or choice.beat)
        return {
            value: Place(
                *counts,
                self.days(choice),
                residents.get(value) if here else None,
                (ago.get(value, 0), self.days(earlier)) if earlier else None,
            )
            for value, *counts in self.ask(choice, f"{column}, {COUNTS}", "GROUP BY 1", but=but)
        }

    def residents(self, choice: Choice) -> int | None:
        """The residents of the areas chosen."""
        each = (
            [RESIDENTS.get(self.areas[at]) for at in choice.area] if choice.area else list(RESIDENTS.values())
        )
        known = [number for number in each if number]
        return sum(known) if len(known) == len(each) and not (choice.district or choice.beat) else None

    def any_choice(self, chance: random.Random) -> Choice:
        """Choose at random: nothing, one or a few of each list; all days, whole months or any days."""

        def some(options: Sequence[Any], most: int) -> frozenset[int]:
            number = chance.choice([0, 0, 1, 2, most])
            return frozenset(chance.sample(range(len(options)), min(number, len(options))))

        months = sorted(chance.choices(self.months, k=2))
        days = sorted(self.begin + timedelta(chance.randrange((self.end - self.begin).days)) for _ in "12")
        stretches = [(self.begin, self.end), (months[0], month_end(months[1])), (days[0], days[1])]
        # A stretch without a day of data has no number a day.
        begin, end = chance.choice([each for each in stretches if self.days_of(*each) > 0])
        lists = some(self.types, 6), some(self.areas, 30), some(self.districts, 8), some(self.beats, 40)
        if chance.random() < 0.6:  # few incidents lie in a district and in a beat chosen apart from it
            lists = (*lists[:2], *chance.choice([(lists[2], frozenset()), (frozenset(), lists[3])]))
        return Choice(*lists, begin, end, chance.choice(MEASURES))

    def days_of(self, begin: date, end: date) -> int:
        """The days of a stretch that the data cover."""
        first, last = self.covered(begin, end)
        return (last - first).days + 1


def month_end(day: date) -> date:
    """The last day of a month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


@pytest.fixture(scope="module")
def lists(incidents: duckdb.DuckDBPyConnection) -> Lists:
    return Lists(incidents)


# by chance, besides those that are picked; with one seed, more say no more from day to day
@pytest.mark.parametrize("combinations", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_filters_say_what_sql_says(combinations: int, browser: Chrome, output: Path, lists: Lists) -> None:
    root = opened(browser, output)
    data = json.loads(browser.find_element(By.ID, "explorer-data").get_attribute("textContent") or "")
    assert (len(data["types"]), len(data["districts"])) == (len(lists.types), len(lists.districts))
    assert [each["area"] for each in data["areas"]] == lists.areas
    none, whole = frozenset[int](), (lists.begin, lists.end)
    hostile = frozenset([lists.types.index(HOSTILE_TYPES[0])])
    chance = random.Random(combinations)
    choices = [
        Choice(none, none, none, none, *whole),
        *(Choice(none, none, none, none, date(2020, 2, 29), date(2021, 2, 28), by) for by in MEASURES),
        Choice(none, none, none, none, date(2020, 2, 1), date(2020, 2, 29), "change"),
        Choice(frozenset([lists.types.index(None)]), none, none, none, *whole),
        Choice(none, frozenset([lists.areas.index(None)]), none, none, *whole, "per_1000_residents_per_year"),
        Choice(none, none, frozenset([lists.districts.index(None)]), none, *whole),
        Choice(none, none, none, frozenset([3]), *whole, "late_night_per_1000_residents_per_year"),
        Choice(hostile, none, none, none, lists.begin, month_end(lists.begin), "arrest_rate"),
        *(lists.any_choice(chance) for _ in range(combinations)),
    ]
    for choice in choices:
        choose_at_once(browser, root, choice)
        agrees_with_sql(browser, root, choice, lists, data)
    assert problems(browser) == []


def same(text: str, value: float | None) -> bool:
    """Tell whether a cell holds a number, or nothing."""
    return text == "" if value is None else text != "" and math.isclose(float(text), value, abs_tol=1e-12)


def written(measure: str, value: float | None) -> str:
    """Write a number of a measure as the page does."""
    if value is None:
        return "no number"
    words = {
        "incidents": "",
        "per_day": "a day",
        "late_night": "late at night",
        "arrest_rate": "with an arrest",
        "per_1000_residents_per_year": "per 1,000 residents a year",
        "late_night_per_1000_residents_per_year": "late at night, per 1,000 residents a year",
        "change": "a day against the year before",
    }
    if measure in ("incidents", "late_night"):
        number = f"{value:,}"
    elif measure == "arrest_rate":
        number = percent(value)
    elif measure == "change":
        size = f"{abs(100 * value):.1f}"
        number = f"{'' if size == '0.0' else '+' if value > 0 else MINUS}{size}{NBSP}%"
    else:
        number = rate(value)
    return f"{number} {words[measure]}".strip()


def agrees_with_sql(
    browser: Chrome, root: WebElement, choice: Choice, lists: Lists, data: dict[str, Any]
) -> None:
    """Hold every number that the filters change against SQL."""
    ((number, arrests, late),) = lists.ask(choice, COUNTS)
    assert [int(slot(root, name)) for name in ("incidents", "arrests", "late")] == [number, arrests, late], (
        choice
    )
    said = root.find_element(By.CSS_SELECTOR, "[data-slot=words]").text
    assert f"{number:,} incident" in said
    days = lists.days(choice)
    assert math.isclose(float(slot(root, "daily")), number / days)
    ((everything,),) = lists.ask(choice._replace(from_=lists.begin, to=lists.end), "count(*)", but=LISTED)
    note = root.find_element(By.CSS_SELECTOR, "[data-slot=incidents-note]")
    assert note.get_attribute("textContent") == f"{percent_of(number, everything)} of all"
    earlier = lists.before(choice)
    ago = (lists.ask(earlier, "count(*)")[0][0], lists.days(earlier)) if earlier else None
    place = Place(number, arrests, late, days, lists.residents(choice), ago)
    assert same(slot(root, "residents"), place.value("per_1000_residents_per_year"))
    assert same(slot(root, "change"), place.value("change")), choice
    months_agree(browser, choice, lists)
    types_agree(browser, choice, lists, data)
    areas_agree(browser, choice, lists, data)
    for list_name in ("type", "area"):
        comparison_agrees(browser, root, choice, lists, data, list_name)
    caption = (
        root.find_element(By.CSS_SELECTOR, "[data-chart=map]").find_element(By.XPATH, "../figcaption").text
    )
    title = next(each["title"] for each in data["measures"] if each["name"] == choice.by)
    assert caption.startswith(f"{said.rpartition(':')[0]}. {title}. ")

    by_hour = dict(lists.ask(choice, "hour(occurred_at), count(*)", "GROUP BY 1"))
    label = root.find_element(By.CSS_SELECTOR, "[data-chart=clock]").get_attribute("aria-label") or ""
    assert f"{late:,} of {number:,} " in label
    assert (
        not by_hour
        or f"most in the hour from {max(by_hour, key=lambda at: (by_hour[at], -at)):02d}:00" in label
    )
    drawn = {each["Hour from"]: each["Incidents"] for each in browser.execute_script(TOOLTIPS, "clock")}
    assert drawn == {f"{at:02d}:00": f"{by_hour.get(at, 0):,}" for at in range(24)}


def months_agree(browser: Chrome, choice: Choice, lists: Lists) -> None:
    """Hold the table and the chart of months against SQL: of each month the days that are chosen."""
    ends = choice._replace(from_=lists.begin, to=lists.end)
    by_day = {row[0]: row[1:] for row in lists.ask(ends, f"occurred_at::DATE, {COUNTS}", "GROUP BY 1")}

    def added(part: Choice) -> list[int]:
        rows = [row for day, row in by_day.items() if part.from_ <= day <= part.to]
        return [sum(row[at] for row in rows) for at in range(3)]

    wanted = {}
    for month in lists.months:
        part = ends._replace(from_=max(month, choice.from_), to=min(month_end(month), choice.to))
        if part.from_ <= part.to:
            days = lists.days(part)
            earlier = lists.before(part) if days > 0 else None
            ago = (added(earlier)[0], lists.days(earlier)) if earlier else None
            incidents, arrests, late = added(part)
            wanted[f"{month:%Y-%m}"] = Place(incidents, arrests, late, days, lists.residents(choice), ago)
    rows = table(browser, "selected_months")
    assert [row[0] for row in rows] == list(wanted)
    for (month, count, *measured), place in zip(rows, wanted.values(), strict=True):
        assert int(count) == place.incidents
        assert measured_as(choice, measured, place, "incidents"), (choice, month)
    # a month without a value, or with 0, has no column
    drawn = {each["Month"]: each["Shown"] for each in browser.execute_script(TOOLTIPS, "months")}
    for month, place in wanted.items():
        if place.days > 0 and (value := place.value(choice.by)):
            assert drawn[month] == written(choice.by, value), (choice, month)


def measured_as(choice: Choice, cells: list[str], place: Place, *others: str) -> bool:
    """Tell whether the last column holds the measure, or is not there since another one does."""
    if choice.by in others:
        return not cells
    return same(cells[0], place.value(choice.by) if place.days > 0 else None)


def types_agree(browser: Chrome, choice: Choice, lists: Lists, data: dict[str, Any]) -> None:
    """Hold the table of types against SQL."""
    by_type = lists.places(choice, "primary_type", dict.fromkeys(lists.types, lists.residents(choice)))
    rows = table(browser, "selected_types")
    assert len(rows) == len(by_type)
    for label, count, arrested, share, low, high, at_night, *measured in rows:
        place = by_type[lists.types[data["types"].index(label)]]
        assert (int(count), int(arrested), int(at_night)) == place[:3]
        assert math.isclose(float(share), int(arrested) / int(count))
        assert float(low) <= float(share) <= float(high)
        assert measured_as(choice, measured, place, "incidents", "late_night", "arrest_rate"), (choice, label)


def areas_agree(browser: Chrome, choice: Choice, lists: Lists, data: dict[str, Any]) -> None:
    """Hold the table of areas and the map against SQL; the map shows every area, the chosen ones outlined."""
    by_area = lists.places(choice, "community_area", RESIDENTS)
    names = {each["name"]: each["area"] for each in data["areas"]}
    rows = table(browser, "selected_areas")
    assert len(rows) == len(by_area)
    yearly = "late_night_per_1000_residents_per_year"
    for name, count, arrested, at_night, rated, *measured in rows:
        place = by_area[names[name]]
        assert (int(count), int(arrested), int(at_night)) == place[:3]
        assert same(rated, place.value(yearly))
        assert measured_as(choice, measured, place, "incidents", "late_night", yearly), (choice, name)
    areas = lists.places(choice, "community_area", RESIDENTS, but=["area"])
    tooltips = browser.execute_script(TOOLTIPS, "map")
    assert len(tooltips) > 60
    for each in tooltips:
        found = areas.get(names.get(each["Area"], 0))
        assert each["Incidents"] == f"{found.incidents if found else 0:,}", (choice, each)
        if found:
            assert each["Shown"] == written(choice.by, found.value(choice.by)), (choice, each)
    keys: list[str] = browser.execute_script(KEY_TEXTS)
    assert len(set(keys)) == len(keys) <= 7
    for key in keys:
        ends = key.split(" \u2013 ")
        assert len(set(ends)) == len(ends), key
        if choice.by != "change":
            numbers = [end.removesuffix(" %").replace(",", "") for end in ends if end not in ("0", "0 %")]
            assert not any(float(number) == 0 for number in numbers), key


def comparison_agrees(
    browser: Chrome, root: WebElement, choice: Choice, lists: Lists, data: dict[str, Any], name: str
) -> None:
    """Hold the types or areas that stand side by side against SQL, each asked for alone."""
    positions: frozenset[int] = getattr(choice, name)
    holder = root.find_element(By.CSS_SELECTOR, f"[data-compared={name}]")
    assert holder.is_displayed() is (len(positions) > 1), choice
    if len(positions) < 2:
        return
    names = data["types"] if name == "type" else [each["name"] for each in data["areas"]]
    days, earlier = lists.days(choice), lists.before(choice)
    places = {}
    for position in positions:
        alone = choice._replace(**{name: frozenset([position])})
        ((incidents, arrests, late),) = lists.ask(alone, COUNTS)
        ago = (
            (
                lists.ask(alone._replace(from_=earlier.from_, to=earlier.to), "count(*)")[0][0],
                lists.days(earlier),
            )
            if earlier
            else None
        )
        places[names[position]] = Place(incidents, arrests, late, days, lists.residents(alone), ago)
    rows = table(browser, f"compared_{name}")
    assert {row[0] for row in rows} == set(places)
    for label, count, before, changed, *measured in rows:
        place = places[label]
        assert int(count) == place.incidents
        assert before == (str(place.before[0]) if place.before else ""), (choice, label)
        assert same(changed, place.value("change")), (choice, label)
        assert measured_as(choice, measured, place, "incidents", "change"), (choice, label)
    values = [places[row[0]].value(choice.by) for row in rows]
    assert values == sorted(values, key=lambda value: -math.inf if value is None else value, reverse=True)


def test_over_all_years_the_areas_rates_are_the_answer(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    with (output / "answers" / "safest_areas.csv").open(encoding="utf-8", newline="") as file:
        answer = {row["name"]: row for row in csv.DictReader(file)}
    rows = [row for row in table(browser, "selected_areas") if row[0] in answer]
    assert rows
    for name, _, _, late, yearly in rows:
        assert late == answer[name]["late_night_incidents"]
        assert math.isclose(float(yearly), float(answer[name]["late_night_per_1000_residents_per_year"]))


def test_charts_follow_the_filters(
    browser: Chrome, output: Path, incidents: duckdb.DuckDBPyConnection
) -> None:
    root = opened(browser, output)
    before = [
        root.find_element(By.CSS_SELECTOR, f"[data-chart={name}]").get_attribute("innerHTML")
        for name in ("months", "clock", "map")
    ]
    choose(browser, root, "area", "Austin")
    for name, old in zip(("months", "clock", "map"), before, strict=True):
        holder = root.find_element(By.CSS_SELECTOR, f"[data-chart={name}]")
        assert holder.find_elements(By.CSS_SELECTOR, ".live svg path")
        assert holder.get_attribute("innerHTML") != old
    # the months' columns, bar by bar, by their place and height
    heights: list[float] = browser.execute_script(
        "return [...document.querySelectorAll('[data-chart=months] .mark-rect path')]"
        ".map((path) => path.getBBox()).sort((a, b) => a.x - b.x).map((box) => box.height)"
    )
    counts = [int(count) for _, count in table(browser, "selected_months")]
    assert len(heights) == len(counts)
    tallest = max(range(len(counts)), key=counts.__getitem__)
    for height, count in zip(heights, counts, strict=True):
        assert height / heights[tallest] == pytest.approx(count / counts[tallest], abs=0.01)


def test_what_is_drawn_anew_keeps_to_the_readers_locale(
    browser: Chrome, output: Path, tmp_path: Path
) -> None:
    shown = read_output(output)
    with written_as("en-US"):
        extras = Extras(shown.beside, analyses=shown.analyses)
        write_report(tmp_path / "report", shown.record, shown.answers, extras)
    root = opened(browser, tmp_path)
    choose(browser, root, "type", "THEFT")
    clock = root.find_element(By.CSS_SELECTOR, "[data-chart=clock]")
    label = clock.get_attribute("aria-label") or ""
    assert re.search(r"most in the hour from (1[0-2]|[1-9]) [ap]m\.$", label), label
    hours = [f"{hour} {half}" for half in ("am", "pm") for hour in (12, *range(1, 12))]
    assert [each["Hour from"] for each in browser.execute_script(TOOLTIPS, "clock")] == hours
    texts = browser.execute_script(CLOCK_TEXTS)
    assert sorted(texts, key=hours.index) == hours[::3]
    choose_measure(browser, root, "Incidents late at night (10 pm-4 am)")
    caption = root.find_element(By.CSS_SELECTOR, "[data-chart=months]").find_element(
        By.XPATH, "../figcaption"
    )
    assert "Incidents late at night (10 pm-4 am)" in caption.text


def test_an_area_can_be_chosen_on_the_map(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    choose(browser, root, "type", "THEFT")
    paths = root.find_elements(By.CSS_SELECTOR, "[data-chart=map] .mark-shape path")
    assert len(paths) > 60
    browser.execute_script(
        "delete arguments[0].dataset.drawn; arguments[1].scrollIntoView()", root, paths[30]
    )
    browser.execute_script(
        "const box = arguments[0].getBoundingClientRect();"
        "const at = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };"
        "for (const kind of ['mousedown', 'mouseup', 'click'])"
        "  arguments[0].dispatchEvent(new MouseEvent(kind, at));",
        paths[30],
    )
    waited(browser, lambda: root.get_attribute("data-drawn"))
    names = [row[0] for row in table(browser, "selected_areas")]
    assert names == chosen(root, "area") != []


def test_the_choice_survives_in_the_address(browser: Chrome, output: Path, lists: Lists) -> None:
    root = opened(browser, output)
    beat = lists.beats[3]
    choose(browser, root, "type", HOSTILE_TYPES[0])
    choose(browser, root, "type", "THEFT")
    choose(browser, root, "area", "Austin")
    choose(browser, root, "beat", beat)
    choose_day(browser, root, "from", date(2020, 3, 15))
    choose_day(browser, root, "to", date(2021, 4, 30))
    choose_measure(browser, root, "Incidents a day")
    number, words = slot(root, "incidents"), root.find_element(By.CSS_SELECTOR, "[data-slot=words]").text
    mark = "#" + browser.current_url.partition("#")[2]
    browser.get("about:blank")
    root = opened(browser, output, mark)
    waited(browser, lambda: root.get_attribute("data-drawn"))
    assert slot(root, "incidents") == number
    assert root.find_element(By.CSS_SELECTOR, "[data-slot=words]").text == words
    assert sorted(chosen(root, "type")) == sorted([HOSTILE_TYPES[0], "THEFT"])
    assert chosen(root, "area") == ["Austin"]
    assert chosen(root, "beat") == [beat]
    assert "15 March 2020 to 30 April 2021" in words
    assert Select(root.find_element(By.NAME, "by")).first_selected_option.text == "Incidents a day"
    reset = root.find_element(By.NAME, "everything")
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    reset.send_keys(Keys.ENTER)
    waited(browser, lambda: root.get_attribute("data-drawn"))
    assert browser.current_url.endswith("#filter&by=per_day"), "the measure is no filter"
    assert not reset.is_enabled()


def test_a_pasted_address_is_shown_be_it_of_nothing(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    everything = slot(root, "incidents")
    for mark, words in (
        ("#filter&type=THEFT&from=2020-03&to=2020-04-15", "1 March 2020 to 15 April 2020"),
        ("#filter", "All types"),
        ("#filter&by=arrest_rate", "All types"),
        ("#filter&type=nothing&from=never&by=nothing", "All types"),
    ):
        browser.execute_script("delete arguments[0].dataset.drawn", root)
        browser.execute_script("location.hash = arguments[0]", mark)
        waited(browser, lambda: root.get_attribute("data-drawn"))
        assert words in root.find_element(By.CSS_SELECTOR, "[data-slot=words]").text
        assert (slot(root, "incidents") == everything) is (words == "All types")


def test_days_are_typed_and_move_one_another(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    words = root.find_element(By.CSS_SELECTOR, "[data-slot=words]")
    choose_day(browser, root, "from", date(2020, 3, 15))
    choose_day(browser, root, "to", date(2020, 3, 20))
    assert "15 March 2020 to 20 March 2020" in words.text
    choose_day(browser, root, "to", date(2020, 3, 1))
    assert "; 1 March 2020: " in words.text
    assert root.find_element(By.NAME, "from").get_attribute("value") == "2020-03-01"
    # a day outside the data changes nothing and does not stay
    field = root.find_element(By.NAME, "to")
    field.send_keys("01011800")
    browser.execute_script("arguments[0].blur()", field)
    assert "; 1 March 2020: " in words.text
    assert field.get_attribute("value") == "2020-03-01"


def test_old_days_count_by_month_where_all_would_be_too_many(
    browser: Chrome, output: Path, tmp_path: Path
) -> None:
    """The same page, made as if the data had so many incidents that only the last months go by day."""
    made = read_output(output)
    (question,) = [each for each in REPORT_QUESTIONS if each.name == "filter_counts"]
    with DuckDBEngine() as engine:
        engine.attach(output)
        asked = replace(question, parameters={**question.parameters, "by_day": "600"})
        answer = ask(engine, {asked}, made.record.as_of, made.record.shift_years)["filter_counts"]
    extras = Extras({**made.beside, "filter_counts": answer})
    write_report(tmp_path / "report", made.record, made.answers, extras)
    root = opened(browser, tmp_path)
    assert "the period goes by day; before, by whole months" in root.text
    words = root.find_element(By.CSS_SELECTOR, "[data-slot=words]")
    choose_day(browser, root, "from", date(2018, 3, 15))
    choose_day(browser, root, "to", date(2018, 3, 20))
    assert "; March 2018: " in words.text
    assert root.find_element(By.NAME, "from").get_attribute("value") == "2018-03-01"
    assert root.find_element(By.NAME, "to").get_attribute("value") == "2018-03-31"
    last = date.fromisoformat(root.find_element(By.NAME, "to").get_attribute("max") or "").replace(day=2)
    choose_day(browser, root, "to", last)
    choose_day(browser, root, "from", last)
    assert f"; {last.day} {last:%B %Y}: " in words.text
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE occurred_at::DATE = ?",
            [str(output / "incidents" / "*" / "*.parquet"), last],
        ).fetchall()
    assert slot(root, "incidents") == str(found[0][0])


def test_hostile_texts_show_as_text(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    for text in HOSTILE_TYPES:
        if (reset := root.find_element(By.NAME, "everything")).is_enabled():
            reset.send_keys(Keys.ENTER)
        choose(browser, root, "type", text)
        assert text in root.find_element(By.CSS_SELECTOR, "[data-slot=words]").text
        assert (
            browser.execute_script(
                "return document.querySelector('[data-name=selected_types] tbody th').textContent"
            )
            == text
        )
    assert browser.execute_script("return document.querySelectorAll('img, iframe, script[src]').length") == 0
    # an alert would make every further command fail
    assert browser.title.startswith("Crime report")
    assert problems(browser) == []


def saved(browser: Chrome, downloads: Path, name: str) -> list[list[str]]:
    """A table, saved by its button."""
    path = downloads / f"{name}.csv"
    path.unlink(missing_ok=True)
    button = browser.execute_script(
        "const table = document.querySelector(`table[data-name=${arguments[0]}]`);"
        "const folded = table.closest('details'); if (folded) folded.open = true;"
        "return table.closest('.scroll').nextElementSibling",
        name,
    )
    browser.execute_script("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", button)
    button.click()
    # the browser reserves the name with an empty file first
    waited(browser, lambda: path.exists() and path.stat().st_size)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("name", [question.name for question in QUESTIONS])
def test_a_table_is_saved_as_its_answer(name: str, browser: Chrome, output: Path, downloads: Path) -> None:
    opened(browser, output)
    found = saved(browser, downloads, name)
    with (output / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        answer = list(csv.reader(file))
    width = len(answer[0])
    if name == "theft_locations":
        added = ["rank_low", "rank_high", "thefts_before", "change", "verdict"]
        assert found[0][width:] == ["movement", *added]
        with (output / "analysis" / "theft_changes.csv").open(encoding="utf-8", newline="") as file:
            compared = {(row["year"], row["location"]): row for row in csv.DictReader(file)}
        for line, row in zip(answer[1:], found[1:], strict=True):
            beside = compared.get((line[0], line[2]), {})
            assert row[width + 1 :] == [beside.get(each, "") for each in added]
    # A spreadsheet must not take a name for a formula.
    kept = [[f"'{cell}" if cell.startswith("=") else cell for cell in row] for row in answer]
    assert [row[:width] for row in found] == kept


def test_tables_are_sorted_by_mouse_and_keyboard(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    heading = browser.execute_script(
        "const heading = document.querySelector('table[data-name=safest_areas] th[data-name=residents]');"
        "heading.closest('details').open = true; return heading"
    )
    button = heading.find_element(By.TAG_NAME, "button")
    browser.execute_script("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", button)
    button.click()
    assert heading.get_attribute("aria-sort") == "descending"
    numbers = [int(row[5]) for row in table(browser, "safest_areas")]
    assert numbers == sorted((area.residents for area in AREAS), reverse=True)
    button.send_keys(Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "ascending"
    assert [int(row[5]) for row in table(browser, "safest_areas")] == sorted(area.residents for area in AREAS)
    name = browser.find_element(By.CSS_SELECTOR, "table[data-name=safest_areas] th[data-name=name] button")
    name.send_keys(Keys.SPACE)
    assert heading.get_attribute("aria-sort") is None
    assert [row[2] for row in table(browser, "safest_areas")] == sorted(area.name for area in AREAS)


LOOKS: dict[str, dict[str, Any]] = {
    "desk, light": {"width": 1280, "scheme": "light"},
    "desk, dark": {"width": 1280, "scheme": "dark"},
    "phone, light": {"width": 360, "scheme": "light"},
    "phone, dark": {"width": 360, "scheme": "dark"},
}


#: Each width and each scheme once: the checker takes seconds of a core, and the slow tests have all pairs.
QUICK_LOOKS = ("desk, light", "phone, dark")


@pytest.mark.parametrize(
    "look", [pytest.param(name, marks=[] if name in QUICK_LOOKS else pytest.mark.slow) for name in LOOKS]
)
def test_accessible(look: str, browser: Chrome, output: Path, axe: str) -> None:
    width, scheme = LOOKS[look]["width"], LOOKS[look]["scheme"]
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    root = opened(browser, output, "#filter&area=25&area=32&by=per_day")
    choose_day(browser, root, "from", date(2021, 1, 1))
    assert len(table(browser, "compared_area")) == 2
    browser.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    press(browser, browser.find_element(By.CSS_SELECTOR, "#safest_areas [aria-roledescription=chart]"), "End")
    assert tooltip(browser) != ""
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[0];"
        "const told = (each) => each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ');"
        "axe.run(document, { resultTypes: ['violations'] })"
        ".then((result) => done(result.violations.map((each) => `${each.id}: ${told(each)}`)))"
    )
    assert found == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth"), (
        "scrolls sideways"
    )


def test_by_keyboard_alone(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the answers"
    reached = []
    for _ in range(200):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focus = browser.switch_to.active_element
        name = browser.execute_script("return arguments[0].closest('[data-filter]')?.dataset.filter", focus)
        if found := name or focus.get_attribute("name"):
            reached.append(found)
        if found == "area":
            break
    assert reached == ["type", "area"]
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys("austin")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    # a browser makes the list itself a stop where it scrolls
    if browser.switch_to.active_element.get_attribute("type") != "checkbox":
        browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    waited(browser, lambda: root.get_attribute("data-drawn"))
    assert chosen(root, "area") == ["Austin"]
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    summary = browser.switch_to.active_element
    assert summary.tag_name == "summary"
    assert summary.find_element(By.XPATH, "..").get_attribute("open") is None


def test_without_script_the_answers_stand(browser: Chrome, output: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get((output / "report" / "index.html").resolve().as_uri())
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "need JavaScript" in text
    for question in QUESTIONS:
        assert question.wording in text
    assert not browser.find_element(By.CSS_SELECTOR, "form.filters").is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, "[data-chart=clock] svg").is_displayed()
    charts = browser.find_elements(By.CSS_SELECTOR, "figure [role]")
    assert {chart.get_attribute("role") for chart in charts} == {"img"}
    assert not browser.find_elements(By.CSS_SELECTOR, "figure [tabindex]")


def pages(pdf: bytes) -> int:
    """Count the pages of a PDF."""
    assert pdf.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def test_prints_to_pdf(output: Path, tmp_path: Path) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium, Chrome or Edge here")
    pdf = tmp_path / "report.pdf"
    print_page(program, output / "report" / "index.html", pdf)
    assert 4 <= pages(pdf.read_bytes()) <= MOST_PAGES
    assert [each.name for each in tmp_path.iterdir()] == ["report.pdf"]


def test_a_choice_is_printed_on_numbered_pages(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)

    def printed() -> int:
        return pages(base64.b64decode(browser.print_page()))

    whole = printed()
    choose(browser, root, "type", "THEFT")
    choose(browser, root, "area", "Austin")
    choose(browser, root, "area", "The Loop")
    assert whole <= printed() <= MOST_PAGES
    # the browser knows the rule that numbers them, or it would have dropped it
    rules = browser.execute_script(PAGE_MARGINS)
    assert [rule for rule in rules if "counter(page)" in rule and "counter(pages)" in rule]
