"""Numbers, dates and times as locales write them, in texts that stay English."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from babel.numbers import parse_decimal
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import crime_pipelines
from crime_pipelines.cli.main import cli
from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.errors import InputError
from crime_pipelines.output.reader import read_output
from crime_pipelines.report import Extras, chart_files, formatting
from crime_pipelines.report.formatting import MINUS, NBSP, in_locale
from crime_pipelines.support.locales import Writing, write_as, writing, written_as
from crime_pipelines.support.progress import Silent
from crime_pipelines.synthetic import generate
from tests.waiting import PATIENCE

NNBSP = "\u202f"
#: Each locale's ways: a count, a percentage, a change, a day, a time, the late-night hours.
WAYS = {
    None: ("1,234,567", f"12.3{NBSP}%", f"{MINUS}0.7{NBSP}%", "11 November 2021", "23:30", "22:00-04:00"),
    "en-US": ("1,234,567", "12.3%", f"{MINUS}0.7%", "November 11, 2021", "11:30 pm", "10 pm-4 am"),
    "en-GB": ("1,234,567", "12.3%", f"{MINUS}0.7%", "11 November 2021", "23:30", "22:00-04:00"),
    "de-DE": ("1.234.567", f"12,3{NBSP}%", f"{MINUS}0,7{NBSP}%", "11 November 2021", "23:30", "22:00-04:00"),
    "de_CH": ("1\u2019234\u2019567", "12.3%", f"{MINUS}0.7%", "11 November 2021", "23:30", "22:00-04:00"),
    "fr-FR": (
        *(f"1{NNBSP}234{NNBSP}567", f"12,3{NBSP}%", f"{MINUS}0,7{NBSP}%"),
        *("11 November 2021", "23:30", "22:00-04:00"),
    ),
    "es-ES": ("1.234.567", f"12,3{NBSP}%", f"{MINUS}0,7{NBSP}%", "11 November 2021", "23:30", "22:00-04:00"),
    "fi-FI": (
        *(f"1{NBSP}234{NBSP}567", f"12,3{NBSP}%", f"{MINUS}0,7{NBSP}%"),
        *("11 November 2021", "23.30", "22.00-04.00"),
    ),
    "tr-TR": ("1.234.567", "%12,3", f"{MINUS}%0,7", "11 November 2021", "23:30", "22:00-04:00"),
    "fr-CA": (
        *(f"1{NBSP}234{NBSP}567", f"12,3{NBSP}%", f"{MINUS}0,7{NBSP}%"),
        *("11 November 2021", "23 h 30", "22 h 00-04 h 00"),
    ),
    "hi-IN": ("12,34,567", "12.3%", f"{MINUS}0.7%", "11 November 2021", "11:30 pm", "10 pm-4 am"),
    "ja-JP": ("1,234,567", "12.3%", f"{MINUS}0.7%", "2021 November 11", "23:30", "22:00-04:00"),
}


@pytest.fixture(autouse=True)
def own_way_afterwards() -> Iterator[None]:
    """A command line chooses the locale for its process, which here goes on."""
    yield
    write_as(None)


@pytest.mark.parametrize("name", WAYS)
def test_each_locale_has_its_ways(name: str | None) -> None:
    with written_as(name):
        assert (
            formatting.count(1_234_567),
            formatting.percent(0.123),
            formatting.change(-0.007),
            formatting.day(date(2021, 11, 11)),
            formatting.moment(datetime(2021, 11, 11, 23, 30)).rpartition(", ")[2],
            in_locale(LATE_NIGHT),
        ) == WAYS[name]
    assert writing() is None


@pytest.mark.parametrize("name", [name for name in WAYS if name])
@given(value=st.integers(-(10**9), 10**9), digits=st.integers(0, 4))
def test_a_number_parses_back(name: str, value: int, digits: int) -> None:
    number = Decimal(value).scaleb(-digits)
    text = Writing(name).number(f"{number:,f}")
    locale = Locale.parse(name.replace("_", "-"), sep="-")
    group = locale.number_symbols["latn"]["group"]
    parsed = parse_decimal(text.replace("\u2019", group), locale=locale)
    assert (parsed, -int(parsed.as_tuple().exponent)) == (number, digits)


@pytest.mark.parametrize("name", ["xx", "en-XX", "C", "../etc", "", " ", "deutsch"])
def test_an_unknown_locale_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(InputError, match=r"^--locale .*: there is no such locale; give [^\n]*$"):
        Writing(name)


@pytest.mark.parametrize(
    ("wording", "in_german"),
    [
        (f"95{NBSP}% interval", f"95{NBSP}% interval"),
        (f"12,3{NBSP}% of 1.234", f"12,3{NBSP}% of 1.234"),
        ("per 1,000 residents a year", "per 1.000 residents a year"),
        ("in years of 365.25 days", "in years of 365,25 days"),
        ("a place called 1,000 OAKS at 0.5", "a place called 1,000 OAKS at 0.5"),
    ],
)
def test_a_wording_of_our_own_is_written_once(wording: str, in_german: str) -> None:
    assert in_locale(wording) == wording
    with written_as("de-DE"):
        assert in_locale(in_locale(wording)) == in_locale(wording) == in_german


@pytest.mark.parametrize(
    ("value", "number"), [(0.1234, "0,1234"), (12_345.6, "12.346"), (1.2e-7, "1.2e\u221207")]
)
def test_numbers_of_any_size(value: float, number: str) -> None:
    with written_as("de-DE"):
        assert formatting.number(value) == number


def written(folder: Path) -> dict[str, bytes]:
    """The files of an output that programs read, but for what a run says of its time."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for name in ("answers", "analysis", "rejects")
        for path in (folder / name).rglob("*")
        if path.is_file()
    }


