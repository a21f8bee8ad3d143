"""Every check fails where its invariant is broken, and says so: each is broken here."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import InputError
from crime_pipelines.output import checks as checking
from crime_pipelines.output.checks import check_output
from crime_pipelines.pipeline import run
from crime_pipelines.questions import ANALYSES, QUESTIONS

BALANCE = "every row is accounted for"
INCIDENTS = "incidents: columns and count"
FILES = "incidents and rejects: every file that run.json lists is there"
INTEGRITY = "incidents: each once, in its own year, dates in the calendar"
REJECTS = "rejects: count by reason"
PERIOD = "the covered period follows from the incidents"
REPORT = "report/index.html is there and refers to nothing outside"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run with something of everything in it."""
    folder = tmp_path_factory.mktemp("sound")
    rows = [
        row(
            each,
            Date=f"{1 + each % 12:02d}/15/{2012 + each % 7} 11:30:00 PM",
            Community_Area=str(each % 78),
            Arrest=str(each % 3 == 0),
            Primary_Type="THEFT" if each % 2 else "BATTERY",
        )
        for each in range(1, 120)
    ]
    rows += [row(1), row("x"), row(500, Date="soon"), row(501, Date="soon")]
    run(str(write(folder / "in.csv", rows)), folder / "out", max_rejected=1)
    return folder / "out"


@pytest.fixture
def out(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "out"))


def broken(out: Path) -> tuple[str, str]:
    """The first check that fails, and what it says."""
    check, problem = next((each.check, each.problem) for each in check_output(out) if each.problem)
    assert problem is not None
    assert "\n" not in problem
    return check, problem


def test_a_sound_output_passes_every_check(out: Path) -> None:
    findings = list(check_output(out))
    assert [each.problem for each in findings] == [None] * len(findings)
    assert [each.check for each in findings] == [
        BALANCE, FILES, INCIDENTS, INTEGRITY, REJECTS, PERIOD,
        *(f"answers/{each.name}.csv follows from the incidents" for each in QUESTIONS),
        *(f"analysis/{each.name}.csv follows from the incidents" for each in ANALYSES), REPORT,
    ]  # fmt: skip


def test_an_analysis_that_the_run_did_not_know_yet(out: Path) -> None:
    name = "analysis/theft_changes.csv"
    (out / name).unlink()
    assert broken(out) == (f"{name} follows from the incidents", f"{out / name} is missing")
    written = json.loads((out / "run.json").read_text(encoding="utf-8"))["files_written"]
    edit_record(out, files_written=[each for each in written if each != name])
    findings = list(check_output(out))
    assert not any(each.problem for each in findings)
    assert f"{name} is not of this run, which an earlier version made" in [each.check for each in findings]


def edit_record(out: Path, **changes: Any) -> None:
    path = out / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [{"incidents": 118}, {"superseded": 0}, {"rejected": {"bad_id": 1, "bad_date": 1}}],
    ids=str,
)
def test_rows_that_are_unaccounted_for(changes: dict[str, Any], out: Path) -> None:
    edit_record(out, **changes)
    check, problem = broken(out)
    assert check == BALANCE
    assert re.fullmatch(r"\d+ read, but \d+ incidents \+ \d+ superseded \+ \d+ rejected", problem)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rows_counted": 124}, "/in.csv: 124 rows counted, 123 read"),
        ({"rows_read": 122}, "/in.csv: 123 rows counted, 122 read"),
        ({"rows_counted": 122, "rows_read": 122}, "123 read, but the files have 122 rows"),
    ],
)
def test_files_whose_rows_are_unaccounted_for(changes: dict[str, int], problem: str, out: Path) -> None:
    (file,) = json.loads((out / "run.json").read_text(encoding="utf-8"))["files"]
    edit_record(out, files=[{**file, **changes}])
    check, said = broken(out)
    assert check == BALANCE
    assert said.endswith(problem)


SOURCE = "source: each file has the rows that were read of it"


