"""The feed, driven by Beam's own test stream: repeats, corrections, poison, expiry, lateness."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_stream import TestStream as Played
from apache_beam.transforms.window import TimestampedValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crime_pipelines.beam.stream import FeedOptions, ReadFeed
from crime_pipelines.domain.messages import write_message
from crime_pipelines.domain.night import operational_night
from crime_pipelines.domain.reading import Incident, read_incident
from crime_pipelines.domain.versions import latest

NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)
USUAL = {
    "id": "1",
    "occurred_at": "2024-03-09T23:30:00.000",
    "primary_type": "THEFT",
    "location_description": "STREET",
    "arrest": "false",
    "community_area": "32",
    "updated_on": "2024-03-10T06:00:00.000",
}
found: dict[str, list[Any]] = {}


def message(**changes: str) -> bytes:
    return write_message({**USUAL, **changes})


def keep(element: Any, name: str) -> None:
    found[name].append(element)


def feed(
    events: list[tuple[datetime, bytes]],
    *,
    expire: timedelta = timedelta(days=90),
    lateness: timedelta | None = timedelta(days=30),
) -> dict[str, list[Any]]:
    """What the feed makes of messages, published at these times and read one after the other."""
    found.clear()
    stream, watermark = Played(), None
    for moment, payload in events:
        stamp = moment.timestamp()
        if stamp != watermark:
            stream, watermark = stream.advance_watermark_to(stamp), stamp
        stream = stream.add_elements([TimestampedValue(payload, stamp)])
    stream = stream.advance_watermark_to_infinity()
    options = PipelineOptions([], streaming=True)
    with beam.Pipeline(runner=BundleBasedDirectRunner(), options=options) as pipeline:
        outputs = pipeline | stream | ReadFeed(FeedOptions(0, expire, lateness))
        for name, output in outputs._asdict().items():
            found[name] = []
            output | f"Keep {name}" >> beam.Map(keep, name)
    return found


def newest(rows: list[dict[str, Any]], key: tuple[str, ...], count: str) -> dict[tuple[Any, ...], int]:
    """The counts that count, by key, without those that are 0."""
    best: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in rows:
        at = tuple(each[name] for name in key)
        if at not in best or each["revision"] > best[at]["revision"]:
            best[at] = each
    return {at: each[count] for at, each in best.items() if each[count]}


def hours_of(outputs: dict[str, list[Any]]) -> dict[tuple[Any, ...], int]:
    return newest(outputs["area_hours"], ("area", "hour"), "incidents")


def nights_of(outputs: dict[str, list[Any]]) -> dict[tuple[Any, ...], int]:
    return newest(outputs["nights"], ("night",), "late_night_incidents")


def test_a_repeat_changes_nothing() -> None:
    outputs = feed([(NOW, message()), (NOW, message()), (NOW + timedelta(hours=1), message())])
    assert len(outputs["changes"]) == 1
    assert hours_of(outputs) == {(32, "2024-03-09T23:00:00"): 1}
    assert nights_of(outputs) == {("2024-03-09",): 1}


def test_a_correction_takes_away_what_it_replaces() -> None:
    moved = message(
        occurred_at="2024-03-10T12:30:00.000", community_area="", updated_on="2024-03-11T06:00:00.000"
    )
    outputs = feed([(NOW, message()), (NOW + timedelta(days=1), moved)])
    first, second = outputs["changes"]
    assert first.before is None
    assert second.before == first.after
    assert hours_of(outputs) == {(0, "2024-03-10T12:00:00"): 1}
    assert nights_of(outputs) == {}


def test_an_older_version_that_comes_late_changes_nothing() -> None:
    newer = message(arrest="true", updated_on="2024-03-11T06:00:00.000")
    outputs = feed([(NOW, newer), (NOW + timedelta(days=2), message())])
    assert [each.after.arrest for each in outputs["changes"]] == [True]
    assert hours_of(outputs) == {(32, "2024-03-09T23:00:00"): 1}


def test_poison_is_kept_whole_with_its_reason() -> None:
    bad = {
        b"\xff\x00": "malformed_row",
        b"[1]": "malformed_row",
        b'{"id": {"a": 1}}': "malformed_row",
        message(id=""): "missing_id",
        message(id="x"): "bad_id",
        message(occurred_at="2024-03-09"): "date_without_time",
        message(occurred_at="yesterday"): "bad_date",
        message(arrest="maybe"): "bad_arrest",
    }
    outputs = feed([*((NOW, payload) for payload in bad), (NOW, message())])
    assert {each.payload: each.reason for each in outputs["dead_letters"]} == bad
    assert all(each.error and each.received_at == NOW for each in outputs["dead_letters"])
    rows = [each.row() for each in outputs["dead_letters"]]
    assert Counter(row["encoding"] for row in rows) == {"utf-8": 7, "base64": 1}
    assert len(outputs["changes"]) == 1


def test_what_is_too_late_for_the_live_counts_is_told_and_still_a_version() -> None:
    outputs = feed([(NOW, message(occurred_at="2023-01-01T10:00:00.000")), (NOW, message(id="2"))])
    assert len(outputs["changes"]) == 2
    assert len(outputs["too_late"]) == 1
    assert hours_of(outputs) == {(32, "2024-03-09T23:00:00"): 1}


def test_versions_go_after_a_while() -> None:
    fixed = message(arrest="true", updated_on="2024-03-12T06:00:00.000")
    options = {"expire": timedelta(days=2), "lateness": timedelta(days=2)}
    soon = feed([(NOW, message()), (NOW + timedelta(days=1), fixed)], **options)
    assert [each.before is None for each in soon["changes"]] == [True, False]
    late = feed([(NOW, message()), (NOW + timedelta(days=3), fixed)], **options)
    assert [each.before is None for each in late["changes"]] == [True, True]
    # its hour was closed by then: the incident does not count twice
    assert hours_of(late) == {(32, "2024-03-09T23:00:00"): 1}


def test_a_surge_is_called_once() -> None:
    hour = datetime(2024, 1, 6, 23)
    events = []
    number = 0
    for week in range(9):
        for _ in range(9 if week == 8 else 1):
            number += 1
            moment = hour + timedelta(weeks=week, minutes=number)
            payload = message(id=str(number), occurred_at=moment.isoformat(), updated_on="")
            events.append((moment.replace(tzinfo=UTC) + timedelta(hours=1), payload))
    outputs = feed(events)
    (surge,) = outputs["surges"]
    assert b'"area": 32, "hour": "2024-03-02T23:00:00"' in surge


def test_versions_are_held_as_long_as_hours_stay_open() -> None:
    with pytest.raises(Exception, match="as long as live counts stay open"):
        FeedOptions(0, timedelta(days=1), timedelta(days=2))


VERSIONS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1", "2", "3"]),
        "occurred_at": st.sampled_from(
            ["2024-03-09T21:59:59", "2024-03-09T22:00:00", "2024-03-10T03:59:59", "2024-03-10T04:00:00"]
        ),
        "arrest": st.sampled_from(["true", "false"]),
        "community_area": st.sampled_from(["1", "2", ""]),
        "updated_on": st.sampled_from(["", "2024-03-10T06:00:00", "2024-03-11T06:00:00"]),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(versions=st.lists(VERSIONS, min_size=1, max_size=12), data=st.data())
def test_any_order_with_repeats_ends_in_the_same_counts(
    versions: list[dict[str, str]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations([*versions, *data.draw(st.lists(st.sampled_from(versions)))]))
    outputs = feed([(NOW + timedelta(minutes=at), message(**each)) for at, each in enumerate(order)])

    wanted: dict[int, Incident] = {}
    for each in versions:
        read = read_incident({**USUAL, **each}, 0)
        assert isinstance(read, Incident)
        wanted[read.id] = latest(read, wanted[read.id]) if read.id in wanted else read
    last = {each.after.id: each.after for each in outputs["changes"]}
    assert last == wanted
    assert hours_of(outputs) == Counter(
        (each.community_area or 0, each.occurred_at.replace(minute=0, second=0).isoformat())
        for each in wanted.values()
    )
    nights = Counter(operational_night(each.occurred_at) for each in wanted.values())
    assert nights_of(outputs) == {(night.isoformat(),): number for night, number in nights.items() if night}
