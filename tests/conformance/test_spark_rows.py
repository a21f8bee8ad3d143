"""Spark loses no row and proves it: each file's rows are counted by other code than what reads them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pyspark", reason="needs the extra spark: make dev")

from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.records.csv_splitter import GREATEST_LINE, GREATEST_RECORD
from crime_pipelines.engines.testing.inputs import INPUTS, row, write
from crime_pipelines.engines.testing.oracle import expect
from crime_pipelines.engines.testing.suite import assert_output, incidents_of, loaded, rejects_of
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.pipeline import run
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.sources import resolve
from crime_pipelines.sources.file import SourceFile
from crime_pipelines.spark import line_split as lines
from crime_pipelines.spark import parquet_writer as writing
from crime_pipelines.spark import reading
from crime_pipelines.spark.bigquery_writer import append_rows
from crime_pipelines.spark.counting import by_file, driver_counts, row_counts
from crime_pipelines.spark.counting.driver_counts import count_here
from crime_pipelines.spark.counting.row_counts import CountedFiles
from crime_pipelines.spark.files import FileCount, Located, done
from crime_pipelines.spark.job import Attempt, options_of
from crime_pipelines.spark.job_parquet import to_lake
from crime_pipelines.spark.parquet_writer import write_rows
from crime_pipelines.spark.session import GREATEST_TASK, configured
from crime_pipelines.spark.whole_file import Row, records_of
from crime_pipelines.synthetic import HEADER

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_TWO_LINES = "PARKING LOT\nREAR"


@pytest.fixture(autouse=True)
def _session(spark: SparkSession) -> None:
    """The engine takes the session that is open."""


def located(source: Path) -> list[Located]:
    return [Located(file, file.location) for file in resolve(str(source))]


def written(spark: SparkSession, source: Path, out: Path) -> RowCounts:
    """What the job of architecture 1 makes of files."""
    folders = str(out / "incidents"), str(out / "rejects")
    return write_rows(spark, located(source), 3, *folders, with_source_file=True)


# A fault: what it does to a file's rows, given as a DataFrame and as Python's records.
Fault = tuple[Callable[["DataFrame"], "DataFrame"], Callable[[Iterator[Row]], Iterator[Row]], int]


def _lose_one(rows: DataFrame) -> DataFrame:
    return rows.where(~F.col("id").eqNullSafe(3))


def _read_one_twice(rows: DataFrame) -> DataFrame:
    return rows.unionAll(rows.where("id = 3"))


def _stop_early(rows: DataFrame) -> DataFrame:
    return rows.where(~F.coalesce(F.col("id") > 5, F.lit(False)))


def _without(number: str) -> Callable[[Iterator[Row]], Iterator[Row]]:
    return lambda found: (each for each in found if not each[2].startswith(f"{number},"))


FAULTS: dict[str, Fault] = {
    "loses a row": (_lose_one, _without("3"), 7),
    "reads a row twice": (
        _read_one_twice,
        lambda found: (each for got in found for each in [got] * (1 + got[2].startswith("3,"))),
        9,
    ),
    "stops before the end": (
        _stop_early,
        lambda found: (each for each in found if int(each[2].split(",")[0]) <= 5),
        5,
    ),
}


@pytest.fixture(params=FAULTS, ids=lambda name: name.replace(" ", "_"))
def fault(request: pytest.FixtureRequest) -> Fault:
    return FAULTS[request.param]


def spoil_quick(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the quick pass faulty."""
    spoilt, right = fault[0], reading.read_quickly

    def read_quickly(*arguments: Any) -> DataFrame | None:
        rows = right(*arguments)
        return None if rows is None else spoilt(rows)

    monkeypatch.setattr(writing, "read_quickly", read_quickly)
    monkeypatch.setattr("crime_pipelines.spark.bigquery_writer.read_quickly", read_quickly)