def test_a_run_prints_and_draws_in_the_locale_and_computes_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    generate(Path("in.csv"), 4_000, seed=3)
    as_ever = CliRunner().invoke(cli, ["run", "in.csv", "--out", "ever"], catch_exceptions=False)
    monkeypatch.setenv("CRIME_PIPELINES_LOCALE", "de-DE")
    german = CliRunner().invoke(cli, ["run", "in.csv", "--out", "german"], catch_exceptions=False)
    assert "in.csv: 4,000 rows read" in as_ever.stdout
    assert "in.csv: 4.000 rows read" in german.stdout
    assert written(Path("ever")) == written(Path("german"))
    page = Path("german/report/index.html").read_text(encoding="utf-8")
    assert "per 1.000 residents" in page
    assert '"locale":"de-DE-u-nu-latn"' in page
    assert '"locale"' not in Path("ever/report/index.html").read_text(encoding="utf-8")


#: A time of a day of 24 hours, but for moments of ISO 8601 and lengths of time.
TIME_OF_24_HOURS = re.compile(r"(?<![\d:T])(?:[01]\d|2[0-3]):[0-5]\d(?![\d:]| [ap]m\b)")


@pytest.mark.parametrize(
    "name", ["en-US", *(pytest.param(name, marks=pytest.mark.slow) for name in ("hi-IN", "en-AU"))]
)
def test_where_a_day_has_twice_twelve_hours_no_other_times_are_written(name: str, tmp_path: Path) -> None:
    made = generate(tmp_path / "in.csv", 4_000, seed=3).path
    result = crime_pipelines.run(made, tmp_path / "out", locale=name)
    page = (result.out / "report" / "index.html").read_text(encoding="utf-8")
    library = max(re.findall(r"<script>.*?</script>", page, re.DOTALL), key=len)
    assert TIME_OF_24_HOURS.findall(page.replace(library, "")) == []
    charts = dict(texts_of(page))
    assert charts["clock"] == [f"{hour} {half}" for half in ("am", "pm") for hour in (12, 3, 6, 9)]
    assert charts["weekday_hours"][:4] == ["12 am", "6 am", "12 pm", "6 pm"]
    assert "10 pm-4 am" in page
    with written_as(name):
        output = read_output(result.out)
        files = dict(
            chart_files(
                output.record, output.answers, Extras(output.beside, analyses=output.analyses), ("svg",)
            )
        )
    assert files
    for file, content in files.items():
        assert TIME_OF_24_HOURS.findall(content.decode()) == [], file


