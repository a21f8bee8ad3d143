"""The dashboard: the page that is served follows what it shows."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate
from tests.waiting import PATIENCE

COMMAND = [sys.executable, "-c", "from crime_pipelines.cli.main import main; main()"]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run."""
    folder = tmp_path_factory.mktemp("first")
    generate(folder / "first.csv", 800, seed=1, years=3)
    run(str(folder / "first.csv"), folder / "out", max_rejected=1)
    return folder / "out"


@pytest.fixture
def served(first: Path, tmp_path: Path) -> Iterator[tuple[str, Path, subprocess.Popen[str]]]:
    """`crime-pipelines serve` over a copy of a run's output: its address, the output, the process."""
    out = Path(shutil.copytree(first, tmp_path / "out"))
    process = subprocess.Popen(
        [*COMMAND, "serve", str(out), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        found = re.match(r"(http://127\.0\.0\.1:\d+)/ ", said)
        assert found, said
        yield found[1], out, process
    finally:
        process.kill()
        process.communicate()


def get(url: str, host: str | None = None) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def test_an_open_page_shows_a_new_run(
    browser: Chrome, served: tuple[str, Path, subprocess.Popen[str]], tmp_path: Path
) -> None:
    url, out, _ = served
    browser.get(url)
    assert "800 incidents" in browser.find_element(By.CSS_SELECTOR, ".under").text
    generate(tmp_path / "second.csv", 900, seed=2, years=3)
    run(str(tmp_path / "second.csv"), out, max_rejected=1)
    WebDriverWait(browser, PATIENCE, poll_frequency=0.1).until(
        lambda page: (
            "900 incidents"
            in page.execute_script("return document.querySelector('.under')?.textContent ?? ''")
        )
    )
    log = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")] == []


def test_what_is_gone_leaves_the_last_page(served: tuple[str, Path, subprocess.Popen[str]]) -> None:
    url, out, _ = served
    state = json.loads(get(f"{url}/state")[1])
    assert state["problem"] == ""
    (out / "run.json").rename(out / "hidden.json")
    assert "is not a run's output" in json.loads(get(f"{url}/state")[1])["problem"]
    status, page, _ = get(f"{url}/")
    assert status == 200
    assert "800 incidents" in page
    (out / "hidden.json").rename(out / "run.json")
    assert json.loads(get(f"{url}/state")[1]) == state


def test_serves_this_machine_alone(served: tuple[str, Path, subprocess.Popen[str]]) -> None:
    url, _, _ = served
    status, _, headers = get(f"{url}/")
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert get(f"{url}/", host="evil.example")[0] == 421
    assert get(f"{url}/../run.json")[0] == 404
    assert get(f"{url}/report/index.html")[0] == 404


def test_ends_cleanly(served: tuple[str, Path, subprocess.Popen[str]]) -> None:
    url, out, process = served
    get(f"{url}/state")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert errors == f"Making the report of {out} ...\nStopped.\n"


def test_refuses_in_one_line(tmp_path: Path, output: Path) -> None:
    for arguments, said in (
        (["serve", str(tmp_path)], "is not a run's output"),
        (["report", str(tmp_path)], "is not a run's output"),
        (["serve"], "name a DIR, or give --warehouse"),
        (["serve", "x", "--warehouse"], "name a DIR, or give --warehouse"),
        (["report", str(output), "--boundaries", "nowhere.geojson"], "nowhere.geojson: can't be read"),
    ):
        done = subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, arguments
        assert said in done.stderr
        assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []
