"""Messages: JSON in the API layout reads as the row that it stands for."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crime_pipelines.domain.messages import BadMessage, read_message, write_message
from crime_pipelines.domain.reading import Incident, read_incident
from crime_pipelines.domain.schema import FIELDS, Reason

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
        (b"[" * 100_000, Reason.MALFORMED_ROW, "not JSON"),
        (b"17", Reason.MALFORMED_ROW, "not a JSON object"),
        (b'{"id": ["1"]}', Reason.MALFORMED_ROW, "id is no text"),
        (b'{"date": "x", "Date": "y"}', Reason.MALFORMED_ROW, "two values for occurred_at"),
        (b"{}", Reason.MISSING_ID, "id is None"),
        (b'{"id": 1.5}', Reason.BAD_ID, "id is '1.5'"),
        (b'{"id": 1, "date": "soon"}', Reason.BAD_DATE, "date is 'soon'"),
        (b'{"id": 1, "date": "2015-09-05T13:30:00", "arrest": "?"}', Reason.BAD_ARREST, "arrest is '?'"),
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
    assert found == wanted if isinstance(wanted, Incident) else isinstance(found, BadMessage)
    if isinstance(found, BadMessage):
        assert found.reason is wanted


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary())
def test_no_payload_breaks_it(payload: bytes) -> None:
    assert isinstance(read_message(payload, 3), BadMessage | Incident)
