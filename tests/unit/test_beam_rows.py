"""Beam loses no row: whoever loses some, or reads them twice, is found out, and nothing is written."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")


from crime_pipelines.beam import engine as beam_engine
from crime_pipelines.beam import job, parting
from crime_pipelines.beam.batch import Grain
from crime_pipelines.beam.failures import our_error
from crime_pipelines.beam.reading import blocks, careful, rows
from crime_pipelines.beam.reading import chunks as reading
from crime_pipelines.beam.reading.blocks import Block, chunks
from crime_pipelines.beam.reading.chunks import read_chunk
from crime_pipelines.beam.reading.row_counts import SumRowCounts, as_json, checked, from_json
from crime_pipelines.beam.reading.rows import ReadRows
from crime_pipelines.domain.records.csv_splitter import Record, records
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output.record import RunRecord
from crime_pipelines.pipeline import run
from crime_pipelines.schema.row_counts import FileRows, RowCounts
from crime_pipelines.sources import SourceFile, resolve
from crime_pipelines.sources.formats.packing import DamagedError
from tests.prism import LACKING, has_prism, use_prism

RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"
#: Small, so that a few thousand rows take several blocks and chunks.
SMALL = Grain(block_bytes=1 << 20, bucket_bytes=1 << 20)
ROWS = 20_000
FIRST = 10_000

Patch = pytest.MonkeyPatch


@pytest.fixture(params=["direct", "prism"])
def runner(request: pytest.FixtureRequest, monkeypatch: Patch) -> str:
    """The name of a runner that is here; its workers are threads of this process."""
    if request.param == "prism":
        if not has_prism():
            pytest.skip(LACKING)
        use_prism(monkeypatch)
    return str(request.param)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of two files, one of them of several blocks."""
    write(tmp_path / "in" / "a.csv", [row(number) for number in range(1, 4)])
    write(tmp_path / "in" / "b.csv", [row(number, Block="A\nB") for number in range(FIRST, FIRST + ROWS)])
    return tmp_path / "in"


def beam_run(source: Path, out: Path, runner: str = "direct") -> RunRecord:
    return run(str(source), out, engine="beam", engine_options={"runner": runner}, max_rejected=1).record


def lost_by_duckdb(monkeypatch: Patch, change: Callable[[pa.Table], pa.Table]) -> None:
    """Let the statement's result be another."""
    query = rows.query
    monkeypatch.setattr(rows, "query", lambda sql, **tables: change(query(sql, **tables)))


def lost_by_records(monkeypatch: Patch, change: Callable[[Iterator[Record]], Iterator[Record]]) -> None:
    """Let the rows that are read one by one be others."""
    for module in (reading, careful):
        monkeypatch.setattr(module, "records", lambda pieces, width: change(records(pieces, width)))


def without_first(found: Iterator[Record]) -> Iterator[Record]:
    next(found)
    yield from found


def first_twice(found: Iterator[Record]) -> Iterator[Record]:
    first = next(found)
    yield first
    yield first
    yield from found


def without_last(found: Iterator[Record]) -> Iterator[Record]:
    before = next(found)
    for each in found:
        yield before
        before = each


#: By both ways of reading, one row too few or too many each.
SABOTAGES: dict[
    str, tuple[Callable[[pa.Table], pa.Table], Callable[[Iterator[Record]], Iterator[Record]], int]
] = {
    "drops a row": (lambda table: table.slice(1), without_first, -1),
    "reads a row twice": (lambda table: pa.concat_tables([table, table.slice(0, 1)]), first_twice, 1),
    "stops before the end": (lambda table: table.slice(0, table.num_rows - 1), without_last, -1),
}


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_rows_that_both_ways_lose_end_the_run(sabotage: str, tmp_path: Path, monkeypatch: Patch) -> None:
    of_table, of_records, difference = SABOTAGES[sabotage]
    write(tmp_path / "in.csv", [row(number) for number in range(1, 41)])
    lost_by_duckdb(monkeypatch, of_table)
    lost_by_records(monkeypatch, of_records)
    with pytest.raises(PipelineError) as caught:
        beam_run(tmp_path / "in.csv", tmp_path / "out")
    assert (type(caught.value), caught.value.exit_code) == (PipelineError, 1)
    assert str(caught.value).startswith(
        f"{tmp_path}/in.csv: 40 rows were counted, but {40 + 2 * difference} were read; nothing was written."
    )
    assert "\n" not in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.slow
