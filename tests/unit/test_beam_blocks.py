"""Files are read in blocks and chunks that are whole rows, and joined are the file, wherever it lies."""

from __future__ import annotations

import gzip
import io
import os
import pickle
from pathlib import Path
from typing import IO, Any, ClassVar

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from apache_beam.io.filesystem import BeamIOError, FileSystem
from fsspec.implementations.memory import MemoryFileSystem

from crime_pipelines.beam.reading import blocks
from crime_pipelines.beam.reading.blocks import blocks_of, chunks, cut
from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.domain.records.csv_splitter import GREATEST_LINE, LineTooLongError
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import InputError
from crime_pipelines.sources import resolve, storage
from crime_pipelines.synthetic import generate

SIZE = 1 << 20


def the_file(path: object) -> WorkerFile:
    (file,) = resolve(str(path))
    return WorkerFile.of(file)


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz"])
@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
def test_joined_they_are_the_file(name: str, crlf: bool, tmp_path: Path) -> None:
    generate(tmp_path / name, 20_000, seed=9, crlf=crlf)
    file = the_file(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    data = gzip.decompress(data) if file.gzipped else data
    found = blocks_of(file, "0007", SIZE)
    assert (len(found) == 1) == file.gzipped
    assert len({each.name for each in found}) == len(found)
    pieces = [piece for each in found for piece in chunks(each, SIZE)]
    assert len(pieces) > 2
    assert b"".join(pieces) == data[data.index(b"\n") + 1 :]
    assert all(piece.endswith(b"\n") for piece in pieces)


def test_a_line_break_in_quotes_is_no_place_to_cut(tmp_path: Path) -> None:
    inner = "\n".join(["PARKING LOT"] * 40)
    rows = [row(number, Location_Description=inner) for number in range(1, 8_000)]
    write(tmp_path / "in.csv", rows)
    file = the_file(tmp_path / "in.csv")
    found = blocks_of(file, "0000", SIZE)
    assert len(found) > 3
    pieces = [piece for each in found for piece in chunks(each, SIZE)]
    counted = sum(piece.count(b'"\n') + piece.count(b",\n") for piece in pieces)
    assert all(piece[: piece.index(b",")].isdigit() for piece in pieces), counted


def test_where_no_place_can_be_told_none_is_cut(tmp_path: Path) -> None:
    # lines of nothing but an opening quote: which of them closes which depends on the first
    rows = [row(1), *['"x,"y'] * 700_000, row(2)]
    write(tmp_path / "in.csv", rows)
    file = the_file(tmp_path / "in.csv")
    found = blocks_of(file, "0000", SIZE)
    assert b"".join(piece for each in found for piece in chunks(each, SIZE)).count(b"\n") == len(rows)


def test_a_stream_that_gives_little_at_a_time_is_read_to_its_end() -> None:
    data = b"".join(b"%d,b,c\n" % number for number in range(300_000))
    stream = io.BytesIO(data)
    pieces = list(cut(lambda number: stream.read(min(number, 100_003)), 3, SIZE))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) < SIZE + 3 * blocks.CONTEXT


def test_a_line_that_is_too_long_is_found_before_much_is_held() -> None:
    given = 0

    def read(number: int) -> bytes:
        nonlocal given
        given += number
        return b"x" * number

    with pytest.raises(LineTooLongError):
        next(cut(read, 3, SIZE))
    assert given < GREATEST_LINE + 3 * SIZE


def test_long_lines_one_after_the_other_are_no_reason_to_hold_more() -> None:
    line = b"x" * (5 << 20) + b"\n"
    stream = io.BytesIO(line * 8)
    pieces = list(cut(stream.read, 3, SIZE))
    assert b"".join(pieces) == stream.getvalue()
    assert max(map(len, pieces)) <= len(line)


class InMemory(FileSystem):
    """fsspec's files in memory, as a runner's own file system."""

    opened: ClassVar[list[str]] = []

    @classmethod
    def scheme(cls) -> str:
        return "memory"

    def open(self, path: str, *_: object, **__: object) -> IO[bytes]:
        if not (system := MemoryFileSystem()).exists(path):
            raise BeamIOError(f"no {path}")
        self.opened.append(path)
        stream: IO[bytes] = system.open(path)
        return stream

    def _not_needed(self, *_: object, **__: object) -> Any:
        raise NotImplementedError

    join = split = mkdirs = has_dirs = create = copy = rename = exists = size = last_updated = _not_needed
    checksum = metadata = delete = _list = _not_needed


@pytest.mark.parametrize("name", ["a[1].csv", "a[1].csv.gz"])
def test_workers_open_what_is_not_local_by_the_runners_file_systems(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / name, [row(number) for number in range(1, 20_001)])
    system = MemoryFileSystem()
    system.pipe(f"/worker/{name}", path.read_bytes())
    system.pipe("/worker/a1.csv", b"not this one")
    file = the_file(f"memory://worker/{name}")
    monkeypatch.setattr(storage, "file_system", None)  # a worker need not have it
    InMemory.opened.clear()
    assert file.count_rows().rows == 20_000
    pieces = [piece for each in blocks_of(file, "0000", SIZE) for piece in chunks(each, SIZE)]
    local = [piece for each in blocks_of(the_file(path), "0000", SIZE) for piece in chunks(each, SIZE)]
    assert pieces == local
    assert set(InMemory.opened) == {f"memory:///worker/{name}"}
    system.rm("/worker", recursive=True)
    with pytest.raises(InputError, match=r"memory:///worker/a\[1\]\.csv(\.gz)?: can't be read \(no "):
        file.count_rows()


def test_a_file_for_workers_can_be_sent_to_them(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.csv")
    write(tmp_path / name, [row(1)])
    sent = pickle.loads(pickle.dumps(the_file(tmp_path / name)))
    assert type(sent) is WorkerFile
    assert (sent.uri, sent.count_rows().rows) == (f"{tmp_path}/caf\\xe9.csv", 1)
