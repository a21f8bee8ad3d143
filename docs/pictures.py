"""`python docs/pictures.py`: draw the documentation's pictures from real runs, with Chromium and every extra.

`--check` says whether they are older than the code that draws what they show.
"""

from __future__ import annotations

import hashlib
import io
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

import crime_pipelines

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
_DIGEST = IMAGES / "code.sha256"
_DRAWN_BY = (
    "crime_pipelines/localcloud/demos",
    "crime_pipelines/report",
    "crime_pipelines/dashboard",
    "crime_pipelines/synthetic",
    "docs/pictures.py",
)
SUFFIXES = frozenset({".py", ".js", ".css", ".jinja"})
_PROGRAM = Path(sys.executable).with_name("crime-pipelines")
_ROWS = 60_000
_DEMO_ROWS = 20_000
_GREATEST_BYTES = 400_000
_PATIENCE = 900
_SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def digest() -> str:
    """Return a digest of the code that draws the pictures."""
    found = hashlib.sha256()
    for name in _DRAWN_BY:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and path.suffix in SUFFIXES:
                found.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def draw() -> None:
    """Draw the head of a report, the dashboard, and a demonstration as its terminal shows it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = crime_pipelines.generate(folder / "crimes.csv.gz", _ROWS)
        out = crime_pipelines.run(made.path, folder / "out").out
        pictures = {
            "report.png": _shot((out / "report" / "index.html").as_uri(), (1200, 1250), "top"),
            "dashboard.png": _dashboard(out),
            "demo.svg": _demo(folder),
        }
    for name, content in pictures.items():
        if len(content) > _GREATEST_BYTES:
            sys.exit(f"{name} has {len(content):,} bytes, more than {_GREATEST_BYTES:,}")
    IMAGES.mkdir(exist_ok=True)
    for name, content in pictures.items():
        (IMAGES / name).write_bytes(content)
    _DIGEST.write_text(f"{digest()}\n", encoding="utf-8")


def _shot(address: str, size: tuple[int, int], part: str) -> bytes:
    """Return a picture of a page from the head of one of its parts on, as PNG."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-sandbox"):
        options.add_argument(argument)
    with webdriver.Chrome(options) as browser:
        browser.set_window_size(*size)
        browser.get(address)
        WebDriverWait(browser, 60).until(
            lambda _: browser.execute_script(
                "return document.getElementById('explorer').dataset.ready === 'yes'"
            )
        )
        browser.execute_script(f"document.getElementById({part!r}).scrollIntoView({{behavior: 'instant'}})")
        return browser.get_screenshot_as_png()


def _dashboard(out: Path) -> bytes:
    """Return a picture of the filters of a served report, with choices made by its address."""
    command = [_PROGRAM, "serve", str(out), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout
            said = next(found for line in server.stdout if (found := re.search(r"http://\S+/", line)))
            chosen = "#filter&type=THEFT&type=ROBBERY&area=8&area=25&area=32&from=2021-01&to=2021-10"
            return _shot(said[0] + chosen, (1200, 1250), "explorer")
        finally:
            server.send_signal(signal.SIGINT)


def _demo(folder: Path) -> bytes:
    """Return what a demonstration of the first architecture prints, as SVG."""
    command = ["demo", "--architecture", "1", "--rows", str(_DEMO_ROWS), "--out", "out-demo"]
    done = subprocess.run(
        [_PROGRAM, *command], cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=True
    )
    console = Console(record=True, width=110, file=io.StringIO())
    console.print(Text(f"$ crime-pipelines {' '.join(command)}", style="bold"))
    console.print(Text(done.stdout.rstrip()))
    return console.export_svg(title="crime-pipelines demo", code_format=_SVG, unique_id="demo").encode()


def is_current() -> bool:
    """Tell whether the pictures were drawn by the code as it is now."""
    return _DIGEST.is_file() and _DIGEST.read_text(encoding="utf-8").strip() == digest()


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if is_current() else "docs/images: older than the code that draws them; run make pictures")
    draw()
