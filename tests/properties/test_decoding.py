"""Whatever a message holds, Beam's fast decoding reads of it what the domain does."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crime_pipelines.beam.streaming.decoding import read_payload
from crime_pipelines.domain.fields import FIELDS
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.messages import read_message
from crime_pipelines.layouts import bundled
from tests.properties.strategies import any_texts, texts_of

_HEADINGS = [heading for field in FIELDS for heading in (field.name, *field.headings)]
_SOUND = (
    b'{"id":"10224738","case_number":"HY411648","date":"2015-09-05T13:30:00.000","primary_type":"BATTERY",'
    b'"arrest":false,"community_area":"61","latitude":"41.815117282","location":{"latitude":"41.8"}}'
)
#: Values as they may stand in JSON, or nearly: where decoders are known to part are many of them.
_VALUES = (
    "null", "true", "false", "{}", "[]", '[{"a":[1]}]', "0", "-0", "7", "61", "-0.0", "1.0", "41.5", "1E5",
    "1e-7", "1e15", "1e16", "1e22", "1e400", "-1e400", "1e-400", "4611686018427387904.0",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "1" + "0" * 400, "NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "tru",
    '"\\ud800"', '"\\ud83c\\udf89"', '"\\u0000"', '"\x01"', '"\t"', '"\x7f"', "'x'", '"\\x"', '"\\/"',
    '"2015-09-05T13:30:00"', '"1"', '" 1\\n"',
)  # fmt: skip
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be", "latin-1")


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """JSON objects that are like messages, some of them spoilt."""
    pairs = []
    for _ in range(draw(st.integers(0, 6))):
        heading = draw(
            st.one_of(
                st.sampled_from(_HEADINGS), st.sampled_from(["Date", "ID", "place", "deleted"]), any_texts()
            )
        )
        kind = next(
            (field.kind for field in FIELDS if heading in (field.name, *field.headings)), FIELDS[0].kind
        )
        text = texts_of(kind).map(lambda each: json.dumps(each, ensure_ascii=draw(st.booleans())))
        pairs.append(f"{json.dumps(heading)}:{draw(st.one_of(text, text, st.sampled_from(_VALUES)))}")
    written = "{" + ",".join(pairs) + "}"
    payload = written.encode(draw(st.sampled_from(_ENCODINGS)), errors="replace")
    return draw(st.one_of(st.just(payload), spoilt(payload)))


@st.composite
def spoilt(draw: st.DrawFn, payload: bytes) -> bytes:
    """A payload in which a part is lost, doubled, or replaced by anything."""
    begin = draw(st.integers(0, len(payload)))
    end = draw(st.integers(begin, min(len(payload), begin + 12)))
    part = draw(st.one_of(st.just(b""), st.just(2 * payload[begin:end]), st.binary(max_size=4)))
    return payload[:begin] + part + payload[end:]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(), payloads(), spoilt(_SOUND)), st.sampled_from([0, 3]))
@example(_SOUND, 3)
@example(b"17", 3)
@example(b"[" * 40 + b"]" * 40, 3)
@example(b"[" * 1000 + b"]" * 1000, 3)
@example(b'{"id":1,"place":' + b"[" * 1000 + b"]" * 1000 + b"}", 3)
@example(b'{"id":"1","place":' + b"9" * 5000 + b"}", 3)
@example(b'{"id":1000000000000000000000000000000}', 3)
@example(b'{"id" :1,"id":2}', 3)
@example(b'{"id":1,"place":{"a":1,"a":2},"beat":"\\":"}', 3)
@example(b'{"id":1,"deleted":true,"updated_on":"2015-09-05T13:30:00"}', 3)
@example(b'{"id":"1","date":"2015-09-05T13:30:00","arrest":"no","beat":1000000000000000000000}', 3)
def test_a_payload_is_read_as_the_domain_reads_it(payload: bytes, shift_years: int) -> None:
    for published in (None, datetime(2015, 9, 5, tzinfo=UTC)):
        for layout in (CHICAGO, bundled("new_york")):
            assert read_payload(payload, shift_years, layout, published) == read_message(
                payload, shift_years, layout, published
            )
