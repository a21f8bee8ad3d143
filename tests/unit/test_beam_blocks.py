"""Files are read in blocks and chunks that are whole rows, and joined are the file."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from crime_pipelines.beam import blocks
from crime_pipelines.beam.blocks import blocks_of, chunks, cut
from crime_pipelines.generate import generate
from crime_pipelines.sources import resolve
from tests.conformance.inputs import row, write

SIZE = 1 << 20


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz"])
@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
def test_joined_they_are_the_file(name: str, crlf: bool, tmp_path: Path) -> None:
    generate(tmp_path / name, 20_000, seed=9, crlf=crlf)
    (file,) = resolve(str(tmp_path / name))
    data = (tmp_path / name).read_bytes()
    data = gzip.decompress(data) if file.gzipped else data
    found = blocks_of(file, 7, SIZE)
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
    (file,) = resolve(str(tmp_path / "in.csv"))
    found = blocks_of(file, 0, SIZE)
    assert len(found) > 3
    pieces = [piece for each in found for piece in chunks(each, SIZE)]
    counted = sum(piece.count(b'"\n') + piece.count(b",\n") for piece in pieces)
    assert all(piece[: piece.index(b",")].isdigit() for piece in pieces), counted


def test_where_no_place_can_be_told_none_is_cut(tmp_path: Path) -> None:
    # lines of nothing but an opening quote: which of them closes which depends on the first
    rows = [row(1), *['"x,"y'] * 700_000, row(2)]
    write(tmp_path / "in.csv", rows)
    (file,) = resolve(str(tmp_path / "in.csv"))
    found = blocks_of(file, 0, SIZE)
    assert b"".join(piece for each in found for piece in chunks(each, SIZE)).count(b"\n") == len(rows)


def test_a_stream_that_gives_little_at_a_time_is_read_to_its_end() -> None:
    data = b"".join(b"%d,b,c\n" % number for number in range(300_000))
    stream = io.BytesIO(data)
    pieces = list(cut(lambda number: stream.read(min(number, 100_003)), 3, SIZE))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) < SIZE + 3 * blocks.CONTEXT
