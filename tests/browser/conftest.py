"""A real browser, and a real run's report in it.

Chromium and its driver come from the system (Debian: `apt-get install chromium chromium-driver`), the
accessibility checker from npm, pinned in this folder's package-lock.json. What is missing skips the tests
that need it, and says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from crime_pipelines.engines.testing.inputs import row
from crime_pipelines.pipeline import run
from crime_pipelines.report.printing import find_browser
from crime_pipelines.synthetic import generate

HERE = Path(__file__).parent
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(2)</script>",
    '=HYPERLINK("http://evil.example/x")',
    "{{ 7 * 7 }} </title></style>",
)


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here, which brings the accessibility checker axe-core")
    script = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"npm can't fetch axe-core: {done.stderr.strip().splitlines()[-1:]}")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser saves files."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def _session(downloads: Path) -> Iterator[webdriver.Chrome]:
    browser, driver = find_browser(), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip(
            "no Chromium with its chromedriver here (Debian: apt-get install chromium chromium-driver)"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1280,900",
        # no name can be looked up: a page that asks for anything but this machine fails
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    session = webdriver.Chrome(options=options, service=Service(driver))
    # a machine that is busy takes its time; what hangs fails all the same
    session.set_script_timeout(300)
    try:
        yield session
    finally:
        session.quit()


@pytest.fixture
def browser(_session: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The browser, as new."""
    _session.get("about:blank")
    for kind in ("browser", "performance"):
        _session.get_log(kind)  # type: ignore[no-untyped-call]
    yield _session
    _session.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    _session.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    _session.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's output over a made-up file, hostile texts and nulls among it."""
    folder = tmp_path_factory.mktemp("run")
    source = folder / "crimes.csv"
    generate(source, 6_000, seed=11, years=7)
    lines = source.read_text(encoding="utf-8").splitlines()
    known = [name for name in (lines[0].split(",")) if name]
    assert known
    for at, text in enumerate(HOSTILE * 40):
        lines.append(
            row(
                90_000_000 + at,
                Date=f"03/0{at % 9 + 1}/2018 0{at % 10}:15:00 {'PM' if at % 2 else 'AM'}"
                if at % 10
                else "03/05/2018 12:00:00 AM",
                Primary_Type=text if at % 3 else ("THEFT" if at % 2 else ""),
                Location_Description=text,
                Updated_On="04/10/2018 03:50:01 PM",
                Arrest="true" if at % 4 == 0 else "false",
                Community_Area=str(at % 79) if at % 5 else "",
                District="" if at % 3 == 0 else f"{at % 25:03d}",
            )
        )
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = folder / "out"
    run(str(source), out, max_rejected=1)
    return out


@pytest.fixture(scope="session")
def record(output: Path) -> dict[str, Any]:
    """What the run says of itself."""
    found: dict[str, Any] = json.loads((output / "run.json").read_text(encoding="utf-8"))
    return found
