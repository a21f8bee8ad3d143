"""Whatever names a rule is built from the rule's constants: changed there, the old wording is nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.copies import command, copy_of_the_package, replace_in

#: The wordings of the rules as they stand, which must be gone once the rules are others.
WINDOW = re.compile(r"22:00|21:59|03:59|04:00(?!:\d\d [AP]M)|10 pm|4 am", re.IGNORECASE)
YEARS = re.compile(
    r"2016\s*(?:-|\u2013|to)\s*2019|(?:2016|2019)(?:\W+\w+){0,10}\W+arrest|arrest(?:\W+\w+){0,10}\W+(?:2016|2019)"
)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with another window and other years, and a run's output by it."""
    folder = tmp_path_factory.mktemp("changed")
    copy_of_the_package(folder)
    domain = folder / "crime_pipelines" / "domain"
    replace_in(
        domain / "night.py",
        {"START_HOUR: Final = 22": "START_HOUR: Final = 21", "END_HOUR: Final = 4": "END_HOUR: Final = 5"},
    )
    replace_in(domain / "periods" / "arrest_years.py", {"= 2016": "= 2017", "= 2019": "= 2018"})
    command(folder, "generate", "in.csv", "--rows", "3000", "--years", "9", "--seed", "3")
    (folder / "printed.txt").write_text(command(folder, "run", "in.csv", "--out", "out"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("wording", [WINDOW, YEARS], ids=["window", "years"])
def test_no_old_wording_is_left(wording: re.Pattern[str], changed: Path) -> None:
    page = (changed / "out" / "report" / "index.html").read_text(encoding="utf-8")
    # what is counted by year and by hour names every year and hour
    text = re.sub(r"<script.*?</script>|<svg.*?</svg>|<table.*?</table>", " ", page, flags=re.DOTALL)
    for said in (re.sub(r"<[^>]*>", " ", text), (changed / "printed.txt").read_text(encoding="utf-8")):
        assert wording.findall(said) == []


def test_the_new_wordings_are_there(changed: Path) -> None:
    said = (changed / "printed.txt").read_text(encoding="utf-8")
    assert "21:00-05:00" in said
    assert "2017-2018" in said
