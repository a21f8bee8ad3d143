"""A sixth question is a folder and a line: docs/how-to/add-a-question.md, done as written in a copy."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import duckdb
import pytest

from crime_pipelines.questions import QUESTIONS
from crime_pipelines.report.formatting import in_words
from tests.copies import ROOT, command, copy_of_the_package, python, replace_in

HOW_TO = ROOT / "docs" / "how-to" / "add-a-question.md"
NAME = "thefts_by_hour"


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the question of the document, and a run's output by it."""
    folder = tmp_path_factory.mktemp("extended")
    copy_of_the_package(folder)
    text = HOW_TO.read_text(encoding="utf-8")
    files = re.findall(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(files) == 3
    for name, content in files:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    ((place, before, line),) = re.findall(
        r"^In `QUESTIONS` of `([^`]+)`, behind `([^`]+)`:\n\n```text\n(.*?)^```$",
        text,
        re.DOTALL | re.MULTILINE,
    )
    replace_in(folder / place, {f"    {before}\n": f"    {before}\n{line}"})
    command(
        folder, "generate", "in.csv", "--rows", "3000", "--years", "9", "--seed", "3", "--defects", "0.05"
    )
    (folder / "printed.txt").write_text(command(folder, "run", "in.csv", "--out", "out"), encoding="utf-8")
    return folder


def answer(out: Path) -> list[tuple[int, int, float]]:
    with (out / "answers" / f"{NAME}.csv").open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    assert headings == ["hour", "thefts", "arrest_rate"]
    return [(int(hour), int(thefts), float(rate)) for hour, thefts, rate in rows]


def test_the_embedded_engine_answers_it(extended: Path) -> None:
    with duckdb.connect() as connection:
        counted = connection.execute(
            "SELECT HOUR(occurred_at), COUNT(*), COUNT(*) FILTER (arrest) / COUNT(*) FROM read_parquet(?) "
            "WHERE primary_type = 'THEFT' OR (primary_type IS NULL AND fbi_code = '06') "
            "GROUP BY 1 ORDER BY 2 DESC, 1",
            [str(extended / "out" / "incidents" / "*" / "*.parquet")],
        ).fetchall()
    found = answer(extended / "out")
    assert len(found) > 20
    assert [row[:2] for row in found] == [row[:2] for row in counted]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in counted], rel=1e-9)


@pytest.mark.parametrize(
    ("engine", "library"),
    [("beam", "apache_beam"), pytest.param("spark", "pyspark", marks=pytest.mark.slow)],
)
def test_the_other_engines_answer_it_alike(engine: str, library: str, extended: Path) -> None:
    pytest.importorskip(library)
    command(extended, "run", "in.csv", "--out", engine, "--engine", engine)
    found, wanted = answer(extended / engine), answer(extended / "out")
    assert [row[:2] for row in found] == [row[:2] for row in wanted]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in wanted], rel=1e-9)


def test_the_report_and_the_terminal_show_it(extended: Path) -> None:
    page = (extended / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert f"<h1>{in_words(len(QUESTIONS) + 1).capitalize()} questions about reported crime</h1>" in page
    ((shown),) = re.findall(rf'<section class="card" id="{NAME}".*?</section>', page, re.DOTALL)
    hour, thefts, _ = answer(extended / "out")[0]
    rows = len(answer(extended / "out"))
    sentence = f"The first of {rows} rows: hour {hour}, thefts {thefts:,}, arrest rate "
    assert "At which hours of the day do most thefts occur?" in shown
    assert "often recorded at midnight or at noon" in shown
    assert f'<p class="lead">{sentence}' in shown
    assert shown.count("<tr>") == rows + 1
    assert "<svg" not in shown
    assert f">Hour {hour}</span>" in page
    assert f"At which hours of the day do most thefts occur?\n  {sentence}" in (
        extended / "printed.txt"
    ).read_text(encoding="utf-8")


def test_the_output_is_checked_and_the_warehouse_declared(extended: Path) -> None:
    assert f"answers/{NAME}.csv follows from the incidents" in command(extended, "check", "out")
    program = (
        "import json; from crime_pipelines.cloud.warehouse.setup import declarations; "
        "print(json.dumps(declarations()))"
    )
    declared = json.loads(python(extended, program))
    assert NAME in declared["answers"]["tables"]
    assert f"live_{NAME}" in declared["warehouse"]["views"]
