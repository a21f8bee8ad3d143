"""The feed, driven by Beam's own test stream: versions, tombstones, poison, and no state."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_stream import TestStream as Played
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils import proto_utils

from crime_pipelines.beam.streaming.messages import EXCERPT
from crime_pipelines.beam.streaming.stream import ReadFeed, build
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.messages import DEPARTMENT, OTHER_DEPARTMENT, write_message
from crime_pipelines.domain.versions import Tombstone
from crime_pipelines.layouts import bundled
from crime_pipelines.schema.warehouse import DEAD_LETTERS, INCIDENT_VERSIONS

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
    events: Sequence[tuple[datetime, bytes | PubsubMessage]], layout: Layout = CHICAGO
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
        outputs = pipeline | stream | ReadFeed(0, layout)
        for name, output in outputs._asdict().items():
            found[name] = []
            output | f"Keep {name}" >> beam.Map(keep, name)
    return found


def test_every_version_goes_to_the_warehouse_whatever_the_order() -> None:
    newer = message(arrest="true", updated_on="2024-03-11T06:00:00.000")
    gone = b'{"id": "1", "deleted": true, "updated_on": "2024-03-12T06:00:00"}'
    days = [NOW + timedelta(days=number) for number in range(4)]
    outputs = feed([(days[1], newer), (days[2], gone), (days[3], message()), (days[3], message())])
    rows = [each.row("subscription") for each in outputs["versions"]]
    assert [(row["arrest"], row["deleted"]) for row in rows] == [
        (True, False), (None, True), (False, False), (False, False),
    ]  # fmt: skip
    assert outputs["versions"][1].value == Tombstone(1, datetime(2024, 3, 12, 6), 0)
    for row in rows:
        assert set(row) == set(INCIDENT_VERSIONS.names) - {"loaded_at"}


def test_poison_is_kept_with_its_reason() -> None:
    bad = {
        b"\xff\x00": "malformed_row",
        b"[1]": "malformed_row",
        b'{"id": {"a": 1}}': "malformed_row",
        b'{"id": "1", "id": "2"}': "malformed_row",
        message(id=""): "missing_id",
        message(id="x"): "bad_id",
        message(occurred_at="2024-03-09"): "date_without_time",
        message(occurred_at="yesterday"): "bad_date",
        message(occurred_at="2024-03-12T23:30:00"): "bad_date",
        message(arrest="maybe"): "bad_arrest",
    }
    outputs = feed([*((NOW, payload) for payload in bad), (NOW, message())])
    assert {each.payload: each.reason for each in outputs["dead_letters"]} == bad
    assert all(each.error and each.received_at == NOW for each in outputs["dead_letters"])
    rows = [each.row() for each in outputs["dead_letters"]]
    assert Counter(row["encoding"] for row in rows) == {"utf-8": len(bad) - 1, "base64": 1}
    assert all(set(row) == set(DEAD_LETTERS.names) - {"loaded_at"} for row in rows)
    assert len(outputs["versions"]) == 1


def test_a_large_dead_letter_has_a_small_row() -> None:
    for payload in (b'{"id": "' + b"x" * 6_000_000, b"\xff" * 6_000_000):
        (letter,) = feed([(NOW, payload)])["dead_letters"]
        row = letter.row()
        assert letter.payload == payload
        assert (row["bytes"], len(row["payload"])) == (len(payload), EXCERPT)
        assert len(row["error"]) < 200


def test_a_message_is_read_in_the_layout_of_its_department_or_put_aside() -> None:
    complaint = json.dumps(
        {"cmplnt_num": "7", "cmplnt_fr_dt": "2024-03-09T00:00:00.000", "cmplnt_fr_tm": "23:15:00",
         "ofns_desc": "PETIT LARCENY", "prem_typ_desc": "STREET", "addr_pct_cd": "112",
         ":updated_at": "2024-03-10T05:00:00.123Z"}
    ).encode()  # fmt: skip
    ours = message(community_area="112", arrest="")
    outputs = feed(
        [
            (NOW, complaint),
            (NOW, PubsubMessage(complaint, {DEPARTMENT: "new_york"})),
            (NOW, PubsubMessage(ours, {"origin": "by hand"})),
            (NOW, PubsubMessage(ours, {DEPARTMENT: "chicago"})),
        ],
        bundled("new_york"),
    )
    rows = [each.row("subscription") for each in outputs["versions"]]
    assert [(row["id"], row["community_area"], row["arrest"]) for row in rows] == [
        (7, 112, None), (7, 112, None), (1, 112, None),
    ]  # fmt: skip
    assert (rows[0]["primary_type"], rows[0]["occurred_at"]) == ("THEFT", "2024-03-09T23:15:00")
    assert rows[0]["updated_on"] == "2024-03-10T05:00:00.123000"
    (letter,) = outputs["dead_letters"]
    assert (letter.reason, letter.payload) == (OTHER_DEPARTMENT, ours)
    assert letter.error == "of chicago, not new_york"


#: The steps of the pipeline. Dataflow replaces a running job by one whose steps have the same names: whoever
#: renames one says so in the release notes, with the `--transform_name_mapping`.
STEPS = {
    "FromPubSub/Read",
    "Feed/Read/ParDo(ReadMessage)",
    "Write/ToVersions",
    "Write/RefusedVersions",
    "Write/AllLetters",
    "Write/ToDeadLetters",
    "Payloads",
}


def test_a_running_pipeline_can_be_replaced() -> None:
    pipeline = beam.Pipeline(options=PipelineOptions([], streaming=True))
    build(pipeline, Settings("project-1"))
    components = pipeline.to_runner_api().components
    ours = {each.unique_name for each in components.transforms.values()}
    assert ours >= STEPS
    # nothing is at rest between two steps, in state, in a timer or in a shuffle, for another release to read
    shuffles = (common_urns.primitives.GROUP_BY_KEY.urn, common_urns.composites.RESHUFFLE.urn)
    for each in components.transforms.values():
        assert each.spec.urn not in shuffles
        if each.spec.urn == common_urns.primitives.PAR_DO.urn:
            payload = proto_utils.parse_Bytes(each.spec.payload, beam_runner_api_pb2.ParDoPayload)
            assert not payload.state_specs, each.unique_name
            assert not payload.timer_family_specs, each.unique_name
