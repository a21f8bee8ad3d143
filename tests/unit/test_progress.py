"""Progress of a run: shares, sizes and rows as an engine reports them, and as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

import crime_pipelines
from crime_pipelines.cli.common.progress import INTERVAL, TerminalProgress
from crime_pipelines.sources import resolve
from crime_pipelines.support.progress import Done


class Recorder:
    """A progress reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.told: list[Done] = []

    def stage(self, name: str) -> None:
        self.stages.append(name)

    def done(self, done: Done) -> None:
        self.told.append(done)


@pytest.mark.parametrize("name", ["crimes.csv", "crimes.csv.gz"])
def test_shares_grow_and_rows_are_those_of_the_file(name: str, tmp_path: Path) -> None:
    made = crime_pipelines.generate(tmp_path / name, 60_000)
    heard = Recorder()
    crime_pipelines.run(made.path, tmp_path / "out", progress=heard)
    assert heard.stages == ["look", "read", "answer", "report", "publish"]
    shares = [each.share for each in heard.told]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert {each.size for each in heard.told} <= {made.path.stat().st_size}
    assert all(each.rows is None or each.rows <= made.rows * 1.01 for each in heard.told)


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
