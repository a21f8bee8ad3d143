"""The embedded engine's run notices when rows are lost or read twice, whichever way it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from crime_pipelines.domain.records.csv_splitter import Record
from crime_pipelines.engines.duckdb import careful, reading
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.engines.testing.suite import incidents_of
from crime_pipelines.errors import PipelineError
from crime_pipelines.pipeline import run

#: What is wrong with a reader: DuckDB's rows as SQL, and those of the careful way.
Sabotage = tuple[Callable[[str], str], Callable[[Iterator[Record]], Iterator[Record]]]


def _without_one(rows: Iterator[Record]) -> Iterator[Record]:
    return (row for row in rows if not row.data.startswith(b"7,"))


def _with_one_twice(rows: Iterator[Record]) -> Iterator[Record]:
    for each in rows:
        yield each
        if each.data.startswith(b"7,"):
            yield each


def _up_to_an_early_end(rows: Iterator[Record]) -> Iterator[Record]:
    for each in rows:
        if each.data.startswith(b"8,"):
            return
        yield each


SABOTAGES: dict[str, Sabotage] = {
    "drops one row": (lambda rows: f"(SELECT * FROM {rows} WHERE c000 <> '7')", _without_one),
    "reads one row twice": (
        lambda rows: f"(SELECT * FROM {rows} UNION ALL SELECT * FROM {rows} WHERE c000 = '7')",
        _with_one_twice,
    ),
    "stops before the end": (
        lambda rows: f"(SELECT * FROM {rows} WHERE c000 NOT IN ('8', '9', '10'))",
        _up_to_an_early_end,
    ),
}


@pytest.fixture(params=["a file", "a folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Rows 1 to 10, in a file of their own or among others."""
    folder = tmp_path / "in"
    file = write(folder / "b.csv", [row(each) for each in range(1, 11)])
    if request.param == "a file":
        return file
    write(folder / "a.csv", [row(each) for each in range(101, 111)])
    write(folder / "c.csv.gz", [row(each) for each in range(201, 211)])
    return folder


def _sabotage_duckdb(monkeypatch: pytest.MonkeyPatch, wrong: Callable[[str], str]) -> None:
    right = reading.csv_relation

    def relation(paths: Sequence[Path], *arguments: Any) -> str:
        return wrong(right(paths, *arguments))

    monkeypatch.setattr(reading, "csv_relation", relation)


def _sabotage_records(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Iterator[Record]], Iterator[Record]]
) -> None:
    right = careful.records

    def records(chunks: Iterable[bytes], width: int) -> Iterator[Record]:
        return wrong(right(chunks, width))

    monkeypatch.setattr(careful, "records", records)


@pytest.mark.parametrize("name", SABOTAGES)
def test_nothing_is_written_where_both_ways_of_reading_are_wrong(
    name: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_duckdb, in_records = SABOTAGES[name]
    _sabotage_duckdb(monkeypatch, in_duckdb)
    _sabotage_records(monkeypatch, in_records)
    with pytest.raises(PipelineError) as caught:
        run(str(source), tmp_path / "out", max_rejected=1)
    assert caught.value.exit_code == 1
    assert str(caught.value).startswith(f"{tmp_path}/in/b.csv: 10 rows were counted, but ")
    assert "nothing was written" in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_file_that_duckdb_reads_wrongly_is_read_row_by_row(
    name: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(str(source), tmp_path / "expected", max_rejected=1)
    right, wrong = reading.csv_relation, SABOTAGES[name][0]

    def relation(paths: Sequence[Path], width: int, options: reading.CSVOptions) -> str:
        rows = right(paths, width, options)
        # the copy that the careful way makes is read rightly
        return rows if options.are_escaped else wrong(rows)

    monkeypatch.setattr(reading, "csv_relation", relation)
    record = run(str(source), tmp_path / "out", max_rejected=1).record
    assert incidents_of(tmp_path / "out") == incidents_of(tmp_path / "expected")
    assert all(file.rows_read == file.rows_counted == 10 for file in record.files)


@pytest.mark.parametrize("name", SABOTAGES)
def test_records_that_are_wrong_are_noticed_for_a_file_that_needs_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(each) for each in range(1, 11)]
    rows[2] = rows[2].replace("STREET", '"STREET"X')
    source = write(tmp_path / "in.csv", rows)
    _sabotage_records(monkeypatch, SABOTAGES[name][1])
    with pytest.raises(PipelineError, match=r"in\.csv: 10 rows were counted, but (9|11|7) were read"):
        run(str(source), tmp_path / "out", max_rejected=1)
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.csv", [row(each) for each in range(1, 11)])
    right = reading.csv_relation

    def relation(paths: Sequence[Path], *arguments: Any) -> str:
        with source.open("a") as file:
            file.write(row(11) + "\n")
        return right(paths, *arguments)

    monkeypatch.setattr(reading, "csv_relation", relation)
    with pytest.raises(PipelineError):
        run(str(source), tmp_path / "out", max_rejected=1)
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]
