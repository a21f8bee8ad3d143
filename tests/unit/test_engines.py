"""The registry of engines, and what an engine says that it can answer."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

import pytest

import crime_pipelines
from crime_pipelines import InputError, PipelineError, run
from crime_pipelines.engines import registry
from crime_pipelines.engines.base import Job
from crime_pipelines.engines.registry import DEFAULT_ENGINE, engine_names, open_engine
from crime_pipelines.engines.testing.suite import answers_of
from crime_pipelines.questions import DATA_QUALITY, QUESTIONS, REPORT_QUESTIONS
from crime_pipelines.sources import resolve
from crime_pipelines.synthetic import generate

ENTRY_POINT = """\
[crime_pipelines.engines]
second = second_engine:SecondEngine
"""
MODULE = """\
from crime_pipelines.engines.duckdb.engine import DuckDBEngine

class SecondEngine(DuckDBEngine):
    def can_answer(self, question, as_of):
        return question.name == "monthly_trend"
"""


@pytest.fixture
def second_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An engine of another package, which is put on the path as pip would."""
    folder = tmp_path / "site"
    (folder / "second_engine-1.0.dist-info").mkdir(parents=True)
    (folder / "second_engine.py").write_text(MODULE)
    (folder / "second_engine-1.0.dist-info" / "entry_points.txt").write_text(ENTRY_POINT)
    (folder / "second_engine-1.0.dist-info" / "METADATA").write_text("Name: second-engine\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(folder)
    return "second"


def job(folder: Path, rows: int) -> Job:
    """A job over a generated file of four years."""
    for name in ("out", "scratch"):
        (folder / name).mkdir()
    generate(folder / "in.csv", rows, seed=5, years=4)
    return Job(resolve(str(folder / "in.csv")), folder / "out", folder / "scratch", 3)


def test_the_default_comes_first() -> None:
    assert engine_names()[0] == DEFAULT_ENGINE
    assert {"duckdb", "spark", "beam"} <= set(engine_names())


def test_an_unknown_engine_is_named_with_the_choice() -> None:
    with pytest.raises(InputError, match=r"^unknown engine 'x'; choose one of duckdb, .*spark"):
        open_engine("x")


def test_an_installation_older_than_the_code_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda **_: ())
    with pytest.raises(InputError, match=r"^no engine is registered: .*; (run 'make dev'|pip install)"):
        open_engine("duckdb")


def test_an_option_that_an_engine_has_not_is_named() -> None:
    with pytest.raises(InputError, match=r"--engine duckdb: .*'runner'"):
        open_engine("duckdb", {"runner": "direct"})


def test_an_engine_that_lacks_its_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("crime_pipelines.spark")]:
        monkeypatch.delitem(sys.modules, name)
    # what is imported anew becomes an attribute of the package, which sys.modules does not bring back
    monkeypatch.setattr(crime_pipelines, "spark", getattr(crime_pipelines, "spark", None), raising=False)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(InputError, match=r"--engine spark: .*pyspark.*; (run 'make dev'|pip install)"):
        open_engine("spark")


def test_another_packages_engine_runs_and_duckdb_answers_what_it_does_not(
    second_engine: str, tmp_path: Path
) -> None:
    assert second_engine in engine_names()
    generate(tmp_path / "in.csv", 1_000, seed=3)
    run(tmp_path / "in.csv", tmp_path / "wanted")
    result = run(tmp_path / "in.csv", tmp_path / "out", engine=second_engine)
    assert result.record.engine == second_engine
    assert answers_of(tmp_path / "out") == answers_of(tmp_path / "wanted")


@pytest.fixture(scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.slow), "beam"])
def noon(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return an engine's answers as of a noon, by question; the error where it refuses."""
    pytest.importorskip({"duckdb": "duckdb", "spark": "pyspark", "beam": "apache_beam"}[request.param])
    answers: dict[str, object] = {}
    with open_engine(request.param) as engine:
        engine.ingest(job(tmp_path_factory.mktemp(request.param), 3_000))
        for question in (*QUESTIONS, DATA_QUALITY):
            try:
                answers[question.name] = engine.answer(question, datetime(2017, 6, 15, 12), 3)
            except PipelineError as error:
                assert not engine.can_answer(question, datetime(2017, 6, 15, 12))
                answers[question.name] = str(error)
        assert not any(
            engine.can_answer(question, datetime(2017, 6, 15, 12)) != (request.param == "duckdb")
            for question in REPORT_QUESTIONS
        )
    return {"engine": request.param, **answers}


def test_an_engine_answers_as_of_noon_as_duckdb_does_or_refuses(
    noon: dict[str, object], tmp_path: Path
) -> None:
    with open_engine("duckdb") as engine:
        engine.ingest(job(tmp_path, 3_000))
        for question in (*QUESTIONS, DATA_QUALITY):
            found = noon[question.name]
            if noon["engine"] == "beam":
                assert isinstance(found, str)
                assert "ask as of a day's end" in found
            else:
                assert found == engine.answer(question, datetime(2017, 6, 15, 12), 3)


def test_beam_takes_days_ends_and_every_moment_past_the_last_incident(tmp_path: Path) -> None:
    pytest.importorskip("apache_beam")
    generate(tmp_path / "in.csv", 500, seed=5, years=4)
    (tmp_path / "out").mkdir()
    (tmp_path / "scratch").mkdir()
    with open_engine("beam") as engine:
        ingested = engine.ingest(
            Job(resolve(str(tmp_path / "in.csv")), tmp_path / "out", tmp_path / "scratch", 3)
        )
        assert ingested.latest is not None
        for moment, can in [
            (datetime(2017, 6, 15, 23, 59, 59), True),
            (datetime(2017, 6, 15, 23, 59, 58), False),
            (ingested.latest, True),
            (datetime.combine(date(2900, 1, 1), datetime.min.time()), True),
        ]:
            assert [engine.can_answer(question, moment) for question in QUESTIONS] == [can] * len(QUESTIONS)
