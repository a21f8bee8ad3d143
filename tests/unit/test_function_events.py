from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from hypothesis import given
from hypothesis import strategies as st

from crime_pipelines.cloud.functions.events import (
    FINALIZED,
    PUBSUB,
    Landed,
    PassedOver,
    Tick,
    arrival,
    content,
)
from crime_pipelines.cloud.functions.load import on_finished
from crime_pipelines.cloud.functions.runtime import one_line, trace_fields
from crime_pipelines.cloud.functions.start import asked, body_of, on_arrival
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.domain.periods.as_of import LATEST
from crime_pipelines.errors import InputError

SETTINGS = Settings("p", landing_bucket="landing", sources="gs://landing, gs://bucket/")
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
    for form in (body, {"source": body}, {"source": "gs://bucket/x.csv", "run_id": body}):
        try:
            asked(form, SETTINGS)
        except InputError as error:
            assert str(error)  # noqa: PT017


def test_a_request_leaves_to_the_settings_what_it_does_not_say() -> None:
    request = asked({"source": "gs://bucket/x.csv"}, SETTINGS, datetime(2026, 1, 2, tzinfo=UTC))
    assert (request.submission.shift_years, request.submission.as_of) == (3, LATEST)
    assert (request.architecture, request.serverless) == (1, False)
    assert request.occasion != asked({"source": "gs://bucket/x.csv"}, SETTINGS).occasion


def test_a_request_names_its_layout_or_has_the_settings() -> None:
    body = {"source": "gs://bucket/x.csv", "run_id": "abc"}
    settings = replace(SETTINGS, layout="new_york")
    assert asked(body, settings).submission.layout == "new_york"
    own = f"gs://{SETTINGS.code_bucket}/layouts/mine.toml"
    for layout in ("los_angeles", own):
        assert asked({**body, "layout": layout}, settings).submission.layout == layout


@pytest.mark.parametrize("as_of", ["", None, LATEST])
def test_a_request_may_leave_its_day_open(as_of: str | None) -> None:
    body = {"source": "gs://bucket/x.csv", "run_id": "abc"}
    assert asked({**body, "as_of": as_of}, SETTINGS) == asked(body, SETTINGS)


def test_a_request_that_names_its_run_is_the_same_again() -> None:
    body = {
        "source": "gs://bucket/x.csv",
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
        ({"source": "gs://bucket/x.csv", "years": 3}, "asks for years"),
        ({"source": "gs://bucket/x.csv", "shift_years": "3"}, "whole number"),
        ({"source": "gs://bucket/x.csv", "shift_years": True}, "whole number"),
        ({"source": "gs://bucket/x.csv", "serverless": 1}, "neither true nor false"),
        ({"source": "gs://bucket/x.csv", "run_id": ""}, "no run_id"),
        ({"source": "gs://bucket/x.csv", "layout": 5}, "no layout"),
        ({"source": "gs://bucket/x.csv", "layout": "atlantis"}, "is not known; choose one of chicago"),
        ({"source": "gs://bucket/x.csv", "layout": "gs://bucket/mine.toml"}, "below gs://.*-crime-code/"),
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


@pytest.mark.parametrize(
    "source",
    [
        "gs://other/x.csv",
        "gs://p-crime-lake/runs/",
        "gs://landing-2/x.csv",
        "gs://*/x.csv",
        "gs://land*/x.csv",
        "gs://landing::file:///etc/passwd",
        "gs://landing/x.csv::file:///etc/passwd",
        "gs://bucket",
        "file:///etc/passwd",
        "gs:///x.csv",
        "gs://landing/\n",
    ],
)
def test_a_source_that_is_not_allowed_is_refused(source: str) -> None:
    settings = replace(SETTINGS, sources="gs://landing, gs://bucket/exports/")
    with pytest.raises(InputError, match="not among the sources that runs may read"):
        asked({"source": source}, settings)


@pytest.mark.parametrize(
    "source",
    [
        "gs://landing",
        "gs://landing/",
        "gs://landing/a b/*.csv",
        "gs://bucket/exports",
        "gs://bucket/exports/x",
    ],
)
def test_a_source_below_an_allowed_one_is_taken(source: str) -> None:
    settings = replace(SETTINGS, sources="gs://landing, gs://bucket/exports/")
    assert asked({"source": source}, settings).submission.source == source


def test_the_landing_bucket_alone_is_allowed_unless_the_settings_say_more() -> None:
    settings = Settings("p")
    assert asked({"source": "gs://p-crime-landing/x.csv"}, settings).submission.run_id
    with pytest.raises(InputError, match=r"\(gs://p-crime-landing\); CRIME_SOURCES lists others"):
        asked({"source": "gs://p-crime-lake/runs/x/incidents/"}, settings)


def test_an_object_of_another_bucket_starts_nothing() -> None:
    event = arrival(FINALIZED, {**RESOURCE, "bucket": "elsewhere"})
    with pytest.raises(InputError, match="not among the sources"):
        on_arrival(event, SETTINGS, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("run_id", ["feed", "incident-feed"])
def test_the_streams_names_are_no_runs(run_id: str) -> None:
    with pytest.raises(InputError, match="belongs to the feed"):
        asked({"source": "gs://landing/x.csv", "run_id": run_id}, SETTINGS)


SURROGATE = "\ud83d"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"source": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        b"",
        b"{",
    ],
    ids=["deep", "digits", "not utf-8", "empty", "cut short"],
)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="not JSON"):
        body_of(body)