def texts_of(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each chart of a page that has hours, with their texts in its narrow drawing, in order."""
    for name, place in (("clock", 'data-chart="clock"'), ("weekday_hours", 'id="weekday_hours"')):
        drawn = re.search(rf"{place}.*?</svg>", page, re.DOTALL)
        assert drawn, name
        texts = re.findall(r"<text[^>]*>(\d[^<]*)</text>", drawn[0])
        yield name, sorted(texts, key=HOURS.index) if name == "clock" else texts


HOURS = [f"{hour} {half}" for half in ("am", "pm") for hour in (12, 3, 6, 9)]


@pytest.mark.parametrize("name", sorted({name.partition("_")[0] for name in locale_identifiers()}))
def test_every_language_has_a_way_to_write_times(name: str) -> None:
    way = Writing(name)
    for hour in range(24):
        text = way.time(time(hour, 5))
        hours, minutes = re.findall(r"\d+", text)
        assert (int(hours), minutes) == ((hour % 12 or 12) if way.has_am_pm else hour, "05")
        assert text.endswith((" am", " pm")) is way.has_am_pm


def test_the_configuration_file_sets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("crime-pipelines.toml").write_text('locale = "nowhere"\n')
    refused = CliRunner().invoke(cli, ["layout", "list"])
    assert isinstance(refused.exception, InputError)
    assert str(refused.exception).startswith("--locale nowhere: there is no such locale")


def ways_of_the_page(out: Path) -> tuple[bool, bool]:
    """Tell whether a report writes numbers as Germans do, and whether it writes them our own way."""
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    return "per 1.000 residents" in page, "per 1,000 residents" in page


GERMAN = (True, False)
OURS = (False, True)


class Nested(Silent):
    """Starts another run while one is under way, in the same thread, as a hook of a program might."""

    def __init__(self, source: Path, out: Path, locale: str | None) -> None:
        self._inner = (source, out, locale)
        self.result: crime_pipelines.RunResult | None = None

    def stage(self, name: str) -> None:
        if name == "report" and self.result is None:
            source, out, locale = self._inner
            self.result = crime_pipelines.run(source, out, locale=locale, analyses=False)


@pytest.mark.parametrize(
    ("outer", "inner", "pages"),
    [
        ("de-DE", None, (GERMAN, OURS)),
        (None, "de-DE", (OURS, GERMAN)),
        pytest.param("de-DE", "de-DE", (GERMAN, GERMAN), marks=pytest.mark.slow),
        pytest.param(None, None, (OURS, OURS), marks=pytest.mark.slow),
    ],
)
def test_a_run_within_a_run_has_its_own_locale(
    tmp_path: Path, outer: str | None, inner: str | None, pages: tuple[object, object]
) -> None:
    made = generate(tmp_path / "in.csv", 2_000, seed=3).path
    nested = Nested(made, tmp_path / "inner", inner)
    crime_pipelines.run(made, tmp_path / "outer", locale=outer, analyses=False, progress=nested)
    assert (ways_of_the_page(tmp_path / "outer"), ways_of_the_page(tmp_path / "inner")) == pages
    assert writing() is None


class Meeting(Silent):
    """Lets runs in several threads begin their reports together."""

    def __init__(self, threads: threading.Barrier) -> None:
        self._threads = threads

    def stage(self, name: str) -> None:
        if name == "report":
            self._threads.wait(PATIENCE)


def test_runs_in_several_threads_have_a_locale_each(tmp_path: Path) -> None:
    made = generate(tmp_path / "in.csv", 2_000, seed=3).path
    together = threading.Barrier(3)

    def run(name: str, locale: str | None) -> crime_pipelines.RunResult:
        return crime_pipelines.run(
            made, tmp_path / name, locale=locale, analyses=False, progress=Meeting(together)
        )

    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(run, f"out{at}", locale) for at, locale in enumerate(("de-DE", None, "de-DE"))]
        results = [each.result() for each in runs]
    assert [ways_of_the_page(each.out) for each in results] == [GERMAN, OURS, GERMAN]
    shown = [each._repr_html_() for each in results]
    assert ["2.000 rows read" in each for each in shown] == [True, False, True]
    assert ["2,000 rows read" in each for each in shown] == [False, True, False]
    assert writing() is None


def test_a_run_does_not_follow_the_locale_around_it(tmp_path: Path) -> None:
    made = generate(tmp_path / "in.csv", 2_000, seed=3).path
    with written_as("de-DE"):
        result = crime_pipelines.run(made, tmp_path / "out", analyses=False)
        assert formatting.count(2_000) == "2.000"
    assert ways_of_the_page(result.out) == OURS


def test_a_run_refuses_an_unknown_locale_and_writes_nothing(tmp_path: Path) -> None:
    made = generate(tmp_path / "in.csv", 200, seed=3).path
    with pytest.raises(InputError, match=r"^--locale nowhere: there is no such locale; give [^\n]*$"):
        crime_pipelines.run(made, tmp_path / "out", locale="nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert writing() is None


def test_a_thread_of_a_command_follows_the_command() -> None:
    write_as("de-DE")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(formatting.count, 2_000).result() == "2.000"
    with written_as(None):
        assert formatting.count(2_000) == "2,000"
    assert formatting.count(2_000) == "2.000"
