"""What Beam's engine does beside the suite that all engines pass."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pyarrow as pa
import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from apache_beam.io.filesystems import FileSystems

import crime_pipelines.engines.base
from crime_pipelines.beam import engine as beam_engine
from crime_pipelines.beam.arrow import TableCoder, alone, database
from crime_pipelines.beam.batch import Grain
from crime_pipelines.beam.failures import errors_in_words
from crime_pipelines.errors import InputError
from crime_pipelines.pipeline import run
from crime_pipelines.support.progress import Done
from crime_pipelines.synthetic import generate


class Told:
    """The progress that a run told of its reading."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self._stage = ""

    def stage(self, name: str) -> None:
        self._stage = name

    def done(self, done: Done) -> None:
        if self._stage == "read":
            self.shares.append(done.share)


def test_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beam_engine, "ALONE", Grain(block_bytes=1 << 19, bucket_bytes=1 << 30))
    monkeypatch.setattr(crime_pipelines.engines.base, "_REPORT_SECONDS", 0.001)
    generate(tmp_path / "in.csv", 20_000, seed=1)
    told = Told()
    run(str(tmp_path / "in.csv"), tmp_path / "out", engine="beam", progress=told, max_rejected=1)
    assert told.shares == sorted(told.shares)
    # between the first of nine blocks and the last
    assert any(0 < share < 0.95 for share in told.shares)


@pytest.mark.slow
def test_however_finely_the_work_is_parted_the_answers_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions of an incident lie in different blocks, and come together in one bucket of several."""
    (tmp_path / "in").mkdir()
    for name, seed in (("a.csv", 4), ("b.csv", 5)):
        generate(tmp_path / "in" / name, 8_000, seed=seed, defects=0.1)
    whole = run(str(tmp_path / "in"), tmp_path / "whole", max_rejected=1).record
    assert whole.superseded > 1_000
    monkeypatch.setattr(beam_engine, "ALONE", Grain(block_bytes=1 << 19, bucket_bytes=1 << 20))
    parted = run(str(tmp_path / "in"), tmp_path / "parted", engine="beam", max_rejected=1).record
    assert len(list((tmp_path / "parted" / "incidents" / "year=2017").iterdir())) > 1
    for counted in ("read", "incidents", "superseded", "rejected", "warnings", "as_of", "data_quality"):
        assert getattr(parted, counted) == getattr(whole, counted)
    for answer in (tmp_path / "whole" / "answers").iterdir():
        assert (tmp_path / "parted" / "answers" / answer.name).read_text() == answer.read_text()


def test_a_runner_that_is_not_there_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "in.csv", 10, seed=1)
    monkeypatch.setenv("PRISM", str(tmp_path / "prism"))
    for runner, said in (("spark", "there is direct, prism"), ("prism", "go install github.com/apache/beam")):
        with pytest.raises(InputError, match=said):
            run(
                str(tmp_path / "in.csv"),
                tmp_path / "out",
                engine="beam",
                engine_options={"runner": runner},
                max_rejected=1,
            )
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_a_table_comes_back_whether_it_travels_packed_or_by_name(tmp_path: Path) -> None:
    table = pa.table({"id": range(1_000), "block": [None, "001XX W LAKE ST"] * 500})
    part = table.slice(300, 200)
    coder = TableCoder()
    packed = coder.encode(part)
    with alone(1, tmp_path):
        named = coder.encode(part)
        assert coder.decode(named) == coder.decode(packed) == part
        assert coder.decode(named) == part  # for as many steps as want it
    # of a slice, the slice alone is sent
    assert len(named) < 200 < len(packed) < coder.estimate_size(table)
    assert coder.decode(packed) == part
    assert len(list(tmp_path.iterdir())) == 1


def test_a_table_that_could_not_be_put_aside_is_told_of_where_it_is_wanted(tmp_path: Path) -> None:
    coder = TableCoder()
    with alone(1, tmp_path / "none"):
        named = coder.encode(pa.table({"id": [1]}))
        with pytest.raises(FileNotFoundError, match="none"):
            coder.decode(named)


def test_a_long_statement_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    connection = database()
    connection.execute("SET progress_bar_time = 0")
    connection.execute("SELECT SUM(HASH(range) % 7) FROM range(30000000)")
    assert capfd.readouterr() == ("", "")


def test_what_does_not_fit_in_memory_goes_where_the_system_keeps_such_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with alone(1, tmp_path):
        connection = database()
        connection.execute("SET memory_limit = '100MB'")
        connection.execute(
            "CREATE TABLE large AS SELECT range AS id, HASH(range)::TEXT AS name FROM range(5000000)"
        )
        (spilt,) = connection.execute("SELECT COUNT(*) FROM duckdb_temporary_files()").fetchone() or (0,)
        assert spilt > 0
        assert list(tmp_path.iterdir()) == []


def test_threads_of_a_pipeline_that_failed_are_silent_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: seen.append(arguments.exc_type))
    monkeypatch.setattr(logging.getLogger("apache_beam"), "level", logging.WARNING)
    for handler in logging.getLogger().handlers:
        monkeypatch.setattr(handler, "filters", [*handler.filters])

    def stumble() -> None:
        for work in (lambda: FileSystems.open("nowhere://at/all"), lambda: 1 // 0):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    with pytest.raises(InputError, match=r"^in\.csv: is bad$"), errors_in_words(ends_with_its_error=False):
        raise RuntimeError("crime_pipelines.errors.InputError: in.csv: is bad [while running 'Read']")
    stumble()
    assert seen == [ZeroDivisionError]