def test_the_rows_of_the_source_are_counted_again(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number in range(3):
        write(
            folder / f"{number}.csv{'.gz' if number else ''}", [row(10 * number + each) for each in range(9)]
        )
    run(str(folder), tmp_path / "out", max_rejected=1)

    def problem(source: Path) -> str | None:
        finding = next(check_output(tmp_path / "out", str(source)))
        assert finding.check == SOURCE
        return finding.problem

    assert problem(folder) is None
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    assert problem(moved) is None
    write(moved / "1.csv.gz", [row(each) for each in range(8)])
    assert problem(moved) == f"{moved}/1.csv.gz has 8 rows, but 9 were read"
    (moved / "0.csv").rename(moved / "3.csv")
    assert problem(moved) == (
        f"{moved}/1.csv.gz has 8 rows, but 9 were read; {moved}/3.csv was not read; "
        f"{folder}/0.csv was read and is not there"
    )
    with pytest.raises(InputError, match="no such file or folder"):
        problem(tmp_path / "nowhere")


def rewrite(path: Path, select: str) -> None:
    """Write a Parquet file again as a SELECT of it says."""
    new = path.with_suffix(".new")
    source = f"read_parquet('{path}', hive_partitioning = false)"
    duckdb.sql(f"COPY ({select.format(it=source)}) TO '{new}' (FORMAT parquet)")
    new.replace(path)


def a_file(out: Path) -> Path:
    return min((out / "incidents").glob("year=2018/*.parquet"))


def to_another_year(out: Path, year: int = 2017) -> Path:
    """Move a file, in the record too."""
    old, new = a_file(out), out / "incidents" / f"year={year}" / "astray.parquet"
    new.parent.mkdir(exist_ok=True)
    shutil.move(old, new)
    record = out / "run.json"
    names = [str(path.relative_to(out)) for path in (old, new)]
    record.write_text(record.read_text(encoding="utf-8").replace(*names), encoding="utf-8")
    return new


@pytest.mark.parametrize(
    ("damage", "wanted", "says"),
    [
        (
            lambda out: a_file(out).unlink(),
            FILES,
            r"1 of \d+ are missing, incidents/year=2018/",
        ),
        (lambda out: shutil.rmtree(out / "incidents"), FILES, r"\d+ of \d+ are missing, incidents/year="),
        (lambda out: a_file(out).write_text("PAR1", encoding="utf-8"), INCIDENTS, "Invalid Input Error"),
    ],
    ids=["one", "all", "damaged"],
)
def test_files_of_incidents_that_are_gone(
    damage: Callable[[Path], object], wanted: str, says: str, out: Path
) -> None:
    damage(out)
    check, problem = broken(out)
    assert check == wanted
    assert re.match(says, problem), problem


@pytest.mark.parametrize(
    ("select", "wanted", "says"),
    [
        ("SELECT * FROM {it} LIMIT 1", INCIDENTS, r"7 rows, but run.json says 119"),
        ("SELECT * FROM {it} UNION ALL SELECT * FROM {it}", INCIDENTS, r"238 rows, but run.json says 119"),
        ("SELECT *, 1 AS weather FROM {it}", INCIDENTS, r"columns \['weather'\] are missing or too many"),
        ("SELECT * EXCLUDE (beat) FROM {it}", INCIDENTS, r"columns \['beat'\] are missing or too many"),
        (
            "SELECT * REPLACE ((SELECT MIN(id) FROM {it}) AS id) FROM {it}",
            INTEGRITY,
            r"112 incidents stand more than once",
        ),
        ("SELECT * REPLACE (NULL::TIMESTAMP AS occurred_at) FROM {it}", INTEGRITY, r"119 have no time"),
        ("SELECT * REPLACE (NULL::BOOLEAN AS arrest) FROM {it}", INTEGRITY, r"119 have no arrest flag"),
        (
            "SELECT * REPLACE (TIMESTAMP '10000-01-01 00:00:00' AS updated_on) FROM {it}",
            INTEGRITY,
            r"119 have a date outside of years 1 to 9999",
        ),
        (
            "SELECT * REPLACE (occurred_at + INTERVAL 1 YEAR AS occurred_at) FROM {it}",
            INTEGRITY,
            r"119 stand in another year's partition",
        ),
    ],
)
def test_incidents_that_are_not_what_the_run_says(select: str, wanted: str, says: str, out: Path) -> None:
    for path in sorted(out.glob("incidents/*/*.parquet")):
        rewrite(path, select)
    check, problem = broken(out)
    assert check == wanted
    assert re.match(says, problem), problem


def test_incidents_astray(out: Path) -> None:
    to_another_year(out)
    check, problem = broken(out)
    assert check == INTEGRITY
    assert problem == "17 stand in another year's partition"


def test_incidents_before_the_calendar(out: Path) -> None:
    moved = to_another_year(out, 0)
    rewrite(moved, "SELECT * REPLACE (TIMESTAMP '0001-01-01' - INTERVAL 1 DAY AS occurred_at) FROM {it}")
    check, problem = broken(out)
    assert check == INTEGRITY
    assert problem == "17 have a date outside of years 1 to 9999"


@pytest.mark.parametrize(
    ("select", "says"),
    [
        ("SELECT * REPLACE ('bad_date' AS reason) FROM {it}", r"\{.*\}, but run.json says"),
        ("SELECT * REPLACE ('bad_mood' AS reason) FROM {it}", r"unknown reasons \['bad_mood'\]"),
        ("SELECT * FROM {it} LIMIT 1", r"\{.*\}, but run.json says"),
        ("SELECT * REPLACE (NULL::VARCHAR AS raw_row) FROM {it}", r"\{\}, but run.json says"),
        ("SELECT * REPLACE (NULL::VARCHAR AS source_file) FROM {it}", r"\{\}, but run.json says"),
        ("SELECT reason, source_file FROM {it}", "Binder Error"),
    ],
)
def test_rejects_that_are_not_what_the_run_says(select: str, says: str, out: Path) -> None:
    rewrite(out / "rejects" / "rejects.parquet", select)
    check, problem = broken(out)
    assert check == REJECTS
    assert re.match(says, problem), problem


def test_rejects_that_are_gone(out: Path) -> None:
    shutil.rmtree(out / "rejects")
    assert broken(out)[0] == FILES


class TestAnswers:
    """All are broken at once, and each must be found."""

    def break_each(self, out: Path, damage: Callable[[Path, list[str]], str]) -> None:
        says = {}
        for question in QUESTIONS:
            path = out / "answers" / f"{question.name}.csv"
            lines = path.read_text(encoding="utf-8").splitlines()
            says[f"answers/{question.name}.csv follows from the incidents"] = damage(path, lines)
        found = {each.check: each.problem for each in check_output(out) if each.problem}
        assert set(found) == set(says)
        for check, pattern in says.items():
            assert re.match(pattern, found[check]), found[check]

    def test_another_value(self, out: Path) -> None:
        a_number_in = {
            question.name: next(
                at
                for at, column in enumerate(question.columns)
                if at and column.type in ("integer", "decimal") and column.name != "change_per_year"
            )
            for question in QUESTIONS
        }

        def damage(path: Path, lines: list[str]) -> str:
            columns = lines[-1].split(",")
            at = a_number_in[path.stem]
            columns[at] = str(float(columns[at]) * (1 + 1e-6) + 1e-3)
            path.write_text("\n".join([*lines[:-1], ",".join(columns)]) + "\n", encoding="utf-8")
            return f"1 rows differ, the first is row {len(lines) - 1}: "

        self.break_each(out, damage)

    def test_another_number_of_rows(self, out: Path) -> None:
        def damage(path: Path, lines: list[str]) -> str:
            path.write_text("\n".join([*lines, lines[-1]]) + "\n", encoding="utf-8")
            return f"{len(lines)} rows, not {len(lines) - 1}"

        self.break_each(out, damage)

    def test_other_headings(self, out: Path) -> None:
        def damage(path: Path, lines: list[str]) -> str:
            path.write_text("x" + "\n".join(lines) + "\n", encoding="utf-8")
            return r"headings \['x"

        self.break_each(out, damage)

    def test_no_file(self, out: Path) -> None:
        def damage(path: Path, lines: list[str]) -> str:
            path.unlink()
            return ".* is missing"

        self.break_each(out, damage)


def test_answers_that_no_longer_follow_from_the_incidents(out: Path) -> None:
    for path in out.glob("incidents/*/*.parquet"):
        rewrite(path, "SELECT * REPLACE (NOT arrest AS arrest) FROM {it}")
    check, problem = broken(out)
    assert check == "answers/arrest_rates.csv follows from the incidents"
    assert "2 rows differ" in problem


def test_answers_as_of_another_moment(out: Path) -> None:
    edit_record(out, as_of="2020-01-01 00:00:00")
    assert broken(out)[0] == "answers/monthly_trend.csv follows from the incidents"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0.30000000000000004", True),
        ("0.3", True),
        ("0.3000000002", True),
        ("0.300001", False),
        ("", False),
        ("x", False),
    ],
)
def test_floats_may_differ_as_two_engines_do(text: str, same: bool) -> None:
    assert checking._same(0.1 + 0.2, text) is same


