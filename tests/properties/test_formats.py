"""Properties of any text in any format: nothing is lost on the way to comma-separated text."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zlib
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.records.csv_records import fields_of, split_record
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.errors import InputError
from crime_pipelines.sources.formats import json_count, json_rows, separated
from crime_pipelines.sources.formats.form import Content, Form, Packing
from crime_pipelines.sources.formats.malformed import escaped_row, original_row
from crime_pipelines.sources.formats.packing import DamagedError, unpacked
from crime_pipelines.sources.formats.parquet_footer import read_footer
from crime_pipelines.sources.formats.reading import original_text
from crime_pipelines.sources.formats.zstd_frames import FrameCheck

some = settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))

TEXTS = st.text(st.sampled_from('{}[]",:\\/ \n\r\t;aé\u2603\u2028\x00\x10'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=6)


@pytest.fixture(params=[1, 3, 1 << 20])
def small_pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are read in pieces of so many bytes."""
    for module in (json_rows, json_count, separated):
        monkeypatch.setattr(module, "_PIECE", request.param)


def read_all(text: bytes, content: Content) -> list[Any]:
    return list(json_rows.json_rows(io.BytesIO(text), content, "x"))


def as_texts(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Objects as they are read: numbers as they are written."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
    return [decoder.decode(json.dumps(each)) for each in objects]


@pytest.mark.usefixtures("small_pieces")
class TestJson:
    @some
    @given(OBJECTS, st.booleans(), st.sampled_from([None, 1]), st.sampled_from(["", " \n", "\ufeff"]))
    def test_arrays(
        self, objects: list[dict[str, Any]], plain: bool, indent: int | None, before: str
    ) -> None:
        text = (before + json.dumps(objects, ensure_ascii=plain, indent=indent)).encode("utf-8", "replace")
        assert json_count.count_objects(io.BytesIO(text), Content.JSON_ARRAY) == len(objects)
        assert read_all(text, Content.JSON_ARRAY) == as_texts(objects)

    @some
    @given(OBJECTS, st.lists(st.sampled_from(["", " ", "\r"]), max_size=3), st.booleans())
    def test_lines(self, objects: list[dict[str, Any]], blank: list[str], ends: bool) -> None:
        lines = [*blank, *map(json.dumps, objects), *blank]
        text = ("\n".join(lines) + "\n" * ends).encode()
        assert json_count.count_objects(io.BytesIO(text), Content.JSON_LINES) == len(objects)
        assert read_all(text, Content.JSON_LINES) == as_texts(objects)

    @some
    @given(st.binary(max_size=60))
    @example(b'"\n{}')
    @example(b"\xef\xbb\xbf")
    @example(b"\x0b\n\xc2\xa0\n{}")
    def test_any_bytes_are_lines(self, text: bytes) -> None:
        rows = read_all(text, Content.JSON_LINES)
        assert json_count.count_objects(io.BytesIO(text), Content.JSON_LINES) == len(rows)
        for row in rows:
            line = json_rows.comma_row(row, ["a", "b"])
            assert line.endswith(b"\n")
            assert len(list(records([line], 2))) == 1

    @some
    @given(OBJECTS, st.data())
    def test_arrays_that_are_cut_or_changed(self, objects: list[dict[str, Any]], data: st.DataObject) -> None:
        text = bytearray(json.dumps(objects).encode())
        at = data.draw(st.integers(0, len(text) - 1))
        text[at:] = data.draw(st.sampled_from([b"", b"x" + text[at + 1 :], b"]" + text[at + 1 :]]))
        try:
            rows = read_all(bytes(text), Content.JSON_ARRAY)
        except InputError:
            return
        counted = json_count.count_objects(io.BytesIO(bytes(text)), Content.JSON_ARRAY)
        assert counted == len(rows)


@some
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5))
def test_json_rows_as_comma_separated_lines(values: list[tuple[str, str, str]]) -> None:
    keys = ["a", "b", "c"]
    rows = [dict(zip(keys, each, strict=True)) for each in values]
    text = b"".join(json_rows.comma_row(row, keys) for row in rows)
    read = [fields_of(record.text, 3) for record in records([text], 3)]
    assert read == [list(each) for each in values]
    for row, record in zip(rows, records([text], 3), strict=True):
        original = original_text(Form(content=Content.JSON_LINES), keys, Reason.BAD_ID, record.text)
        assert json.loads(original) == {key: value for key, value in row.items() if value}


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("separator", ["\t", ";"])
@some
@given(text=st.text(st.sampled_from('",;\t\n\r a\x10é'), max_size=60), width=st.integers(2, 4))
def test_separated_text(separator: str, text: str, width: int) -> None:
    """As comma-separated text is read, with the two signs exchanged."""
    data = b"h\n" + text.encode()
    exchanged = separated.exchanged(text.encode(), separator)
    expected = list(records([exchanged], width))
    lines = b"".join(separated.comma_rows(io.BytesIO(data), separator, width))
    found = list(records([lines], width))
    assert separated.count_separated(io.BytesIO(data), separator, width) == len(expected) == len(found)
    form = Form(separator=separator)
    for old, new in zip(expected, found, strict=True):
        assert old.sound == new.sound
        original = separated.exchanged_text(old.text, separator)
        if not old.sound:
            assert original_text(form, ["h"] * width, Reason.MALFORMED_ROW, new.text) == original
            continue
        fields = [separated.exchanged_text(field, separator) for field in fields_of(old.text, width) or []]
        assert fields_of(new.text, width) == fields
        restored = original_text(form, ["h"] * width, Reason.BAD_ID, new.text)
        assert split_record(separated.exchanged_text(restored, separator)) == [
            separated.exchanged_text(field, separator) for field in fields
        ]


