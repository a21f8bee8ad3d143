"""Publishing: no small count is given away, whatever is added up and taken from one another."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from crime_pipelines.analysis.disclosure import LEAST, LEAST_SENSITIVE, hidden_rows, shown_of_ranked
from crime_pipelines.cli.main import cli
from crime_pipelines.domain.offences import is_sensitive
from crime_pipelines.errors import InputError
from crime_pipelines.output.exports import export
from crime_pipelines.output.publishing import Published
from crime_pipelines.output.reader import Output, read_output
from crime_pipelines.report.extras import Extras
from crime_pipelines.report.page import page_text, write_public
from tests.unit.test_report import answers_of, extras_of, record_of

Records = list[dict[str, Any]]
COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 60), st.integers(0, 5_000))
QUALITY = {
    "first_occurred_at": datetime(2016, 12, 1, 3, 7),
    "last_occurred_at": datetime(2021, 11, 11, 23, 30),
}


def bounds(cells: Sequence[int], hidden: Sequence[int], least: Sequence[int], at: int) -> tuple[int, int]:
    """The least and the most that a hidden cell can be for a reader who knows all that could be known.

    The reader knows every cell shown, the sum of all, which cells are hidden, which of them are small and
    which is the large one among them: more than anybody does.
    """
    kept = [position for position in range(len(cells)) if position not in hidden]
    rest = sum(cells) - sum(cells[position] for position in kept)
    ranges = [
        (0, least[position] - 1) if cells[position] < least[position] else (least[position], None)
        for position in hidden
    ]
    ends = []
    for sign in (1, -1):
        aim = np.zeros(len(hidden))
        aim[hidden.index(at)] = sign
        found = linprog(aim, A_eq=np.ones((1, len(hidden))), b_eq=[rest], bounds=ranges)
        assert found.success
        ends.append(round(sign * found.fun))
    return ends[0], ends[1]


@given(st.lists(st.tuples(COUNTS, COUNTS, st.sampled_from([LEAST, LEAST_SENSITIVE])), max_size=12))
def test_no_small_count_of_a_table_can_be_recovered(rows: list[tuple[int, int, int]]) -> None:
    counts, least = [row[:2] for row in rows], [row[2] for row in rows]
    hidden = sorted(hidden_rows(counts, least))
    small = [at for at, row in enumerate(counts) if min(row) < least[at]]
    assert set(small) <= set(hidden)
    if not small:
        assert hidden == []
    if len(hidden) == len(rows):
        return  # nothing is shown, not even how many there are
    for measure in (0, 1):
        cells = [row[measure] for row in counts]
        for at in small:
            if cells[at] < least[at]:
                low, high = bounds(cells, hidden, least, at)
                assert (low, high) == (0, least[at] - 1)


@given(st.lists(COUNTS, max_size=10))
def test_no_small_count_of_a_ranking_can_be_recovered(numbers: list[int]) -> None:
    counts = sorted(numbers, reverse=True)
    shown = shown_of_ranked(counts, LEAST)
    assert all(count >= LEAST for count in counts[:shown])
    assert shown in {0, len(counts)} or shown < len([count for count in counts if count >= LEAST])
    if 0 < shown < len(counts):
        # below the last rank shown, the largest hidden count may be so much more or less
        assert counts[shown - 1] - counts[shown] >= LEAST - 1
        hidden = list(range(shown, len(counts)))
        for at in hidden:
            if counts[at] < LEAST:
                assert bounds(counts, hidden, [LEAST] * len(counts), at) == (0, LEAST - 1)


def attack(every: Mapping[str, Records], shown: Mapping[str, Records]) -> list[int]:
    """Try to recover small counts of all answers from what is shown of them together and all true totals.

    Returns:
        The rows of the types that are not shown.
    """
    rows = every["arrest_rates"]
    types = {row["primary_type"] for row in shown["arrest_rates"]}
    hidden = [at for at, row in enumerate(rows) if row["primary_type"] not in types]
    least = [LEAST_SENSITIVE if is_sensitive(row["primary_type"]) else LEAST for row in rows]
    attack_cells([row["arrests"] for row in rows], hidden, least)
    attack_cells([row["incidents"] - row["arrests"] for row in rows], hidden, least)
    thefts: defaultdict[int, list[int]] = defaultdict(list)
    for row in every["theft_locations"]:
        thefts[row["year"]].append(row["thefts"])
    ranks = Counter(row["year"] for row in shown["theft_locations"])
    for year, counts in thefts.items():
        attack_cells(counts, range(ranks[year], len(counts)), [LEAST] * len(counts))
    months = sum(row["incidents"] for row in shown["monthly_trend"])
    if shown["safest_areas"]:
        elsewhere = months - sum(row["incidents"] for row in shown["safest_areas"])
        assert elsewhere <= 0 or elsewhere >= LEAST_SENSITIVE
        assert all(row["late_night_incidents"] >= LEAST for row in shown["safest_areas"])
    assert all(row["incidents"] >= LEAST for row in shown["monthly_trend"])
    return hidden


def attack_cells(cells: Sequence[int], hidden: Sequence[int], least: Sequence[int]) -> None:
    small = [at for at, cell in enumerate(cells) if cell < least[at]]
    assert set(small) <= set(hidden)
    for at in small if len(hidden) < len(cells) else ():
        assert bounds(cells, hidden, least, at) == (0, least[at] - 1)


def published(**rows: Any) -> Published:
    return Published.of(record_of(QUALITY), answers_of(**rows), {})


def test_types_are_left_out_by_their_arrests_and_by_what_they_are() -> None:
    rows = [
        ("NARCOTICS", 800, 798, 0.9, 0.9, 0.9),
        ("HOMICIDE", 40, 31, 0.7, 0.7, 0.7),
        ("GAMBLING", 40, 31, 0.7, 0.7, 0.7),
        (None, 40, 31, 0.7, 0.7, 0.7),
        ("BURGLARY", 300, 40, 0.1, 0.1, 0.1),
        ("THEFT", 9_000, 900, 0.1, 0.1, 0.1),
    ]
    public = published(arrest_rates=rows)
    # NARCOTICS: 2 without an arrest; HOMICIDE and those of no stated type: 9; BURGLARY stands for them
    assert [row[0] for row in public.answers["arrest_rates"].rows] == ["GAMBLING", "THEFT"]
    assert "left out" in public.left_out["arrest_rates"]


@pytest.mark.parametrize(
    "sensitive", ["CRIMINAL SEXUAL ASSAULT", "OFFENSE INVOLVING CHILDREN", "MURDER", None]
)
def test_offences_whose_victims_could_be_named_are_sensitive(sensitive: str | None) -> None:
    assert is_sensitive(sensitive)
    assert not is_sensitive("THEFT")


def test_the_areas_are_published_all_or_not_at_all() -> None:
    whole = answers_of()["safest_areas"].rows
    enough = [(*row[:3], 40, 120, *row[5:]) for row in whole]
    assert published(safest_areas=enough).answers["safest_areas"].rows == enough
    assert (
        published(safest_areas=[*enough[:-1], (*enough[-1][:3], 4, *enough[-1][4:])])
        .answers["safest_areas"]
        .rows
        == []
    )


def test_incidents_of_no_known_area_can_not_be_worked_out() -> None:
    whole = answers_of()
    months = sum(row[1] for row in whole["monthly_trend"].rows)
    areas = [(*row[:3], 40, 100, *row[5:]) for row in whole["safest_areas"].rows]
    short = sum(row[4] for row in areas[:-1])
    for rest, kept in ((0, True), (3, False), (9, False), (10, True)):
        last = (*areas[-1][:4], months - short - rest, *areas[-1][5:])
        rows = published(safest_areas=[*areas[:-1], last]).answers["safest_areas"].rows
        assert bool(rows) is kept, rest


def test_thefts_of_no_stated_location_can_not_be_worked_out() -> None:
    thefts = [(2019, 1, "STREET", 400), (2019, 2, "ALLEY", 100)]
    for total, kept in ((500, True), (504, False), (520, True)):
        types = [("THEFT", total, 100, 0.1, 0.1, 0.1)]
        public = published(theft_locations=thefts, arrest_rates=types)
        assert bool(public.answers["theft_locations"].rows) is kept, total


def test_thefts_do_not_lay_bare_a_type_that_others_are_hidden_behind() -> None:
    thefts = [(2019, 1, "STREET", 400), (2019, 2, "ALLEY", 100)]
    rows = [("THEFT", 500, 100, 0.2, 0.2, 0.2), ("ARSON", 60, 3, 0.1, 0.1, 0.1)]
    public = published(theft_locations=thefts, arrest_rates=[*rows, ("BATTERY", 900, 450, 0.5, 0.5, 0.5)])
    assert [row[0] for row in public.answers["arrest_rates"].rows] == ["BATTERY"]
    assert public.answers["theft_locations"].rows == []


def test_a_month_of_few_incidents_refuses_the_whole() -> None:
    months = answers_of()["monthly_trend"].rows
    with pytest.raises(InputError, match="nothing can be published, as 2019-03 has fewer than 5 incidents"):
        published(monthly_trend=[(date(2019, 3, 1), 4, True), *months])


def test_months_outside_the_data_are_no_reason_to_refuse() -> None:
    months = answers_of()["monthly_trend"].rows
    rows = [(date(2016, 11, 1), 0, True), *months]
    assert published(monthly_trend=rows).answers["monthly_trend"].rows == rows


def test_a_page_says_whether_it_is_for_publication(tmp_path: Path) -> None:
    record, answers, extras = record_of(QUALITY), answers_of(), extras_of(["THEFT"])
    assert "Not for publication:" in page_text(record, answers, extras)
    page = write_public(tmp_path, record, answers, extras).read_text(encoding="utf-8")
    assert "Made for publication:" in page
    assert "Not for publication:" not in page
    # no counts for filters, no moment of a single incident, no total to take from
    for told in ("explorer-data", "23:30", f"{record.incidents:,} incidents", "03:07", record.source):
        assert told not in re.sub(r"<bdi>.*?</bdi>", "", page), told


def test_what_is_no_longer_fit_is_removed(tmp_path: Path) -> None:
    enough = [(*row[:3], 40, 120, *row[5:]) for row in answers_of()["safest_areas"].rows]
    write_public(tmp_path, record_of(QUALITY), answers_of(safest_areas=enough))
    assert (tmp_path / "answers" / "safest_areas.csv").exists()
    page = write_public(tmp_path, record_of(QUALITY), answers_of()).read_text(encoding="utf-8")
    assert not (tmp_path / "answers" / "safest_areas.csv").exists()
    assert "This answer is left out" in page


def test_title_and_note_are_shown_as_text() -> None:
    extras = Extras(title="Crime <in> 2021", note="Ask <the> desk")
    page = page_text(record_of(QUALITY), answers_of(), extras)
    assert "<title>Crime &lt;in&gt; 2021</title>" in page
    assert "<h1>Crime &lt;in&gt; 2021</h1>" in page
    assert "Ask &lt;the&gt; desk" in page


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Output]:
    """A run that was published, and what it found."""
    folder = tmp_path_factory.mktemp("published")
    call = CliRunner().invoke
    made = call(cli, ["generate", str(folder / "in.csv"), "--rows", "4000", "--years", "9", "--seed", "5"])
    assert made.exit_code == 0, made.output
    ran = call(cli, ["run", str(folder / "in.csv"), "--out", str(folder / "out"), "--publish"])
    assert ran.exit_code == 0, ran.output
    return folder / "out", read_output(folder / "out")


def test_an_attack_on_a_run_recovers_no_small_count(run: tuple[Path, Output]) -> None:
    """Everything published, all true totals and the rule itself leave each small count open."""
    folder, output = run
    public = Published.of(output.record, output.answers, output.analyses)
    texts = [path.read_text(encoding="utf-8") for path in sorted((folder / "public").rglob("*.*"))]
    rows = output.answers["arrest_rates"].records()
    every, shown = (
        {name: answer.records() for name, answer in each.items()} for each in (output.answers, public.answers)
    )
    hidden = attack(every, shown)
    data = [re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL) for text in texts]
    # what is left out stands nowhere: not in a table, a chart, a sentence or a script
    for at in hidden:
        name = rows[at]["primary_type"]
        data = [
            re.sub(r"<style>.*?</style>|<script>.*?</script>", "", text, flags=re.DOTALL) for text in texts
        ]
        assert name is None or not any(re.search(rf"\b{re.escape(name)}\b", text) for text in data), name
    assert hidden
    assert any(row["late_night_incidents"] < LEAST for row in output.answers["safest_areas"].records())
    assert not (folder / "public" / "answers" / "safest_areas.csv").exists()
    assert all("explorer-data" not in text for text in texts)


def test_only_forecasts_of_all_incidents_are_published(run: tuple[Path, Output]) -> None:
    folder, _ = run
    found = sorted(path.name for path in (folder / "public" / "analysis").iterdir())
    assert found == ["daily_forecasts.csv", "monthly_forecasts.csv", "weekly_forecasts.csv"]
    monthly = (folder / "public" / "analysis" / "monthly_forecasts.csv").read_text(encoding="utf-8")
    assert {line.partition(",")[0] for line in monthly.splitlines()[1:]} == {"all"}


def test_a_report_is_published_as_its_run_was(run: tuple[Path, Output]) -> None:
    folder, _ = run
    files = sorted((folder / "public").rglob("*.csv"))
    before = {path: path.read_bytes() for path in files}
    (folder / "public" / "index.html").unlink()
    ran = CliRunner().invoke(cli, ["report", str(folder), "--publish", "--note", "Made again."])
    assert ran.exit_code == 0, ran.output
    assert ran.output.strip() == str(folder / "public" / "index.html")
    assert {path: path.read_bytes() for path in files} == before
    assert "Made again." in (folder / "public" / "index.html").read_text(encoding="utf-8")
    refused = CliRunner().invoke(cli, ["report", str(folder), "--publish", "--format", "png"])
    assert refused.exit_code == 2


def test_an_export_for_publication_holds_the_same_answers(run: tuple[Path, Output], tmp_path: Path) -> None:
    folder, _ = run
    export(folder, "csv", tmp_path / "csv", public=True, formula_safe=False)
    public = {path.name: path.read_bytes() for path in (folder / "public").rglob("*.csv")}
    assert {path.name: path.read_bytes() for path in (tmp_path / "csv").iterdir()} == public
    database = export(folder, "sqlite", tmp_path / "out.sqlite", public=True)
    with closing(sqlite3.connect(database)) as opened:
        tables = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        about = dict(opened.execute("SELECT name, value FROM about_the_run").fetchall())
    assert tables == {name.removesuffix(".csv") for name in public} | {"about_the_run"}
    assert set(about) == {"as of", "dates moved by, in years", "made for publication"}
    with pytest.raises(InputError, match="incidents may not be published"):
        export(folder, "csv", tmp_path / "more", public=True, with_incidents=True)


def test_the_published_record_holds_no_moment_of_an_incident() -> None:
    record = replace(record_of(QUALITY), as_of=datetime(2021, 11, 11, 23, 30))
    public = Published.of(record, answers_of(), {}).record
    assert str(public.as_of) == "2021-11-11 23:59:59"
    assert {str(value) for value in public.data_quality.values()} == {
        "2016-12-01 00:00:00",
        "2021-11-11 23:59:59",
    }
