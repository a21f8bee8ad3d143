"""Places to cut a file are places where its rows begin, whatever the file holds."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crime_pipelines.domain.records import csv_splitter as records
from crime_pipelines.domain.records import record_boundaries as boundaries
from crime_pipelines.domain.records.record_boundaries import after_headings, row_start

WIDTH = 3
#: Small, so that small files hold rows that are too long and quotes that close too late.
LIMIT = 40


@pytest.fixture(autouse=True, scope="module")
def _short_records() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "GREATEST_RECORD", LIMIT)
        patch.setattr(boundaries, "GREATEST_RECORD", LIMIT)
        yield


def starts(data: bytes) -> set[int]:
    """Where rows begin, by reading the whole file: also at its end, and at empty lines."""
    found = {0, len(data)}
    at = 0
    for row in (record.data for record in records.records([data], WIDTH)):
        while data[at : at + 1] in (b"\r", b"\n"):
            at += _break(data, at)
            found.add(at)
        assert data[at:].startswith(row)
        at += len(row)
        at += _break(data, at)
        found.add(at)
    while at < len(data):
        at += _break(data, at)
        found.add(at)
    return found


def _break(data: bytes, at: int) -> int:
    return 2 if data[at : at + 2] == b"\r\n" else 1 if data[at : at + 1] in (b"\r", b"\n") else 0


pieces = st.sampled_from(
    ["a,b,c", '"x","y","z"', '"one\ntwo",b,c', 'p,"q""r",s', 'q"u,o,te', '"open,b,c', 'bad"close",b,c',
     '"x"y,b,c', "", "é,ü,ß", "a,b", "a,b,c,d", '"', '"\n"', "long" * 12, '"' + "n\n" * 25 + '",b,c']
)  # fmt: skip
files = st.lists(st.tuples(pieces, st.sampled_from(["\n", "\n", "\r\n", "\r"])), min_size=1, max_size=40).map(
    lambda rows: "".join(row + end for row, end in rows).encode()
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=files, at=st.floats(0, 1), context=st.sampled_from([2 * LIMIT, 4 * LIMIT]))
def test_a_place_told_from_a_piece_begins_a_row(data: bytes, at: float, context: int) -> None:
    nominal = int(at * len(data))
    begin = max(0, nominal - context)
    piece = data[begin : nominal + context]
    found = row_start(
        piece,
        nominal - begin,
        WIDTH,
        begins_a_row=begin == 0,
        ends_the_file=begin + len(piece) == len(data),
    )
    if found is not None:
        assert found >= nominal - begin
        assert begin + found in starts(data)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=files)
def test_from_the_beginning_each_row_is_found(data: bytes) -> None:
    at = 0
    while at < len(data):
        found = row_start(data[at:], 1, WIDTH, begins_a_row=True, ends_the_file=True)
        if found is None:
            break
        at += found
        assert at in starts(data)


def test_usual_rows_are_told_apart_in_the_middle() -> None:
    rows = [f'{number},"A, ""B""\nC",x\n'.encode() for number in range(200)]
    random.Random(1).shuffle(rows)
    ends = set(accumulate(map(len, rows)))
    data = b"".join(rows)
    for nominal in range(500, 1500, 7):
        begin = nominal - 2 * LIMIT
        piece = data[begin : nominal + 2 * LIMIT]
        found = row_start(piece, 2 * LIMIT, WIDTH, begins_a_row=False, ends_the_file=False)
        assert found is not None
        assert begin + found in ends


@pytest.mark.parametrize(("start", "length"), [(b"a,b\r\n1", 5), (b"a,b\n1", 4), (b"a,b\r1", 4), (b"a,b", 3)])
def test_headings_end_with_their_line(start: bytes, length: int) -> None:
    assert after_headings(start) == length