@some
@given(st.binary(min_size=1, max_size=40), st.integers(2, 30))
def test_a_malformed_row_is_one_malformed_line(row: bytes, width: int) -> None:
    line = escaped_row(row)
    assert not set(line) & set(b',"\r\n')
    assert original_row(line.decode("utf-8", "replace")) == row.decode("utf-8", "replace")
    if line.strip(b" "):
        (record,) = records([line + b"\n"], width)
        assert not record.sound


@settings(some, max_examples=15)
@given(
    st.lists(st.sampled_from(["a", "B c", 'q"q', "é", "x.y"]), min_size=1, max_size=5, unique=True),
    st.integers(0, 300),
    st.booleans(),
)
def test_parquet_footers(names: list[str], rows: int, nested: bool) -> None:
    value = "{'n': [range], 'm': MAP {'k': {'z': range}}}" if nested else "range"
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        columns = ", ".join(f'{value} AS "{name.replace(chr(34), chr(34) * 2)}"' for name in names)
        path = Path(folder, "x.parquet")
        connection.execute(f"COPY (SELECT {columns} FROM range({rows})) TO '{path}' (FORMAT parquet)")
        with path.open("rb") as stream:
            footer = read_footer(stream, "x")
        data = path.read_bytes()
    assert (footer.columns, footer.rows) == (tuple(names), rows)
    for cut in range(len(data) - 60, len(data)):
        changed = data[:cut] + bytes([data[cut] ^ 0xFF]) + data[cut + 1 :]
        try:
            read_footer(io.BytesIO(changed), "x")
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most changes are no damage to what is read


@settings(some, max_examples=30)
@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
    st.integers(1, 50),
)
def test_the_ends_of_zstd_frames(parts: list[bytes], checksum: bool, sized: bool, piece: int) -> None:
    compressor = zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=sized)
    frames = [compressor.compress(part * 50) for part in parts]
    data = b"".join(frames)
    ends = {sum(map(len, frames[:count])) for count in range(len(frames) + 1)}
    for cut in range(len(data) + 1):
        check = FrameCheck(io.BytesIO(data[:cut]))
        while check.read(piece):
            pass
        assert check.is_complete == (cut in ends)


@some
@given(
    st.lists(st.binary(max_size=80).map(lambda piece: piece * 9), min_size=1, max_size=3),
    st.integers(0, 9),
    st.sampled_from(["whole", "cut", "changed", "padded", "followed"]),
    st.integers(0, 1 << 16),
)
def test_gzip_is_unpacked_or_refused_as_zlib_does(
    pieces: list[bytes], level: int, damage: str, place: int
) -> None:
    packed = bytearray(b"".join(gzip.compress(piece, level) for piece in pieces))
    match damage:
        case "cut":
            del packed[place % len(packed) :]
        case "changed":
            packed[place % len(packed)] ^= 1 << place % 8
        case "padded":
            packed += bytes(place % 600)
        case "followed":
            packed += b"\x1f\x8b" if place % 2 else b"more"
    expected: bytes | None
    try:
        expected = gzip.decompress(packed)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        expected = None
    found: bytes | None
    try:
        with unpacked(io.BytesIO(packed), Packing.GZIP, "x") as stream:
            found = stream.read()
    except DamagedError:
        found = None
    assert found == expected
