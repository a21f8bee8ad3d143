"""Messages: JSON in the API layout reads as the row that it stands for."""

from __future__ import annotations

import gc
import json
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crime_pipelines.domain.fields import FIELDS, Reason
from crime_pipelines.domain.messages import BadMessage, read_message, write_message
from crime_pipelines.domain.reading import Incident, read_incident
from crime_pipelines.domain.versions import Tombstone

ROW = {
    "id": "10224738",
    "case_number": "HY411648",
    "occurred_at": "2015-09-05T13:30:00.000",
    "primary_type": "BATTERY",
    "location_description": "RESIDENCE",
    "arrest": "false",
    "community_area": "61",
    "latitude": "41.815117282",
    "updated_on": "2018-02-10T15:50:01.000",
}


def test_the_api_layout_is_read() -> None:
    payload = (
        b'{"id":"10224738","case_number":"HY411648","date":"2015-09-05T13:30:00.000","primary_type":"BATTERY",'
        b'"location_description":"RESIDENCE","arrest":false,"community_area":"61","latitude":"41.815117282",'
        b'"updated_on":"2018-02-10T15:50:01.000","location":{"latitude":"41.8"},":@computed_region":"59"}'
    )
    assert read_message(payload, 3) == read_incident(ROW, 3)
    assert json.loads(write_message(ROW))["date"] == ROW["occurred_at"]


def test_the_file_layout_and_numbers_are_read() -> None:
    payload = json.dumps(
        {"ID": 7, "Date": "09/05/2015 01:30:00 PM", "Arrest": True, "Community Area": 61, "Latitude": 41.5}
    ).encode()
    found = read_message(payload, 0)
    assert isinstance(found, Incident)
    assert (found.id, found.arrest, found.community_area, found.latitude) == (7, True, 61, 41.5)


@pytest.mark.parametrize(
    ("payload", "reason", "error"),
    [
        (b"", Reason.MALFORMED_ROW, "not JSON"),
        (b"\xff", Reason.MALFORMED_ROW, "not JSON"),
        (b"[" * 100_000, Reason.MALFORMED_ROW, "nested deeper than 8"),
        (b"17", Reason.MALFORMED_ROW, "not a JSON object"),
        (b'{"id": ["1"]}', Reason.MALFORMED_ROW, "id is no text"),
        (b'{"date": "x", "Date": "y"}', Reason.MALFORMED_ROW, "two values for occurred_at"),
        (b"{}", Reason.MISSING_ID, "id is None"),
        (b'{"id": 1.5}', Reason.BAD_ID, "id is '1.5'"),
        (b'{"id": 1, "date": "soon"}', Reason.BAD_DATE, "date is 'soon'"),
        (b'{"id": 1, "date": "2015-09-05T13:30:00", "arrest": "?"}', Reason.BAD_ARREST, "arrest is '?'"),
        (b'{"id": "1", "place": "' + b"x" * 262_144 + b'"}', Reason.MALFORMED_ROW, "262,168 bytes are more"),
        (b'{"place": ' + b'{"a":' * 8 + b"1" + b"}" * 9, Reason.MALFORMED_ROW, "nested deeper than 8"),
        (json.dumps(dict.fromkeys(map(str, range(257)))).encode(), Reason.MALFORMED_ROW, "257 headings"),
        (b'{"id": "1", "beat": "\\ud800"}', Reason.MALFORMED_ROW, "half a surrogate pair"),
        (b'{"id": "1", "\\udfff": "x"}', Reason.MALFORMED_ROW, "half a surrogate pair"),
        (b'{"id": "1", "beat": "\xed\xa0\x80"}', Reason.MALFORMED_ROW, "not JSON"),
        (b'{"id": "1", "id": "1"}', Reason.MALFORMED_ROW, "two values for 'id'"),
        (b'{"id" : "1", "id":"1"}', Reason.MALFORMED_ROW, "two values for 'id'"),
        (b'{"id": "1", "place": {"a": 1, "a": 2}}', Reason.MALFORMED_ROW, "two values for 'a'"),
        (b'{"id": "1", "shift_years": "5000"}', Reason.MALFORMED_ROW, "shift_years is '5000'"),
        (b'{"id": "1", "shift_years": -1001}', Reason.MALFORMED_ROW, "shift_years is '-1001'"),
        (b'{"id": "1", "deleted": "perhaps"}', Reason.MALFORMED_ROW, "deleted is 'perhaps'"),
        (b'{"id": "1", "deleted": true}', Reason.MISSING_DATE, "updated_on is None"),
        (b'{"deleted": true, "updated_on": "2020-01-01T00:00:00"}', Reason.MISSING_ID, "id is None"),
        (b'{"id": 1, "deleted": true, "updated_on": "soon"}', Reason.BAD_DATE, "updated_on is 'soon'"),
    ],
)
def test_what_can_not_be_an_incident_says_why(payload: bytes, reason: Reason, error: str) -> None:
    found = read_message(payload, 3)
    assert isinstance(found, BadMessage)
    assert found.reason is reason
    assert error in found.error


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from([field.name for field in FIELDS]),
        st.one_of(st.none(), st.text(), st.sampled_from(list(ROW.values()))),
    )
)
def test_a_message_says_what_its_row_says(row: dict[str, str | None]) -> None:
    wanted = read_incident(row, 3)
    found = read_message(write_message(row), 3)
    if isinstance(found, BadMessage) and ("shift_years is" in found.error or "its shift" in found.error):
        return  # a row of a file may be shifted further than a message
    assert found == wanted if isinstance(wanted, Incident) else isinstance(found, BadMessage)
    if isinstance(found, BadMessage):
        assert found.reason is wanted


