"""Progress of a run: shares, sizes and rows as an engine reports them, and as they are printed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import cast

import duckdb
import pytest

import crime_pipelines
from crime_pipelines.cli.common.progress import INTERVAL, TerminalProgress
from crime_pipelines.engines.duckdb.csv_scan import CSVOptions, csv_relation, rows_sql
from crime_pipelines.engines.duckdb.reading_progress import StatementProgress, joins
from crime_pipelines.layouts import BUNDLED, bundled
from crime_pipelines.questions import QUESTIONS
from crime_pipelines.sources import resolve
from crime_pipelines.support.duckdb_connection import connect
from crime_pipelines.support.progress import Done


class Recorder:
    """A progress reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.told: dict[str, list[Done]] = {}

    def stage(self, name: str) -> None:
        self.stages.append(name)

    def done(self, done: Done) -> None:
        self.told.setdefault(self.stages[-1], []).append(done)


@pytest.mark.parametrize("name", ["crimes.csv", "crimes.csv.gz"])
def test_shares_grow_and_rows_are_those_of_the_file(name: str, tmp_path: Path) -> None:
    made = crime_pipelines.generate(tmp_path / name, 60_000)
    heard = Recorder()
    crime_pipelines.run(made.path, tmp_path / "out", progress=heard)
    assert heard.stages == ["look", "read", "answer", "report", "publish"]
    for told in heard.told.values():
        shares = [each.share for each in told]
        assert shares == sorted(shares)
        assert all(0 <= share <= 1 for share in shares)
    reading = heard.told.get("read", [])
    assert {each.size for each in reading} <= {made.path.stat().st_size}
    assert all(each.rows is None or each.rows <= made.rows * 1.01 for each in reading)
    answers = len(QUESTIONS) + 1  # and that of the data's quality
    assert [each.note for each in heard.told["answer"]] == [
        f"{done} of {answers} questions" for done in range(1, answers + 1)
    ]


@pytest.mark.parametrize("layout", BUNDLED)
def test_joins_that_progress_leaves_out_are_those_of_the_plan(layout: str, tmp_path: Path) -> None:
    path = crime_pipelines.generate(tmp_path / "crimes.csv", 50, layout=layout).path
    (file,) = resolve(str(path), layout=bundled(layout))
    relation = csv_relation([path], len(file.headings), CSVOptions())
    sql = rows_sql(relation, len(file.headings), file.columns, 0, [], file.layout)
    (_, plan) = connect().execute(f"EXPLAIN {sql}").fetchall()[0]
    assert plan.lower().replace(" ", "_").count("hash_join") == joins(file)


@pytest.mark.parametrize(
    ("layout", "percents", "shares"),
    [
        ("chicago", [-1.0, 0.0, 40.0, 50.0, 45.0, 60.0, 80.0], [0, 0, 0, 0.5, 0.5, 1, 1]),
        ("new_york", [-1.0, 5.0, 40.0, -1.0, 100.0], [0, 0.05, 0.4, 0.4, 1]),
    ],
)
def test_a_share_of_a_statement_leaves_out_what_is_no_file(
    layout: str, percents: list[float], shares: list[float], tmp_path: Path
) -> None:
    (file,) = resolve(str(crime_pipelines.generate(tmp_path / "crimes.csv", 10, layout=layout).path))
    figures = iter(percents)

    class Connection:
        def query_progress(self) -> float:
            return next(figures)

    statement = StatementProgress(cast(duckdb.DuckDBPyConnection, Connection()), file)
    assert [statement.share() for _ in percents] == pytest.approx(shares)


def test_bytes_under_way_are_those_of_chunks_that_are_being_read(tmp_path: Path) -> None:
    pytest.importorskip("apache_beam")
    from crime_pipelines.beam.reading.under_way import bytes_under_way, under_way

    (file,) = resolve(str(crime_pipelines.generate(tmp_path / "crimes.csv", 10).path))
    data = io.BytesIO(bytes(1000))
    assert bytes_under_way() == 0
    with under_way(data, file):
        data.seek(500)
        assert bytes_under_way() == pytest.approx(50)
    assert bytes_under_way() == 0


def test_spark_says_that_it_starts_and_how_much_is_unpacked(tmp_path: Path) -> None:
    pytest.importorskip("py4j")
    from crime_pipelines.spark.counting.progress import SparkProgress

    made = crime_pipelines.generate(tmp_path / "crimes.csv.gz", 500)
    (file,) = resolve(str(made.path))
    progress = SparkProgress([file])
    assert progress.done() == Done(0.0, file.size, note="starting Spark")
    assert file.count_rows(None, progress.meter(file)).rows == made.rows
    done = progress.done()
    assert done is not None
    assert 0 < done.share < 1
    assert done.note == ""


def test_without_a_terminal_a_line_comes_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with TerminalProgress() as progress:
        progress.stage("read")
        progress.done(Done(0.5, 200_000_000, 1_000_000))
        assert capsys.readouterr().err == ""
    monkeypatch.setenv(INTERVAL, "0")
    with TerminalProgress() as progress:
        progress.stage("read")
        progress.done(Done(0.5, 200_000_000, 1_000_000))
    assert capsys.readouterr().err.startswith("Reading incidents: 50 % 100/200 MB, 1,000,000 rows")
