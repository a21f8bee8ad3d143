from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crime_pipelines.errors import InputError
from crime_pipelines.functions.events import (
    FINALIZED,
    PUBSUB,
    Landed,
    PassedOver,
    Tick,
    arrival,
    content,
)
from crime_pipelines.functions.serving import trace_fields
from crime_pipelines.functions.start import asked
from crime_pipelines.settings import Settings

SETTINGS = Settings("p")
RESOURCE = {"bucket": "landing", "name": "2026/crimes.csv", "generation": "17", "crc32c": "AAAAAA=="}
NOTIFIED = {
    "eventType": "OBJECT_FINALIZE",
    "bucketId": "landing",
    "objectId": "2026/crimes.csv",
    "objectGeneration": "17",
}
LANDED = Landed("landing", "2026/crimes.csv", "17", "AAAAAA==")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def message(data: object = None, attributes: object = None, **more: Any) -> dict[str, Any]:
    packed = data if isinstance(data, str) else base64.b64encode(json.dumps(data).encode()).decode()
    found: dict[str, Any] = {"publishTime": "2026-11-24T20:05:07.123456789Z", **more}
    if data is not None:
        found["data"] = packed
    if attributes is not None:
        found["attributes"] = attributes
    return {"message": found, "subscription": "s"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (FINALIZED, RESOURCE),
        (PUBSUB, message(RESOURCE, NOTIFIED)),
    ],
)
def test_an_object_has_landed_however_it_is_told(kind: str, data: object) -> None:
    assert arrival(kind, data) == LANDED


def test_a_notification_without_a_payload_tells_no_checksum() -> None:
    assert arrival(PUBSUB, message(None, NOTIFIED)) == Landed("landing", "2026/crimes.csv", "17", "")


def test_a_tick_is_the_moment_of_its_message() -> None:
    tick = arrival(PUBSUB, message({"scheduled": True}))
    assert tick == Tick(datetime(2026, 11, 24, 20, 5, 7, 123456, tzinfo=UTC))


@pytest.mark.parametrize(
    "name", ["folder/", "notes.txt", "crimes.csv.tmp", "_hidden.csv", "a/.x.csv", "_runs/x.csv", "x.csv.zip"]
)
def test_what_no_folder_would_read_is_passed_over(name: str) -> None:
    assert isinstance(arrival(FINALIZED, {**RESOURCE, "name": name}), PassedOver)


@pytest.mark.parametrize("name", ["x.csv", "x.CSV.GZ", "a b/ü.csv"])
def test_what_a_folder_would_read_is_taken(name: str) -> None:
    assert isinstance(arrival(FINALIZED, {**RESOURCE, "name": name}), Landed)


@pytest.mark.parametrize("event", ["OBJECT_DELETE", "OBJECT_METADATA_UPDATE", "OBJECT_ARCHIVE"])
def test_other_events_of_an_object_are_passed_over(event: str) -> None:
    found = arrival(PUBSUB, message(RESOURCE, {**NOTIFIED, "eventType": event}))
    assert found == PassedOver(f"the event is {event}", "gs://landing/2026/crimes.csv")


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("com.example.other", {}, "neither a message nor"),
        (PUBSUB, None, "event's data is not"),
        (PUBSUB, b"raw", "event's data is not"),
        (PUBSUB, {"message": "x"}, "event's message is not"),
        (PUBSUB, message("***"), "not JSON"),
        (PUBSUB, message(base64.b64encode(b"{").decode()), "not JSON"),
        (PUBSUB, message(base64.b64encode(b"\xff\xfe{").decode()), "not JSON"),
        (PUBSUB, message(base64.b64encode(b"[" * 100_000).decode()), "not JSON"),
        (PUBSUB, message([1]), "not a JSON object"),
        (PUBSUB, message({"scheduled": "yes"}), "neither a notification"),
        (PUBSUB, message({"scheduled": True}, publishTime="soon"), "publishTime"),
        (PUBSUB, message({}, {"eventType": "OBJECT_FINALIZE"}), "no bucket"),
        (PUBSUB, message({}, {**NOTIFIED, "objectGeneration": "../../x"}), "no generation"),
        (FINALIZED, {**RESOURCE, "name": ""}, "no name"),
        (FINALIZED, {**RESOURCE, "generation": None}, "no generation"),
    ],
)
def test_what_can_never_be_read_is_refused(kind: str, data: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        arrival(kind, data)


@given(st.sampled_from([PUBSUB, FINALIZED]), JSON)
def test_no_event_breaks_the_reading(kind: str, data: object) -> None:
    for form in (data, message(data), {"message": data}):
        for read in (arrival, content):
            try:
                read(kind, form)
            except InputError:
                continue


@given(JSON)
def test_no_request_breaks_the_reading(body: object) -> None:
    for form in (body, {"source": body}, {"source": "gs://b/x.csv", "run_id": body}):
        try:
            asked(form, SETTINGS)
        except InputError as error:
            assert str(error)  # noqa: PT017


def test_a_request_leaves_to_the_settings_what_it_does_not_say() -> None:
    request = asked({"source": "gs://b/x.csv"}, SETTINGS, datetime(2026, 1, 2, tzinfo=UTC))
    assert (request.submission.shift_years, request.submission.as_of) == (3, "")
    assert (request.architecture, request.serverless) == (1, False)
    assert request.occasion != asked({"source": "gs://b/x.csv"}, SETTINGS).occasion


def test_a_request_that_names_its_run_is_the_same_again() -> None:
    body = {
        "source": "gs://b/x.csv",
        "run_id": "abc",
        "shift_years": 0,
        "as_of": "2021-01-01",
        "architecture": 2,
    }
    assert asked(body, SETTINGS) == asked(body, SETTINGS)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "not a JSON object"),
        ({}, "no source"),
        ({"source": 5}, "no source"),
        ({"source": "gs://b/x.csv", "years": 3}, "asks for years"),
        ({"source": "gs://b/x.csv", "shift_years": "3"}, "whole number"),
        ({"source": "gs://b/x.csv", "shift_years": True}, "whole number"),
        ({"source": "gs://b/x.csv", "serverless": 1}, "neither true nor false"),
        ({"source": "gs://b/x.csv", "run_id": ""}, "no run_id"),
    ],
)
def test_a_request_that_can_not_be_had_says_why(body: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        asked(body, SETTINGS)


TRACE = "105445aa7843bc8bf206b12000100000"


@pytest.mark.parametrize(
    ("headers", "span"),
    [
        ({"Traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "00f067aa0ba902b7"),
        ({"X-Cloud-Trace-Context": f"{TRACE}/10;o=1"}, "000000000000000a"),
        ({"x-cloud-trace-context": TRACE}, None),
    ],
)
def test_the_trace_of_a_request_is_found(headers: dict[str, str], span: str | None) -> None:
    fields = trace_fields(headers, "p")
    assert fields["logging.googleapis.com/trace"] == f"projects/p/traces/{TRACE}"
    assert fields.get("logging.googleapis.com/spanId") == span


@given(st.text())
def test_a_broken_trace_is_none(text: str) -> None:
    assert not trace_fields({"traceparent": text, "X-Cloud-Trace-Context": text}, "p")
