"""The examples run as they stand and print what they say."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

import crime_pipelines

EXAMPLES = Path(__file__).parents[2] / "examples"
#: A line that each must print, and the library that it needs beside the core.
PRINTED = {
    "run_from_python.py": (r"^5,000 rows read, 5,000 incidents$", None),
    "own_question.py": (r"^weekday,thefts\n(\d,\d+\n){7}", None),
    "beam_pipeline.py": (r"^area 25: \d+ incidents$", "apache_beam"),
    "beam_rows.py": (r"^THEFT: \d+/\d+$", "apache_beam"),
    "stream.py": (r"^incident 1: arrest True$", "apache_beam"),
}


def test_every_example_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    printed, library = PRINTED[name]
    if library:
        pytest.importorskip(library, reason=f"{library} is not installed: make dev")
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / name)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert re.search(printed, ran.stdout, re.MULTILINE), ran.stdout
    assert [*tmp_path.iterdir()] == []


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    text = (EXAMPLES.parent / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_readmes_python_and_the_analysts_sql_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    crime_pipelines.generate(Path("crimes.csv.gz"), 3_000)
    (code,) = blocks("README.md", "python")
    names: dict[str, Any] = {}
    exec(code, names)
    record = names["result"].record
    assert record.read == 3_000
    (query,) = blocks("docs/analyst.md", "sql")
    with duckdb.connect() as connection:
        rows = connection.execute(query.replace("WHERE year = 2021", "")).fetchall()
        of_2021 = connection.execute(query).fetchall()
    assert sum(number for _, number in rows) == record.incidents
    assert 0 < sum(number for _, number in of_2021) < record.incidents


def test_the_notebook_runs_and_shows_the_answers() -> None:
    """Each cell runs as it stands; the value that a cell ends with is shown as a notebook shows it."""
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    notebook = json.loads((EXAMPLES.parent / "docs" / "answers.ipynb").read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    shown = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], "clear the outputs before committing"
            *lines, last = ast.parse(cell["source"]).body
            exec(compile(ast.Module(lines, []), cell["id"], "exec"), names)
            value = (
                eval(compile(ast.Expression(last.value), cell["id"], "eval"), names)
                if isinstance(last, ast.Expr)
                else exec(compile(ast.Module([last], []), cell["id"], "exec"), names)
            )
            shown.append(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))
    assert "5,0" in shown[0]
    assert "Is crime rising or falling?" in shown[0]
    assert "<table>" in shown[2]
    assert shown[-2] == "'out.sqlite'"
    assert not names["folder"].exists()
