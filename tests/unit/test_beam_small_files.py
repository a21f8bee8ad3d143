"""Small files that Beam reads many at a time: none is lost, and each row stays with its file."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import pyarrow.parquet as pq

import crime_pipelines
from crime_pipelines.beam.reading import small_files
from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.beam.reading.rows import type_rows
from crime_pipelines.layouts import BUNDLED, bundled
from crime_pipelines.sources import resolve

ROWS = 360
FILES = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small files, some of them of kinds that DuckDB can't be trusted with."""
    folder = tmp_path_factory.mktemp("small")
    made = crime_pipelines.generate(folder / "whole.csv", ROWS, seed=5, defects=0.05).path
    heading, *rows = made.read_bytes().splitlines()
    made.unlink()
    each = len(rows) // FILES
    for number in range(FILES):
        lines = [heading, *rows[number * each : (number + 1) * each]]
        end = b"\r\n" if number % 7 == 3 else b"\n"
        data = end.join(lines) + end
        if number % 11 == 5:
            data = b"\xef\xbb\xbf" + data
        if number % 13 == 7:
            data += b"cut,short" + end  # passed over by DuckDB, and a reject here
        if number % 17 == 9:
            data = data.replace(b"THEFT", b"THE\xffFT", 1)
        (folder / f"{number:03d}.csv").write_bytes(data)
    (folder / "empty.csv").write_bytes(heading + b"\n")
    return folder


def rejects_of(out: Path) -> list[tuple[str, str, str]]:
    table = pq.read_table(out / "rejects")
    return sorted(
        zip(*(table[name].to_pylist() for name in ("reason", "source_file", "raw_row")), strict=True)
    )


def test_many_are_read_in_one_statement_and_give_what_the_embedded_engine_gives(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[int] = []

    def counted(pieces: Sequence[bytes], *arguments: Any) -> Any:
        statements.append(len(pieces))
        return type_rows(pieces, *arguments)

    monkeypatch.setattr(small_files, "type_rows", counted)
    ours = crime_pipelines.run(folder, tmp_path / "beam", engine="beam", max_rejected=1, analyses=False)
    theirs = crime_pipelines.run(folder, tmp_path / "duckdb", max_rejected=1, analyses=False)
    assert len(statements) == 1
    assert statements[0] > FILES / 2
    for name in ("files", "read", "incidents", "superseded", "rejected", "warnings"):
        assert getattr(ours.record, name) == getattr(theirs.record, name), name
    assert {name: answer.rows for name, answer in ours.answers.items()} == {
        name: answer.rows for name, answer in theirs.answers.items()
    }
    assert rejects_of(ours.out) == rejects_of(theirs.out)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_layout_travels_by_its_name(name: str) -> None:
    import pickle

    sent = pickle.dumps(bundled(name))
    assert len(sent) < 200
    assert pickle.loads(sent) is bundled(name)


def test_a_file_comes_back_whole_as_an_element(folder: Path) -> None:
    files = [WorkerFile.of(found) for found in resolve(str(folder))]
    again = [pickle.loads(pickle.dumps(file)) for file in files]
    assert again == files
    assert {type(file) for file in again} == {WorkerFile}
    # what they share is made of bytes once
    assert len({id(file.columns) for file in again}) == len({file.headings for file in files})