def test_a_report_that_needs_the_network(out: Path) -> None:
    path = out / "report" / "index.html"
    references = [
        '<script src="https://1.example.com/x.js"></script>',
        "<img src='//2.example.com/x.png'>",
        "<img srcset='https://3.example.com/x 2x'>",
        "<a href=http://4.example.com>",
        '<link rel="stylesheet" HREF = "https://5.example.com/x.css">',
        "<style>body { background: url(https://6.example.com/x.png) }</style>",
        '<style>p { background: url( "//7.example.com" ) }</style>',
        "<style>@import 'https://8.example.com/x.css';</style>",
    ]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</body>", "".join(references) + "</body>"), encoding="utf-8")
    check, problem = broken(out)
    assert check == REPORT
    assert re.match('it refers to src="https://1.*, .*2.example.com.*, .*3.example.com', problem)
    for number, reference in enumerate(references, start=1):
        (found,) = re.findall(checking._OUTSIDE, reference, re.IGNORECASE)
        assert f"//{number}.example.com" in found


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, r".* is missing"), ("<html></html>", "it does not say how many rows were read")],
)
def test_a_report_that_is_not_there_or_of_another_run(text: str | None, says: str, out: Path) -> None:
    path = out / "report" / "index.html"
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    check, problem = broken(out)
    assert check == REPORT
    assert re.match(says, problem), problem


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"engine": "duckdb"}'])
def test_what_is_no_output_at_all(text: str | None, out: Path) -> None:
    (out / "run.json").unlink()
    if text is not None:
        (out / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(out))) as caught:
        list(check_output(out))
    assert "\n" not in str(caught.value)


def test_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a run's output"):
        list(check_output(tmp_path / "none"))