def test_a_file_of_a_folder_that_ends_too_early_ends_the_run(
    source: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    def most_chunks(block: Block, size: int) -> Iterator[bytes]:
        return (without_last_of_b(data) for data in chunks(block, size))

    def most_rows(file: SourceFile) -> Iterator[bytes]:
        with file.open_rows() as pieces:
            return iter([without_last_of_b(b"".join(pieces))])

    monkeypatch.setattr(reading, "chunks", most_chunks)
    monkeypatch.setattr(careful, "_rows_of", most_rows)
    with pytest.raises(PipelineError) as caught:
        beam_run(source, tmp_path / "out")
    assert caught.value.exit_code == 1
    assert str(caught.value).startswith(
        f"{source}/b.csv: {ROWS:,} rows were counted, but {ROWS - 1:,} were read; nothing was written."
    )
    assert [each.name for each in tmp_path.iterdir()] == ["in"]


def without_last_of_b(data: bytes) -> bytes:
    end = data.find(b"%d," % (FIRST + ROWS - 1))
    return data[:end] if end > 0 else data


@pytest.mark.slow
def test_what_duckdb_alone_loses_is_read_row_by_row(source: Path, tmp_path: Path, monkeypatch: Patch) -> None:
    whole = beam_run(source, tmp_path / "whole")
    monkeypatch.setattr(beam_engine, "ALONE", SMALL)
    query = rows.query
    lost = []

    def losing(sql: str, **tables: pa.Table) -> pa.Table:
        found = query(sql, **tables)
        if "ignore_errors = true" not in sql:
            return found
        lost.append(1)
        return found.slice(1)

    monkeypatch.setattr(rows, "query", losing)
    record = beam_run(source, tmp_path / "out")
    assert len(lost) > 2
    assert (record.files, record.incidents, record.rejected) == (whole.files, whole.incidents, {})
    assert record.files[1].rows_counted == record.files[1].rows_read == ROWS


def cut_inside_rows(monkeypatch: Patch) -> None:
    """Let places to cut be told wrongly: at a line break inside quotes."""
    monkeypatch.setattr(blocks, "row_start", lambda piece, after, *_, **__: piece.index(b'"A\n', after) + 3)


@pytest.mark.slow
def test_a_file_cut_in_the_wrong_place_is_read_again_in_one_piece(
    source: Path, tmp_path: Path, monkeypatch: Patch, runner: str
) -> None:
    whole = beam_run(source, tmp_path / "whole")
    for grain in ("ALONE", "SHARED"):
        monkeypatch.setattr(beam_engine, grain, SMALL)
    cut_inside_rows(monkeypatch)
    again: list[str] = []
    read_carefully = reading.read_carefully

    def noted(file: SourceFile, shift_years: int, size: int) -> Iterator[ReadRows]:
        again.append(Path(file.uri).name)
        return read_carefully(file, shift_years, size)

    monkeypatch.setattr(reading, "read_carefully", noted)
    record = beam_run(source, tmp_path / "out", runner)
    assert again == ["b.csv"]
    assert (record.files, record.incidents, record.rejected) == (whole.files, whole.incidents, {})
    assert record.files[1].rows_counted == record.files[1].rows_read == ROWS
    for answer in (tmp_path / "whole" / "answers").iterdir():
        assert (tmp_path / "out" / "answers" / answer.name).read_text() == answer.read_text()


@pytest.mark.slow
def test_the_job_fails_where_a_file_is_cut_in_the_wrong_place(
    source: Path, tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job, "build", small(job.build))
    cut_inside_rows(monkeypatch)
    assert job.main([f"--input={source}", f"--output={tmp_path}/out", RUNNER]) == 1
    # a row that is cut through is two malformed ones
    assert (
        f"Error: {source}/b.csv: {ROWS:,} rows were counted, but {ROWS + 2:,} were read; "
        in capsys.readouterr().err
    )
    assert [each.name for each in tmp_path.iterdir()] == ["in"]


def small(build: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: build(*arguments, grain=SMALL)


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_the_job_writes_nothing_where_rows_are_lost(
    sabotage: str, tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    of_table, of_records, difference = SABOTAGES[sabotage]
    write(tmp_path / "in.csv", [row(number) for number in range(1, 41)])
    lost_by_duckdb(monkeypatch, of_table)
    lost_by_records(monkeypatch, of_records)
    assert job.main([f"--input={tmp_path}/in.csv", f"--output={tmp_path}/out", RUNNER]) == 1
    counts = f"40 rows were counted, but {40 + 2 * difference} were read"
    assert f"Error: {tmp_path}/in.csv: {counts}; nothing was written." in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.slow
def test_rows_that_the_runner_loses_between_steps_end_the_job(
    source: Path, tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    by_bucket = parting.by_bucket
    monkeypatch.setattr(parting, "by_bucket", lambda table, buckets: by_bucket(table.slice(1), buckets))
    assert job.main([f"--input={source}", f"--output={tmp_path}/out", RUNNER]) == 1
    said = f"Error: 2 of {ROWS + 3:,} rows are unaccounted for; nothing was written\n"
    assert capsys.readouterr().err.endswith(said)
    with pytest.raises(PipelineError, match="2 of 20,003 rows are unaccounted for; nothing was written"):
        beam_run(source, tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == ["in"]


def test_rejects_are_whole_whichever_way_they_are_read(tmp_path: Path) -> None:
    long = "x," * 10_000 + "é"
    usual = [row(1), row(2, Arrest="maybe"), long, "one", row(3)]
    odd = [row(4) + '"', row(5).replace("STREET", '"STREET" X')]
    write(tmp_path / "usual.csv", usual)
    write(tmp_path / "odd.csv", [*usual, *odd])
    for name, malformed in (("usual", [long, "one"]), ("odd", [long, "one", *odd])):
        (file,) = resolve(str(tmp_path / f"{name}.csv"))
        data = b"\n".join((tmp_path / f"{name}.csv").read_bytes().split(b"\n")[1:])
        parts = list(read_chunk(data, file, 0))
        rejects = pa.concat_tables(part.rejects for part in parts).to_pylist()
        assert sorted(each["raw_row"] for each in rejects if each["reason"] == "malformed_row") == sorted(
            malformed
        )
        assert {each["reason"]: each["source_file"] for each in rejects} == {
            "malformed_row": file.uri,
            "bad_arrest": file.uri,
        }
        assert sum(part.number for part in parts) == data.count(b"\n")


def test_more_malformed_rows_than_are_held_at_a_time(tmp_path: Path, monkeypatch: Patch) -> None:
    for module in (careful, reading):
        monkeypatch.setattr(module, "MOST_MALFORMED", 100)
    write(tmp_path / "in.csv", [row(1), *(f"short {number}" for number in range(1_000)), row(2)])
    (file,) = resolve(str(tmp_path / "in.csv"))
    with file.open_rows() as pieces:
        parts = list(read_chunk(b"".join(pieces), file, 0))
    assert [part.rejects.num_rows for part in parts] == [100] * 10 + [0]
    assert sum(part.incidents.num_rows for part in parts) == 2


def test_a_byte_order_mark_in_a_row_is_a_character(tmp_path: Path) -> None:
    """DuckDB takes one at the beginning of what it reads for none, and a chunk begins with a row."""
    write(tmp_path / "in.csv", ["\ufeff" + row(1), row(2)])
    embedded = run(str(tmp_path / "in.csv"), tmp_path / "duckdb", max_rejected=1).record
    assert embedded.rejected == {"bad_id": 1}
    assert beam_run(tmp_path / "in.csv", tmp_path / "out").rejected == {"bad_id": 1}


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "comment": lambda data: b"\x1f\x8b\x08\x10" + bytes(6) + b"a comment\0" + gzip.compress(data)[10:],
    "zeros": lambda data: gzip.compress(data) + bytes(1024),
    "members": lambda data: b"".join(gzip.compress(data[at : at + 1000]) for at in range(0, len(data), 1000)),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_gzip_is_read(packing: str, tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", [row(number) for number in range(1, 41)])
    (tmp_path / "in.csv.gz").write_bytes(PACKINGS[packing](path.read_bytes()))
    assert beam_run(tmp_path / "in.csv.gz", tmp_path / "out").incidents == 40


@pytest.mark.parametrize("damaged", ["checksum", "length", "cut"])
def test_damage_is_told_with_the_rows_before_it(damaged: str, tmp_path: Path) -> None:
    # more than is looked at for the headings
    path = write(tmp_path / "in.csv.gz", [row(number) for number in range(1, 1_001)])
    data = bytearray(path.read_bytes())
    if damaged == "cut":
        del data[-6:]
    else:
        data[-8 if damaged == "checksum" else -4] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedError) as caught:
        beam_run(path, tmp_path / "out")
    assert str(caught.value).startswith(f"{path}: is damaged gzip (")
    assert str(caught.value).endswith("): 1,000 rows were read before that; get the file again")
    assert caught.value.exit_code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv.gz"]


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz"])
def test_a_line_that_is_too_long_is_named(name: str, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(beam_engine, "ALONE", SMALL)
    path = write(tmp_path / name, [*(row(number) for number in range(1, 10_001)), "x" * (40 << 20), row(2)])
    with pytest.raises(InputError) as caught:
        beam_run(path, tmp_path / "out")
    assert str(caught.value).startswith(f"{path}: line 10,002 has more than 16,777,216 bytes")
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_errors_come_back_as_they_were_raised() -> None:
    text = (
        "bundle failed: Traceback (most recent call last):\n"
        "crime_pipelines.sources.formats.packing.DamagedError: in.csv.gz: is damaged gzip (x)\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "crime_pipelines.{kind}: in.csv.gz: {said} [while running 'Read/ReadBlocks/ParDo(ReadBlock)']\n\n"
    )
    for kind, raised in (
        ("errors.PipelineError", PipelineError),
        ("errors.InputError", InputError),
        ("sources.formats.packing.DamagedError", DamagedError),
    ):
        found = our_error(RuntimeError(text.format(kind=kind, said="better words")))
        assert (type(found), str(found)) == (raised, "in.csv.gz: better words")
    found = our_error(PipelineError("in.csv: lost [while running 'Check']"))
    assert (type(found), str(found)) == (PipelineError, "in.csv: lost")
    assert our_error(RuntimeError("ValueError: something else")) is None


def test_row_counts_are_added_up_by_file() -> None:
    sums = SumRowCounts()
    files = [FileRows(name, 10, None, 0, 0) for name in ("b.csv", "a.csv")]
    parts = [
        RowCounts([FileRows("a.csv", 10, None, 5, 0)], 0, 0),
        RowCounts([FileRows("b.csv", 10, None, 0, 1)], 0, 0, {"bad_id": 1}),
        RowCounts([FileRows("a.csv", 10, None, 0, 5)], 0, 0, {"bad_id": 2}, {"beat": 1}),
        RowCounts([FileRows("b.csv", 10, None, 1, 0)], 0, 0),
    ]
    first, second = sums.create_accumulator(), sums.create_accumulator()
    for part in parts[:2]:
        first = sums.add_input(first, part)
    for part in parts[2:]:
        second = sums.add_input(second, part)
    total = sums.extract_output(sums.merge_accumulators([first, second]))
    assert total.rejected == {"bad_id": 3}
    assert total.warnings == {"beat": 1}
    sources = [source_file(file) for file in files]
    whole = checked(total, sources)
    assert whole.files == [FileRows("b.csv", 10, None, 1, 1), FileRows("a.csv", 10, None, 5, 5)]
    assert from_json(as_json(whole)) == whole
    with pytest.raises(PipelineError, match=r"c\.csv: the runner has lost its row counts"):
        checked(total, [*sources, source_file(FileRows("c.csv", 1, None, 0, 0))])
    with pytest.raises(PipelineError, match=r"a\.csv: 5 rows were counted, but 0 were read"):
        checked(sums.extract_output(first), sources[1:])


def source_file(file: FileRows) -> SourceFile:
    return SourceFile(file.name, file.name, True, file.bytes, file.modified, "", False, ("ID",), ())
