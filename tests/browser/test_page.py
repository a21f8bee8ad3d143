"""The report in a real browser: it opens without a network, and its filters say what SQL says."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.domain.offences import normal_type
from crime_pipelines.questions import QUESTIONS
from crime_pipelines.report.printing import find_browser, print_page
from tests.browser.conftest import HOSTILE

ALL = ""
#: The hostile texts as types of crime: in their normal form.
HOSTILE_TYPES = [str(normal_type(text)) for text in HOSTILE]
Choice = tuple[int | str, str | None, int | str | None]
LATE = "(hour(occurred_at) >= 22 OR hour(occurred_at) < 4)"


def opened(browser: Chrome, output: Path, mark: str = "") -> WebElement:
    """The page, opened from its file, its script done."""
    browser.get((output / "report" / "index.html").resolve().as_uri() + mark)
    root = browser.find_element(By.ID, "explorer")
    waited(browser, lambda: root.get_attribute("data-ready") == "yes")
    return root


def waited(browser: Chrome, holds: Callable[[], object]) -> None:
    WebDriverWait(browser, 30, poll_frequency=0.02).until(lambda _: holds())


def choose(browser: Chrome, root: WebElement, name: str, text: str) -> None:
    """Choose an option as a person does, and wait until the charts are drawn."""
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    Select(root.find_element(By.NAME, name)).select_by_visible_text(text)
    waited(browser, lambda: root.get_attribute("data-drawn"))


def choose_by_value(browser: Chrome, root: WebElement, name: str, value: str) -> None:
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    Select(root.find_element(By.NAME, name)).select_by_value(value)
    browser.execute_script(
        "arguments[0].form.dispatchEvent(new Event('change'))", root.find_element(By.NAME, name)
    )
    waited(browser, lambda: root.get_attribute("data-drawn"))


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


def expected(
    incidents: duckdb.DuckDBPyConnection, choice: Choice, counts: str, rest: str = ""
) -> list[tuple[Any, ...]]:
    year, kind, area = choice
    where, values = ["TRUE"], []
    for column, value in (("year", year), ("primary_type", kind), ("community_area", area)):
        if value != ALL:
            where.append(f"{column} IS NOT DISTINCT FROM ?")
            values.append(value)
    return incidents.execute(
        f"SELECT {counts} FROM incidents WHERE {' AND '.join(where)} {rest}", values
    ).fetchall()


def test_filters_say_what_sql_says(
    browser: Chrome, output: Path, record: dict[str, Any], incidents: duckdb.DuckDBPyConnection
) -> None:
    root = opened(browser, output)
    data = json.loads(browser.find_element(By.ID, "explorer-data").get_attribute("textContent") or "")
    kinds = [
        row[0]
        for row in expected(
            incidents,
            (ALL, ALL, ALL),
            "primary_type, count(*) n",
            "GROUP BY 1 ORDER BY n DESC, 1 NULLS FIRST",
        )
    ]
    areas = [each["area"] for each in data["areas"]]
    assert len(kinds) == len(data["types"])
    chance = random.Random(3)
    choices: list[Choice] = [
        (ALL, ALL, ALL),
        (ALL, None, ALL),
        (ALL, ALL, None),
        (2021, HOSTILE_TYPES[0], ALL),
        *(
            (
                chance.choice([ALL, *data["years"]]),
                chance.choice([ALL, *kinds[:9]]),
                chance.choice([ALL, *areas]),
            )
            for _ in range(12)
        ),
    ]
    residents = {area.number: area.residents for area in AREAS}
    names = {area.number: area.name for area in AREAS}
    first, last = (
        date.fromisoformat(record["data_quality"][f"{end}_occurred_at"][:10]) for end in ("first", "last")
    )
    for choice in choices:
        year, kind, area = choice
        for name, value, options in (
            ("year", year, data["years"]),
            ("type", kind, kinds),
            ("area", area, areas),
        ):
            wanted = "" if value == ALL else str(options.index(value))
            if (
                Select(root.find_element(By.NAME, name)).first_selected_option.get_attribute("value")
                != wanted
            ):
                choose_by_value(browser, root, name, wanted)
        ((number, arrests, late),) = expected(
            incidents, choice, f"count(*), count(*) FILTER (arrest), count(*) FILTER ({LATE})"
        )
        assert [int(slot(root, name)) for name in ("incidents", "arrests", "late")] == [
            number,
            arrests,
            late,
        ], choice
        assert f"{number:,} incident" in root.find_element(By.CSS_SELECTOR, "[data-slot=words]").text

        by_month = dict(expected(incidents, choice, "strftime(occurred_at, '%Y-%m'), count(*)", "GROUP BY 1"))
        shown = {month: int(count) for month, count in table(browser, "selected_months")}
        assert {month: count for month, count in shown.items() if count} == by_month
        assert all(year == ALL or month.startswith(str(year)) for month in shown)

        by_type = {
            row[0]: row[1:]
            for row in expected(
                incidents,
                choice,
                f"primary_type, count(*), count(*) FILTER (arrest), count(*) FILTER ({LATE})",
                "GROUP BY 1",
            )
        }
        rows = table(browser, "selected_types")
        assert len(rows) == len(by_type)
        for label, count, arrested, rate, low, high, at_night in rows:
            position = data["types"].index(label)
            assert (int(count), int(arrested), int(at_night)) == by_type[kinds[position]]
            assert math.isclose(float(rate), int(arrested) / int(count))
            assert float(low) <= float(rate) <= float(high)

        covered = (
            (last - first).days
            if year == ALL
            else (min(last, date(int(year), 12, 31)) - max(first, date(int(year), 1, 1))).days
        ) + 1
        by_area = {
            names.get(row[0], "Area not known"): row
            for row in expected(
                incidents,
                choice,
                f"community_area, count(*), count(*) FILTER (arrest), count(*) FILTER ({LATE})",
                "GROUP BY 1",
            )
        }
        rows = table(browser, "selected_areas")
        assert len(rows) == len(by_area)
        for name, count, arrested, at_night, rate in rows:
            assert (int(count), int(arrested), int(at_night)) == by_area[name][1:]
            if name == "Area not known":
                assert rate == ""
            else:
                wanted_rate = int(at_night) * 1000 * 365.25 / (residents[by_area[name][0]] * covered)
                assert math.isclose(float(rate), wanted_rate, rel_tol=1e-9)

        label = root.find_element(By.CSS_SELECTOR, "[data-chart=clock]").get_attribute("aria-label") or ""
        assert f"{late:,} of {number:,} " in label
    assert problems(browser) == []


def test_over_all_years_the_areas_rates_are_the_answer(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    with (output / "answers" / "safest_areas.csv").open(encoding="utf-8", newline="") as file:
        answer = {row["name"]: row for row in csv.DictReader(file)}
    rows = [row for row in table(browser, "selected_areas") if row[0] in answer]
    assert rows
    for name, _, _, late, rate in rows:
        assert late == answer[name]["late_night_incidents"]
        assert math.isclose(float(rate), float(answer[name]["late_night_per_1000_residents_per_year"]))


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
    assert Select(root.find_element(By.NAME, "area")).first_selected_option.get_attribute("value") != ""
    names = [row[0] for row in table(browser, "selected_areas")]
    assert names == [Select(root.find_element(By.NAME, "area")).first_selected_option.text]


def test_the_choice_survives_in_the_address(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    choose(browser, root, "type", HOSTILE_TYPES[0])
    choose(browser, root, "year", "2021")
    number = slot(root, "incidents")
    mark = "#" + browser.current_url.partition("#")[2]
    browser.get("about:blank")
    root = opened(browser, output, mark)
    waited(browser, lambda: root.get_attribute("data-drawn"))
    assert slot(root, "incidents") == number
    assert Select(root.find_element(By.NAME, "type")).first_selected_option.text == HOSTILE_TYPES[0]
    reset = root.find_element(By.NAME, "everything")
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    reset.send_keys(Keys.ENTER)
    waited(browser, lambda: root.get_attribute("data-drawn"))
    assert "filter" not in browser.current_url
    assert not reset.is_enabled()


def test_hostile_texts_show_as_text(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    for text in HOSTILE_TYPES:
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
    waited(browser, path.exists)
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
        assert found[0][width:] == ["movement"]
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


@pytest.mark.parametrize("look", LOOKS)
def test_accessible(look: str, browser: Chrome, output: Path, axe: str) -> None:
    width, scheme = LOOKS[look]["width"], LOOKS[look]["scheme"]
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    root = opened(browser, output)
    choose(browser, root, "year", "2021")
    browser.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
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
        name = browser.switch_to.active_element.get_attribute("name")
        if name:
            reached.append(name)
        if name == "area":
            break
    assert reached == ["year", "type", "area"]
    browser.execute_script("delete arguments[0].dataset.drawn", root)
    browser.switch_to.active_element.send_keys("Aus")
    waited(browser, lambda: root.get_attribute("data-drawn"))
    assert Select(root.find_element(By.NAME, "area")).first_selected_option.text == "Austin"


def test_without_script_the_answers_stand(browser: Chrome, output: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get((output / "report" / "index.html").resolve().as_uri())
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "need JavaScript" in text
    for question in QUESTIONS:
        assert question.wording in text
    assert not browser.find_element(By.CSS_SELECTOR, "form.filters").is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, "[data-chart=clock] svg").is_displayed()


def test_prints_to_pdf(output: Path, tmp_path: Path) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium, Chrome or Edge here")
    pdf = tmp_path / "report.pdf"
    print_page(program, output / "report" / "index.html", pdf)
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") >= 8
    assert [each.name for each in tmp_path.iterdir()] == ["report.pdf"]