@pytest.mark.parametrize(
    "body",
    [
        {"source": f"gs://landing/{SURROGATE}.csv"},
        {"source": "gs://landing/x.csv", "run_id": f"a{SURROGATE}c"},
        {"source": "gs://landing/x.csv", "as_of": f"{SURROGATE}"},
        {"source": "gs://landing/x.csv", SURROGATE: 1},
        {"source": "gs://landing/x.csv", "as_of": "0000-01-01"},
        {"source": "gs://landing/x.csv", "as_of": "10000-01-01"},
        {"source": "gs://landing/x.csv", "architecture": True},
        {"source": "gs://landing/x.csv", "shift_years": 10**400},
    ],
)
def test_hostile_requests_are_refused_in_a_line_that_can_be_sent(body: object) -> None:
    with pytest.raises(InputError) as caught:
        asked(body, SETTINGS)
    line = one_line(str(caught.value))
    assert line.encode()
    assert "\n" not in line


@pytest.mark.parametrize(
    "resource",
    [
        {**RESOURCE, "generation": "1" * 65},
        {**RESOURCE, "generation": "\u0661"},
        {**RESOURCE, "generation": "-1"},
        {**RESOURCE, "name": f"{SURROGATE}.csv"},
        {**RESOURCE, "bucket": SURROGATE},
    ],
)
def test_hostile_notifications_are_refused(resource: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        arrival(FINALIZED, resource)
    assert one_line(str(caught.value)).encode()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "tomorrow"])
def test_a_tick_at_the_calendars_ends_is_refused(moment: str) -> None:
    with pytest.raises(InputError, match="publishTime"):
        arrival(PUBSUB, message({"scheduled": True}, publishTime=moment))


def test_a_trace_of_five_thousand_digits_is_none() -> None:
    assert not trace_fields({"X-Cloud-Trace-Context": f"{TRACE}/{'9' * 5_000}"}, "p")
    assert not trace_fields({"X-Cloud-Trace-Context": f"{TRACE}/{'9' * 21}"}, "p")


@pytest.mark.parametrize("architecture", [True, "1", 1.0, None])
def test_a_finished_run_whose_architecture_is_no_number_is_refused(architecture: object) -> None:
    with pytest.raises(InputError, match="architecture is not a whole number"):
        on_finished({"run_id": "abc", "architecture": architecture}, SETTINGS)
