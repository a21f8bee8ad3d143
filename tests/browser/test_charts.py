"""The charts in a real browser: every mark answers to the mouse, to a finger and to the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from tests.browser.charts import charts, is_whole, marks, point, press, spoken, tooltip, touch
from tests.browser.test_page import choose, opened, problems, table, waited

#: Charts of the answers and analyses: two of months, three years of thefts, two of the trend, a map and two
#: ends of the areas, arrests, forecasts, the week.
FIXED = 13
LIVE = ("months", "clock", "map")
WIDTHS = [1280, 360]


def resized(browser: Chrome, width: int) -> None:
    """Make the window as wide as a screen or a phone."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def one_line(words: str) -> str:
    """As a screen reader is given it."""
    return words.replace("\n", "; ")


def plain(text: str) -> str:
    """As WebDriver gives a text: with plain spaces."""
    return text.replace("\u00a0", " ").replace("\u2009", " ")


@pytest.mark.parametrize("width", WIDTHS)
def test_every_mark_answers_to_the_mouse(width: int, browser: Chrome, output: Path) -> None:
    resized(browser, width)
    opened(browser, output)
    fixed = [each for each in charts(browser) if not each.get_attribute("data-chart")]
    assert len(fixed) == FIXED
    for chart in fixed:
        found = marks(browser, chart)
        section = chart.find_element(By.XPATH, "./ancestor::section").get_attribute("id")
        told = 0
        # first, last and some between: all 168 of the week would say no more
        for at in {0, 1, len(found) // 3, len(found) // 2, len(found) - 1} & set(range(len(found))):
            x, y, words = found[at]
            if not 0 < y < 800:  # of a chart that is higher than the window
                continue
            point(browser, x, y)
            said = plain(tooltip(browser))
            if section == "safest_areas" and said != plain(words):
                continue  # the middle of a bent area may lie outside it
            assert said == plain(words)
            assert is_whole(browser), words
            told += 1
        assert told >= min(len(found), 2), section
    point(browser, 1, 1)
    assert tooltip(browser) == ""
    assert problems(browser) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_chart_is_read_by_keyboard(width: int, browser: Chrome, output: Path) -> None:
    resized(browser, width)
    opened(browser, output)
    for chart in charts(browser):
        if chart.get_attribute("data-chart"):
            continue
        told = [words for _, _, words in marks(browser, chart)]
        assert chart.get_attribute("tabindex") == "0"
        assert len(chart.get_attribute("aria-label") or "") > 40
        for keys, at in (
            (["ArrowRight"], 0),
            (["ArrowLeft"], 0),
            (["End"], len(told) - 1),
            (["ArrowRight"], len(told) - 1),
            (["Home", "ArrowRight", "ArrowRight"], min(2, len(told) - 1)),
            (["End", "ArrowLeft"], max(0, len(told) - 2)),
        ):
            press(browser, chart, *keys)
            assert spoken(browser) == one_line(told[at])
            assert plain(tooltip(browser)) == plain(told[at])
            assert is_whole(browser), told[at]
        press(browser, chart, "Escape")
        assert tooltip(browser) == ""
        press(browser, chart, "Home")
        assert tooltip(browser) != ""
        browser.execute_script("document.activeElement.blur()")
        assert tooltip(browser) == ""
    assert problems(browser) == []


def test_the_week_is_walked_by_day_and_hour(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    chart = browser.find_element(By.CSS_SELECTOR, "#weekday_hours .wide")
    browser.execute_script("arguments[0].scrollIntoView()", chart)
    names = []
    for keys in (["Home"], ["ArrowDown"], ["ArrowRight"], ["ArrowUp"], ["ArrowUp"], ["End"], ["ArrowDown"]):
        press(browser, chart, *keys)
        names.append(spoken(browser).partition(";")[0])
    assert names == [
        *("Monday 00:00", "Tuesday 00:00", "Tuesday 01:00", "Monday 01:00", "Monday 01:00"),
        *("Sunday 23:00", "Sunday 23:00"),
    ]


def test_charts_are_stops_of_the_tab_key_in_order(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    link = browser.find_element(By.CSS_SELECTOR, ".onward a")
    browser.execute_script("arguments[0].focus()", link)
    link.send_keys(Keys.TAB)
    focus = browser.switch_to.active_element
    assert focus == charts(browser)[0]
    assert focus.get_attribute("role") == "application"
    focus.send_keys(Keys.HOME)
    assert spoken(browser) == one_line(marks(browser, focus)[0][2])
    # keys that belong to the browser stay its own
    before = tooltip(browser)
    focus.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT)
    assert tooltip(browser) == before


def test_the_nearest_month_is_meant(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    chart = charts(browser)[0]
    found = marks(browser, chart)
    box = chart.rect
    bottom = browser.execute_script("return arguments[0].getBoundingClientRect().bottom", chart) - 40
    for x, _, words in found[:: len(found) // 7]:
        point(browser, x + 2, bottom)
        assert plain(tooltip(browser)) == plain(words)
    assert box["width"] > 500


def test_outside_the_city_the_map_says_nothing(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    chart = browser.find_element(By.CSS_SELECTOR, "#safest_areas [aria-roledescription=chart]")
    x, y, words = marks(browser, chart)[30]
    point(browser, x, y)
    assert plain(tooltip(browser)) == plain(words)
    left, bottom = browser.execute_script(
        "const box = arguments[0].getBoundingClientRect(); return [box.right - 4, box.top + 4]", chart
    )
    point(browser, left, bottom)
    assert tooltip(browser) == ""


def test_an_area_is_hit_below_its_name(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    chart = browser.find_element(By.CSS_SELECTOR, "#safest_areas [aria-roledescription=chart]")
    marks(browser, chart)
    names: list[tuple[float, float]] = browser.execute_script(
        "return [...arguments[0].querySelectorAll('text')].filter((text) => text.textContent.match(/[a-z]/))"
        ".map((text) => text.getBoundingClientRect())"
        ".map((box) => [box.x + box.width / 2, box.y + box.height / 2])",
        chart,
    )
    told = []
    for x, y in names:
        point(browser, x, y)
        told.append(tooltip(browser))
    assert names
    assert any(told)


def test_a_finger_opens_and_closes(browser: Chrome, output: Path) -> None:
    resized(browser, 360)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        opened(browser, output)
        chart = charts(browser)[0]
        x, y, words = marks(browser, chart)[10]
        touch(browser, x, y)
        waited(browser, lambda: plain(tooltip(browser)) == plain(words))
        assert is_whole(browser)
        touch(browser, 5, 5)
        waited(browser, lambda: tooltip(browser) == "")
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_the_charts_of_the_filters_are_read_by_keyboard(browser: Chrome, output: Path) -> None:
    root = opened(browser, output)
    choose(browser, root, "type", "THEFT")
    months = root.find_element(By.CSS_SELECTOR, "[data-chart=months]")
    rows = [row for row in table(browser, "selected_months") if row[1] != "0"]
    for keys, (month, count, *_) in ((["Home"], rows[0]), (["ArrowRight"], rows[1]), (["End"], rows[-1])):
        press(browser, months, *keys)
        assert spoken(browser) == f"Month: {month}; Incidents: {int(count):,}"
        assert is_whole(browser)
    for name in LIVE:
        chart = root.find_element(By.CSS_SELECTOR, f"[data-chart={name}]")
        assert chart.get_attribute("aria-roledescription") == "chart"
        press(browser, chart, "End")
        assert tooltip(browser).splitlines()[-1].startswith("Incidents: ")
    # what is no longer true is not left standing
    choose(browser, root, "area", "Austin")
    assert tooltip(browser) == ""


def test_words_beside_a_mark_are_not_printed(browser: Chrome, output: Path) -> None:
    opened(browser, output)
    press(browser, charts(browser)[0], "End")
    assert tooltip(browser) != ""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return getComputedStyle(document.querySelector('.tooltip')).display"
    assert browser.execute_script(shown) == "none"
