"""A skipped test is counted where it ran nowhere, and fails what must run everything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests import skips

pytest_plugins = ["pytester"]

_REAL = "no real incident files at /data (set CRIME_PIPELINES_DATA)"


def outcomes(folder: Path, **runs: dict[str, object]) -> list[str]:
    paths = []
    for name, outcome in runs.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(outcome), encoding="utf-8")
        paths.append(str(path))
    return paths


def test_what_ran_in_one_run_is_not_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    core = {
        "ran": ["a.py::one"],
        "skipped": {"b.py": "needs the extra beam", "a.py::two": "needs the extra spark"},
    }
    every = {"ran": ["a.py::one", "a.py::two", "b.py::three"], "skipped": {"a.py::real": _REAL}}
    assert skips.main(outcomes(tmp_path, core=core, every=every)) == 0
    assert capsys.readouterr().out == f"1 test skipped, 1: {_REAL}\n"


def test_a_part_that_can_be_had_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = {
        "ran": ["a.py::one"],
        "skipped": {"a.py::two": "no Prism here", "b.py": "no Prism here", "c.py::x": _REAL},
    }
    assert skips.main(outcomes(tmp_path, run=run)) == 1
    *found, last = capsys.readouterr().out.splitlines()
    assert found == [
        "skipped for a part that can be had: a.py::two: no Prism here",
        "skipped for a part that can be had: b.py: no Prism here",
    ]
    assert last == f"3 tests skipped, 2: no Prism here; 1: {_REAL}"


def test_nothing_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert skips.main(outcomes(tmp_path, run={"ran": ["a.py::one"], "skipped": {}})) == 0
    assert capsys.readouterr().out == "0 tests skipped\n"


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["one process", "workers"])
def test_pytest_says_what_it_skipped(pytester: pytest.Pytester, workers: list[str]) -> None:
    here = Path(__file__).parents[1]
    pytester.makeconftest((here / "conftest.py").read_text(encoding="utf-8"))
    shutil.copy(here / "scheduling.py", pytester.mkpydir("tests"))
    pytester.makepyfile(
        test_whole="import pytest\npytest.importorskip('no_such_module', reason='needs it')\n",
        test_parts="""
            import pytest
            def test_runs(): pass
            @pytest.mark.skip(reason="a mark")
            def test_marked(): pass
            def test_skips(): pytest.skip("while it runs")
        """,
    )
    pytester.runpytest_subprocess("--outcomes", "made/outcomes.json", *workers)
    assert json.loads((pytester.path / "made" / "outcomes.json").read_text(encoding="utf-8")) == {
        "ran": ["test_parts.py::test_runs"],
        "skipped": {
            "test_whole.py": "needs it",
            "test_parts.py::test_marked": "a mark",
            "test_parts.py::test_skips": "while it runs",
        },
    }
