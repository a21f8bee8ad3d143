"""Rows are split as the rules say, and counted alike by code that shares nothing with the splitting."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crime_pipelines.domain.records import csv_splitter as records
from crime_pipelines.domain.records import record_lines
from crime_pipelines.domain.records.csv_records import OpenQuoteError, fields_of
from crime_pipelines.domain.records.csv_splitter import Splitter
from crime_pipelines.domain.records.record_lines import count_records
from crime_pipelines.sources import row_counter
from crime_pipelines.sources.row_counter import LongLineError, RowCount, count_rows

#: Each counts and splits by a limit of its own.
LIMITS = {records.GREATEST_RECORD, record_lines.GREATEST_RECORD, row_counter.GREATEST_RECORD}
#: Small, so that small files hold rows that are too long and quotes that close too late.
LIMIT = 40
LONGEST_LINE = 200


@pytest.fixture(autouse=True, scope="module")
def _small_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _limit(patch, LIMIT, LONGEST_LINE, 1)
        yield


def _limit(monkeypatch: pytest.MonkeyPatch, record: int, line: int, piece: int) -> None:
    for module in (records, record_lines, row_counter):
        monkeypatch.setattr(module, "GREATEST_RECORD", record)
    for module in (records, row_counter):
        monkeypatch.setattr(module, "GREATEST_LINE", line)
    for module in (records, record_lines):
        monkeypatch.setattr(module, "_LEAST_PIECE", piece)


_PARTS = [
    "a", "b", ",", ",", ",", '"', '"', '""', "\n", "\n", "\r\n", "\r", " ", '"a"', '"a,b"', ',"', '",', "é",
    '"\n', "x" * 15, '\n"', ",,", '"x\ny"', "a,b\n", '"a","b"\n', "a\r\n", "\0", "x" * 41,
]  # fmt: skip
texts = st.lists(st.sampled_from(_PARTS), max_size=50).map("".join)
#: As most files are: one kind of line break, no lone quotes.
plain_texts = st.lists(
    st.sampled_from(
        ["a,b\n", '"a","b"\n', '"a,b",c\n', '"x\ny",z\n', '"a""b",\n', ",\n", "\n", "a\n", "é,ü\n"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
files = st.one_of(texts, plain_texts).map(str.encode)


def rows_of(file: bytes, width: int) -> Iterator[tuple[bytes, bool]]:
    """The rows of a file by the letter of the rules, in quadratic time."""
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", file)
    at = 0
    while at < len(lines):
        taken, is_sound = 1, False
        for end in range(at + 1, len(lines) + 1):
            body = b"".join(lines[at:end]).removesuffix(lines[end - 1]) + lines[end - 1].rstrip(b"\r\n")
            if len(body) > LIMIT:
                break
            try:
                is_sound = fields_of(body.decode(), width) is not None
            except OpenQuoteError:
                continue
            if is_sound:
                taken = end - at
            break
        row = b"".join(lines[at : at + taken])
        row = row[: len(row) - len(lines[at + taken - 1]) + len(lines[at + taken - 1].rstrip(b"\r\n"))]
        if row:
            yield row, is_sound
        at += taken


def pieces_of(file: bytes, cuts: list[float]) -> list[bytes]:
    places = sorted(int(cut * len(file)) for cut in cuts)
    return [file[start:end] for start, end in pairwise([0, *places, len(file)])]


def test_all_keep_to_the_same_limit() -> None:
    assert {1 << 18} == LIMITS


@settings(max_examples=600, deadline=None)
@given(files, st.integers(1, 4), st.lists(st.floats(0, 1), max_size=4))
def test_rows_are_what_the_rules_say(file: bytes, width: int, cuts: list[float]) -> None:
    found = [(row.data, row.sound) for row in records.records(pieces_of(file, cuts), width)]
    assert found == list(rows_of(file, width))


@settings(max_examples=600, deadline=None)
@given(
    files,
    st.integers(1, 4),
    st.lists(st.floats(0, 1), max_size=4),
    st.sampled_from([4, 8, 32, 1 << 19]),
    st.booleans(),
)
def test_rows_are_counted_as_they_are_split(
    file: bytes, width: int, cuts: list[float], piece_bytes: int, has_headings: bool
) -> None:
    rows = list(rows_of(file, width))
    assert count_records(pieces_of(file, cuts), width) == len(rows)
    copied: list[bytes] = []
    headings = b"h" * 3 + b"\n" if has_headings else b""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_counter, "PIECE_BYTES", piece_bytes)
        found = count_rows(
            io.BytesIO(headings + file),
            width,
            skip_headings=has_headings,
            copy=lambda data: copied.append(bytes(data)),
        )
    assert found.rows == len(rows)
    assert found.lines == has_headings + len(re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", file))
    assert b"".join(copied) == headings + file
    if found.is_regular:
        # a reader of another hand splits it alike
        others = [row for row in csv.reader(io.StringIO(file.decode(), newline=""), strict=True) if row]
        assert others == [next(csv.reader([row.decode()], strict=True)) for row, _ in rows]


@settings(deadline=None)
@given(plain_texts)
def test_a_plain_file_is_regular(text: str) -> None:
    # a record over two lines that has too many or too few fields is malformed line by line
    assert count_rows(io.BytesIO(text.encode()), 2).is_regular or "a\n" in text


@pytest.mark.parametrize(
    "file",
    [b'"a" ,b\n', b' "a",b\n', b'a"b,c\n', b'"a"b,c\n', b'"a,b\n', b"a,b\r\nc,d\n", b"a,b\rc,d\n",
     b"a,\xff\n", b"a,\0\n",
     b"x" * 41 + b",b\n", b'5","abc\nd"\n', b'"a" "b",c\n', b'"' + b"x" * 39 + b'\n",b\n'],
)  # fmt: skip
def test_what_readers_may_differ_about_is_not_regular(file: bytes) -> None:
    assert not count_rows(io.BytesIO(b"a,b\n" * 5 + file + b"c,d\n" * 5), 2).is_regular


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("piece_bytes", [16, 1 << 19])
def test_a_line_too_long_to_be_kept_is_named(
    line_break: bytes, piece_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_counter, "PIECE_BYTES", piece_bytes)
    fits = b"x" * LONGEST_LINE + line_break
    assert count_rows(io.BytesIO(fits * 3), 2).rows == 3
    with pytest.raises(LongLineError) as caught:
        count_rows(io.BytesIO(b"a" + line_break + fits * 2 + b"x" + fits), 2)
    assert caught.value.line == 4


def test_rows_before_a_fault_of_the_stream_are_counted() -> None:
    class Faulty(io.BytesIO):
        def readinto1(self, buffer: memoryview) -> int:
            read = super().readinto(buffer[:10])
            if not read:
                raise EOFError
            return read

    found = RowCount()
    with pytest.raises(EOFError):
        count_rows(Faulty(b"a,b\n" * 7 + b"a,"), 2, found)
    assert found.rows == 7


#: Files that tempt a reader to look at the same bytes again and again.
_TEMPTING = {
    "a quote left open before doubled ones": b'"\n' + b'a""\n' * 5_000,
    "a quote left open on each line": b'"a\n' * 5_000,
    "quotes that close far away, before text": (b'"a\n' * 50 + b'"x\n') * 100,
    "a quote that each line closes and opens": b'x","y\n' * 5_000,
    "lines inside quotes that never close": b'"' + b"\n" * 20_000,
    "one row of very many fields": b",".join([b"x"] * 120_000) + b"\n",
}


@pytest.mark.parametrize("name", _TEMPTING)
@pytest.mark.parametrize("width", [2, 3, 400])
def test_no_line_is_looked_at_more_than_a_few_times(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(monkeypatch, 1 << 18, 1 << 24, 1 << 20)
    file = _TEMPTING[name]
    calls: Counter[str] = Counter()

    def counted(what: str, function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            calls[what] += 1
            return function(*arguments, **named)

        return call

    for method in ("_line", "_fields", "_after"):
        monkeypatch.setattr(Splitter, method, counted("split", getattr(Splitter, method)))
    monkeypatch.setattr(record_lines, "_scan", counted("count", record_lines._scan))
    rows = sum(1 for _ in records.records([file], width))
    lines = file.count(b"\n")
    assert calls.pop("split") <= 8 * lines
    assert count_rows(io.BytesIO(file), width).rows == rows
    assert count_records([file], width) == rows
    assert calls["count"] <= 4 * lines
