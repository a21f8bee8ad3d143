"""Pointing at a chart's marks, as a reader does: with the mouse, a finger or the keyboard."""

from __future__ import annotations

from typing import Any

from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

CENTRE = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })"
#: The places of a chart's marks in the window, and what each of them should say.
_MARKS = """
const marks = arguments[0].querySelectorAll("[data-mark]");
const words = arguments[0].closest("[data-marks]").dataset.marks.split("\\n\\n");
return [...marks].map((mark, at) => {
  const { x, y, width, height } = mark.getBoundingClientRect();
  return [x + width / 2, y + height / 2, words[at]];
});
"""
_KEYS = {"Home": Keys.HOME, "End": Keys.END, "Escape": Keys.ESCAPE} | {
    name: getattr(Keys, f"ARROW_{name[5:].upper()}")
    for name in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown")
}


def charts(browser: Chrome) -> list[WebElement]:
    """The charts that are shown in this width of the window."""
    found = browser.find_elements(By.CSS_SELECTOR, "[aria-roledescription=chart]")
    return [chart for chart in found if chart.is_displayed()]


def marks(browser: Chrome, chart: WebElement) -> list[tuple[float, float, str]]:
    """Bring a chart into sight; the middle of each of its marks in the window, and its words."""
    browser.execute_script(CENTRE, chart)
    found: list[Any] = browser.execute_script(_MARKS, chart)
    return [(x, y, words) for x, y, words in found]


def point(browser: Chrome, x: float, y: float) -> None:
    """Move the mouse."""
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})


def touch(browser: Chrome, x: float, y: float) -> None:
    """Tap with a finger."""
    for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def press(browser: Chrome, chart: WebElement, *keys: str) -> None:
    """Give a chart the focus, and press keys by their names."""
    browser.execute_script("arguments[0].focus({ preventScroll: true })", chart)
    for key in keys:
        chart.send_keys(_KEYS[key])


def tooltip(browser: Chrome) -> str:
    """The lines beside a mark; empty where none are shown."""
    return browser.find_element(By.CSS_SELECTOR, ".tooltip").text


def spoken(browser: Chrome) -> str:
    """The words that a screen reader was given last."""
    return browser.execute_script(  # type: ignore[no-any-return]
        "return document.querySelector('main > [role=status]').textContent"
    )


def is_whole(browser: Chrome) -> bool:
    """Tell whether the words beside a mark lie in the window, and the page does not scroll sideways."""
    return bool(
        browser.execute_script(
            "const box = document.querySelector('.tooltip').getBoundingClientRect();"
            "const { clientWidth, scrollWidth } = document.documentElement;"
            "return box.width > 0 && box.left >= 0 && box.right <= clientWidth && box.top >= 0"
            " && box.bottom <= innerHeight && scrollWidth <= innerWidth;"
        )
    )