SHIFTED = '{"id": "1", "date": "%s", "arrest": "no", "updated_on": "%s", "shift_years": "%s"}'


@pytest.mark.parametrize(
    ("occurred", "updated", "shift", "error"),
    [
        ("2024-03-11T12:00:00", "", "", None),
        ("2024-03-11T12:00:01", "", "", "date is '2024-03-11T12:00:01', later than its message"),
        ("2024-03-10T12:00:00", "2024-03-11T12:00:01", "", "updated_on is"),
        ("2027-03-11T12:00:00", "2027-03-11T12:00:00", "3", None),
        ("2027-03-11T12:00:01", "", "3", "later than its message"),
        ("3024-03-11T12:00:00", "", "1000", None),
        ("1000-03-11T12:00:00", "", "1000", "outside of the years 1 to 9999 without its shift"),
        ("9500-03-11T12:00:00", "", "-1000", "outside of the years 1 to 9999 without its shift"),
        ("1024-03-11T12:00:00", "", "-1000", None),
    ],
)
def test_dates_are_held_against_publication_without_their_shift(
    occurred: str, updated: str, shift: str, error: str | None
) -> None:
    payload = (SHIFTED % (occurred, updated, shift)).encode()
    published = datetime(2024, 3, 10, 12, tzinfo=UTC)
    for own_shift in (0, 3):
        found = read_message(payload, own_shift, published_at=published)
        assert (found.error if isinstance(found, BadMessage) else None) == error or error in found.error


def test_a_deletion_is_read_and_shifted() -> None:
    payload = b'{"id": "7", "deleted": "yes", "updated_on": "2024-02-29T06:00:00"}'
    assert read_message(payload, 3) == Tombstone(7, datetime(2027, 2, 28, 6), 3)
    carried = b'{"id": 7, "deleted": true, "updated_on": "2027-02-28T06:00:00", "shift_years": 3}'
    assert read_message(carried, 3) == read_message(payload, 3)
    assert isinstance(read_message(payload.replace(b'"yes"', b'"no"'), 3), BadMessage), "it has no date"


def test_what_a_sender_chooses_is_not_kept() -> None:
    """Messages of 250 kB, each with other headings, dates and numbers: nothing of them stays in memory."""
    read_message(b'{"id": "1"}', 3)
    gc.collect()
    tracemalloc.start()
    for number in range(10):
        long = f"{number}" * 60_000
        payload = json.dumps({f"{name}{long}": long for name in "abc"} | {"ward": long, "updated_on": long})
        assert len(payload) > 500_000 or isinstance(read_message(payload.encode(), 3), BadMessage)
        read_message(json.dumps({"id": "1", "ward": long, "updated_on": long, "x" + long: 1}).encode(), 3)
    del long, payload
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 500_000


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary())
def test_no_payload_breaks_it(payload: bytes) -> None:
    assert isinstance(read_message(payload, 3), BadMessage | Incident | Tombstone)