def spoil_careful(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the reading in one piece faulty."""
    spoilt = fault[1]

    def faulty(pieces: Any, width: int, separator: str) -> Iterator[Row]:
        return spoilt(records_of(pieces, width, separator))

    monkeypatch.setattr(lines, "records_of", faulty)


def spoil_both(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_quick(fault, monkeypatch)
    spoil_careful(fault, monkeypatch)


@pytest.fixture(params=["plain", "irregular", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Eight rows, in a folder beside a file of two."""
    rows = [row(number) for number in range(1, 9)]
    if request.param == "irregular":
        rows[6] = row(7, Location_Description=_TWO_LINES)
    if request.param == "folder":
        write(tmp_path / "in" / "a.csv", [row(2), row(4)])
        write(tmp_path / "in" / "b.csv", rows)
        return tmp_path / "in"
    return write(tmp_path / "b.csv", rows)


def test_a_run_that_reads_wrongly_ends_with_an_error_and_writes_nothing(
    source: Path, fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_both(fault, monkeypatch)
    with pytest.raises(PipelineError, match=rf"b\.csv: 8 rows were counted, but {fault[2]} were") as caught:
        run(str(source), tmp_path / "out", engine="spark", max_rejected=1)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("source", ["folder"], indirect=True)
def test_a_file_that_is_read_wrongly_is_read_again_in_one_piece(
    source: Path, fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_quick(fault, monkeypatch)
    run(str(source), tmp_path / "out", engine="spark", max_rejected=1)
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    assert_output(tmp_path / "out", loaded(tmp_path / "out"), expect(files))


@pytest.mark.parametrize("source", ["plain", "folder"], indirect=True)
def test_a_job_that_reads_wrongly_leaves_nothing_in_the_lake(
    source: Path, fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: SparkSession
) -> None:
    spoil_both(fault, monkeypatch)
    parser = options_of("A job.")
    parser.add_argument("--output")
    options = parser.parse_args(
        [
            *("--input", str(source), "--run-id", "a-run", "--shift-years", "3", "--topic", "t"),
            *("--project", "p", "--output", str(tmp_path / "runs")),
        ]
    )
    attempt = Attempt(spark, options, "20260102-030405-abcdef", "2026-01-02 03:04:05")
    with pytest.raises(PipelineError, match=rf"b\.csv: 8 rows were counted, but {fault[2]} were"):
        to_lake(attempt)
    assert [path for path in (tmp_path / "runs").rglob("*") if not path.is_dir()] == []
    assert not (tmp_path / "runs" / "a-run" / "attempts" / attempt.name).exists()


@pytest.mark.parametrize("source", ["irregular", "folder"], indirect=True)
def test_a_job_that_reads_wrongly_appends_nothing_to_the_warehouse(
    source: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch, spark: SparkSession
) -> None:
    spoil_both(fault, monkeypatch)
    with (
        pytest.raises(PipelineError, match=rf"b\.csv: 8 rows were counted, but {fault[2]} were"),
        append_rows(spark, located(source), 3),
    ):
        pytest.fail("rows to append were given")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["structure", "packaging", "encodings"])
def test_both_jobs_read_each_file_as_often_as_it_has_rows(
    spark: SparkSession, name: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    INPUTS[name](tmp_path / "in")
    files = located(tmp_path / "in")
    row_counts = written(spark, tmp_path / "in", tmp_path / "out")
    assert [file.name for file in row_counts.files] == [each.file.uri for each in files]
    for file, each in zip(row_counts.files, files, strict=True):
        assert file.rows_counted == file.rows_read == each.file.count_rows().rows
    with append_rows(spark, files, 3) as rows:
        assert rows.row_counts == row_counts
        assert rows.versions.count() + rows.rejects.count() == row_counts.read


def assert_counted_like_the_driver_does(
    spark: SparkSession, files: list[Located], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Count in many small tasks, and hold that against one pass over the bytes."""
    left: list[str] = []

    def count(file: SourceFile) -> FileCount:
        left.append(file.location)
        return count_here(file)

    monkeypatch.setattr(row_counts, "count_here", count)
    cut = str(max(20, max(each.file.size for each in files) // 5))
    with configured(spark, {GREATEST_TASK: cut, "spark.sql.files.openCostInBytes": "0"}):
        counts = CountedFiles(spark, files)
    for each in counts.files:
        assert each.count is not None
        counted = each.count.result().rows
        assert (each.path, counted) == (each.path, each.file.count_rows().rows)
    assert left == []  # or the driver was compared with itself


def test_tasks_count_what_the_driver_counts(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, make in INPUTS.items():
        (tmp_path / name).mkdir()
        make(tmp_path / name)
    assert_counted_like_the_driver_does(spark, located(tmp_path), monkeypatch)


#: Lines that are less than a row each, or look so.
_TRICKY = {
    "quotes that are even and open": ['1,a"b,"c', 'd",e"f,g', "2,a,b"],
    "quotes that are even and closed": ['1,"a""b",c', '2,"",""', '"3","b","c"', '4,"a", "b"'],
    "a quote inside a field": ['1,a"b,c', '2,b"",c', "3,,"],
    "text after a quote": ['1,"a"b,c', '2,"a"b",c', "3,,"],
    "two lines, and a line of spaces": ['1,"a', 'b",c', " ", "2,,"],
    "a quote that never closes": ['1,"a,b', "2,,", "3,,"],
    "too long for a record": [f'1,"{"a" * GREATEST_RECORD}', '2,",', "3,,"],
}


def test_tasks_count_tricky_lines(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (like,) = located(write(tmp_path / "like.csv", [row(1)]))
    files: list[Located] = []
    for kind, rows in _TRICKY.items():
        is_long = len(rows[0]) > GREATEST_RECORD  # seconds each
        for number, end in enumerate(["\n", "\r\n", "\r", "\n\n", "\r\r\n"][: 3 if is_long else None]):
            for mark, last in (("", end), ("\ufeff", ""), ("", "\r"))[: 1 if is_long else None]:
                data = (mark + end.join(["id,b,c", *rows]) + last).encode()
                # no backslash in its name: Hadoop would list every other file for this one too
                path = tmp_path / f"{kind} {number} {len(mark)} {last.encode().hex()} {len(files)}.csv"
                path.write_bytes(data)
                columns = ("id", "b", "c")
                file = replace(like.file, location=str(path), size=len(data), headings=columns)
                files.append(Located(file, str(path)))
    short = [each for each in files if each.file.size < GREATEST_RECORD]
    assert_counted_like_the_driver_does(spark, short, monkeypatch)
    assert_counted_like_the_driver_does(spark, [each for each in files if each not in short], monkeypatch)


def test_lines_that_do_not_come_to_the_size_of_the_file_are_no_count(
    spark: SparkSession, tmp_path: Path
) -> None:
    (found,) = located(write(tmp_path / "in.csv", [row(1), row(2)]))
    (whole,) = CountedFiles(spark, [found]).files
    # what tasks would see if they lost a row
    (cut,) = CountedFiles(spark, [replace(found, file=replace(found.file, size=found.file.size + 99))]).files
    assert whole.count is not None
    assert cut.count is not None
    assert whole.count.result() == FileCount(2, False, found.file.size)
    assert cut.count.result() == FileCount(2, True, found.file.size)  # by the driver, from the file itself


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_that_is_too_long_is_named(spark: SparkSession, tmp_path: Path, packed: bool) -> None:
    rows = [row(1), "", row(2), "x" * (GREATEST_LINE + 1), row(3)]
    source = write(tmp_path / f"in.csv{'.gz' if packed else ''}", rows)
    told = re.escape(f"{source}: line 5 has more than 16,777,216 bytes")
    with pytest.raises(InputError, match=f"^{told}"):
        run(str(source), tmp_path / "out", engine="spark", max_rejected=1)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match=f"^{told}"):
        written(spark, source, tmp_path / "lake")


def test_the_longest_rows_are_read_and_rejects_stay_whole(spark: SparkSession, tmp_path: Path) -> None:
    longest = row(1, Block="x")
    longest = row(1, Block="x" * (GREATEST_RECORD - len(longest) + 1))
    assert len(longest) == GREATEST_RECORD
    malformed = ["x" * GREATEST_LINE, "x," * 120_000, "y" * 20_002]
    source = write(tmp_path / "in.csv", [longest, *malformed, row(2)])
    run(str(source), tmp_path / "out", engine="spark", max_rejected=1)
    assert_output(tmp_path / "out", loaded(tmp_path / "out"), expect([source]))
    rejects = rejects_of(tmp_path / "out")
    assert {raw for reason, _, raw in rejects if reason == "malformed_row"} == set(malformed)
    # empty fields past the headings mean nothing: a row without an id
    write(source, [longest, *malformed, "," * 120_000, row(2)])
    row_counts = written(spark, source, tmp_path / "lake")
    assert (row_counts.read, row_counts.incidents) == (6, 2)
    assert row_counts.rejected == {"malformed_row": 3, "missing_id": 1}


def test_700_columns(tmp_path: Path) -> None:
    further = 700 - len(HEADER.split(","))
    header = ",".join([HEADER, *(f"Column {number}" for number in range(further))])
    rows = [row(number) + "," * further for number in (1, 2)]
    rows.append(row(3, Block="TWO\nLINES") + ",x" * further)
    source = write(tmp_path / "in.csv", [*rows, row(4)], header=header)
    run(str(source), tmp_path / "out", engine="spark", max_rejected=1)
    assert_output(tmp_path / "out", loaded(tmp_path / "out"), expect([source]))


def _with_comment(data: bytes) -> bytes:
    packed = gzip.compress(data)
    return packed[:3] + b"\x10" + packed[4:10] + b"a comment\0" + packed[10:]


def _in_two(between: bytes) -> Callable[[bytes], bytes]:
    return lambda data: gzip.compress(data[:900]) + between + gzip.compress(data[900:])


_PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": gzip.compress,
    "two members": _in_two(b""),
    "an empty member": lambda data: gzip.compress(data) + gzip.compress(b""),
    "a comment": _with_comment,
    "a zero behind": lambda data: gzip.compress(data) + b"\0",
    "zeros behind": lambda data: gzip.compress(data) + bytes(600),
    "zeros between": _in_two(bytes(600)),
}


def test_jobs_unpack_whatever_gzip_unpacks(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    text = "\n".join([HEADER, *(row(number) for number in range(1, 9))])
    for kind, pack in _PACKINGS.items():
        for ended, end in (("ended", "\n"), ("open", "")):
            (folder / f"{kind}, {ended}.csv.gz").write_bytes(pack((text + end).encode()))
    row_counts = written(spark, folder, tmp_path / "out")
    counts = {Path(file.name).name: (file.rows_counted, file.rows_read) for file in row_counts.files}
    assert counts == {path.name: (8, 8) for path in folder.iterdir()}
    assert (row_counts.read, row_counts.incidents, row_counts.rejected) == (
        8 * len(counts),
        8 * len(counts),
        {},
    )


def test_what_hadoop_does_not_unpack_must_fit_in_memory(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.csv.gz", [row(1)])
    monkeypatch.setattr(driver_counts, "_GREATEST_CONTENT", source.stat().st_size + 1)
    assert written(spark, source, tmp_path / "one").read == 1
    source.write_bytes(source.read_bytes() + bytes(2))
    with pytest.raises(
        InputError, match=r"in\.csv\.gz: Hadoop can't read what follows its first gzip member"
    ):
        written(spark, source, tmp_path / "two")


@pytest.mark.parametrize("damage", ["checksum", "length", "cut short"])
def test_jobs_refuse_damaged_gzip(spark: SparkSession, tmp_path: Path, damage: str) -> None:
    source = write(tmp_path / "in.csv.gz", [row(number) for number in range(1, 400)])
    stored = bytearray(source.read_bytes())
    at = {"checksum": -8, "length": -4, "cut short": -1}[damage]
    stored[at] ^= 1
    source.write_bytes(stored[:-9] if damage == "cut short" else stored)
    with pytest.raises(InputError, match=r"in\.csv\.gz: is damaged gzip .*: \d+ rows were read before that"):
        written(spark, source, tmp_path / "out")
    with (
        pytest.raises(InputError, match=r"in\.csv\.gz: is damaged gzip"),
        append_rows(spark, located(source), 3),
    ):
        pytest.fail("rows to append were given")


def test_a_job_refuses_a_file_that_was_changed_while_it_was_read(spark: SparkSession, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(1)])
    options = options_of("A job.").parse_args(
        ["--input", str(source), "--run-id", "a", "--shift-years", "3", "--topic", "t", "--project", "p"]
    )
    attempt = Attempt(spark, options, "20260102-030405-abcdef", "2026-01-02 03:04:05")
    files = attempt.files()
    row_counts = written(spark, source, tmp_path / "out")
    assert json.loads(attempt.manifest(1, files, row_counts, row_counts.latest).to_json())["files"] == [
        {
            "name": str(source),
            "bytes": source.stat().st_size,
            "modified": files[0].file.modified,
            "rows_counted": 1,
            "rows_read": 1,
        }
    ]
    write(source, [row(1), row(2)])
    with pytest.raises(InputError, match=r"in\.csv: was changed while it was read"):
        attempt.manifest(1, files, row_counts, row_counts.latest)


@pytest.mark.parametrize("small", [0, 1 << 30], ids=["large files", "small files"])
def test_rows_are_counted_by_file_and_the_output_does_not_tell_them_apart(
    tmp_path: Path, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_file, "_SMALL", small)
    write(tmp_path / "in" / "deep" / "same.csv", [row(1), row(2, Date="05/01/2012 01:00:00 PM"), row("x")])
    write(tmp_path / "in" / "same.csv", [row(1), row(4), row(5), HEADER])
    write(tmp_path / "in" / "none.csv", [row("y")])
    write(tmp_path / "in" / "pack.csv.gz", [row(6), row(7, Location_Description=_TWO_LINES)])
    run(str(tmp_path / "in"), tmp_path / "out", engine="spark", max_rejected=1)
    record = loaded(tmp_path / "out")
    files = [Path(file["name"]) for file in record["files"]]
    assert_output(tmp_path / "out", record, expect(files))
    counts = {path.relative_to(tmp_path / "in").as_posix(): expect([path]).read for path in files}
    assert counts == {"deep/same.csv": 3, "none.csv": 1, "pack.csv.gz": 2, "same.csv": 4}
    assert [file["rows_counted"] for file in record["files"]] == [*counts.values()]
    assert [file["rows_read"] for file in record["files"]] == [*counts.values()]
    assert {path.parent.name for path in (tmp_path / "out" / "incidents").rglob("*.parquet")} == {
        "year=2015",
        "year=2019",
    }
    assert len(incidents_of(tmp_path / "out")) == 6


def test_incidents_lost_on_their_way_into_the_output_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_file, "_SMALL", 0)
    monkeypatch.setattr(Path, "rename", lambda path, target: path)
    write(tmp_path / "in" / "a.csv", [row(1)])
    write(tmp_path / "in" / "b.csv", [row(2)])
    with pytest.raises(PipelineError, match="2 rows were written as incidents, but 0 are left of them"):
        run(str(tmp_path / "in"), tmp_path / "out", engine="spark", max_rejected=1)


@pytest.mark.parametrize("name", ["a::b.csv", "crimes[1].csv", "a::b[*]?{x}.csv", "50%41+é.csv"])
def test_a_name_is_no_pattern(spark: SparkSession, tmp_path: Path, name: str) -> None:
    write(tmp_path / "crimes1.csv", [row(9)])
    source = write(tmp_path / name, [row(1), row(2, Location_Description=_TWO_LINES)])
    run(str(source), tmp_path / "out [1]*?{x}", engine="spark", max_rejected=1)
    assert loaded(tmp_path / "out [1]*?{x}")["read"] == 2
    if "::" not in name:  # Hadoop keeps checksums of local files beside them, under names that it can't say
        row_counts = written(spark, source, tmp_path / "lake [1]*?{x}")
        assert [(file.name, file.rows_read) for file in row_counts.files] == [(str(source), 2)]


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(1)])
    odd = source.rename(tmp_path / "caf\udce9.csv")
    run(str(odd), tmp_path / "out", engine="spark", max_rejected=1)
    (file,) = loaded(tmp_path / "out")["files"]
    assert (file["name"], file["rows_read"]) == (f"{tmp_path}/caf\\xe9.csv", 1)


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("h\n" + "row\n" * 50, "\n"),
        ("h\n" + "row\r" * 50, "\r"),
        ("h\r" + "row\r" * 50 + "\n", "\r"),
        ("h\n" + "r" * 101 + "\n", "\n"),
        ("h\n" + "r" * 102, "\r"),
    ],
)
def test_a_file_is_cut_where_its_pieces_are_small(
    tmp_path: Path, text: str, separator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_counts, "GREATEST_LINE", 100)
    (tmp_path / "in.csv").write_bytes(text.encode())
    (like,) = located(write(tmp_path / "like.csv", [row(1)]))
    assert count_here(replace(like.file, location=str(tmp_path / "in.csv"))).separator == separator


@pytest.mark.parametrize("separator", ["\n", "\r"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_where_a_file_is_cut_changes_no_row(
    spark: SparkSession, tmp_path: Path, separator: str, end: str
) -> None:
    rows = [row(1), row(2, Location_Description=f"TWO{end}LINES"), "", "\xff", row(3)]
    text = end.join([HEADER, *rows])
    (tmp_path / "in.csv").write_bytes(text.encode("latin-1"))
    (found,) = located(tmp_path / "in.csv")
    cut = replace(found, count=done(FileCount(4, True, found.file.size, separator)))
    read = lines.irregular_records(spark, cut).select(lines.RAW_ROW, lines.STRUCTURE).collect()
    assert [(raw, structure) for raw, structure in read] == [
        (row(1), None),
        (rows[1], None),
        ("\ufffd", "malformed_row"),
        (row(3), None),
    ]
