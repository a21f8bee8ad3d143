from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.dataproc.submission import request_id
from crime_pipelines.errors import InputError

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024)
CHECKSUMS = st.binary(min_size=4, max_size=4).map(bytes.hex)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))


@given(NAMES, CHECKSUMS)
def test_an_objects_run_has_a_name_that_fits_everywhere(name: str, checksum: str) -> None:
    made = run_ids.of_object(name, checksum)
    assert run_ids.checked(made) == made
    assert len(made) <= 63
    assert made == run_ids.of_object(name, checksum)


@given(NAMES, NAMES, CHECKSUMS, CHECKSUMS)
def test_another_name_or_content_is_another_run(one: str, two: str, first: str, second: str) -> None:
    same = (one, first) == (two, second)
    assert (run_ids.of_object(one, first) == run_ids.of_object(two, second)) is same


@given(NAMES, MOMENTS)
def test_a_requests_run_likewise(source: str, moment: datetime) -> None:
    made = run_ids.of_request(source, moment)
    assert run_ids.checked(made) == made


@given(MOMENTS)
def test_a_tick_is_told_by_its_minute_in_any_zone(moment: datetime) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=-6)))
    later = moment.replace(second=59, microsecond=999_999)
    own = run_ids.occasion_of_tick(moment)
    assert own == run_ids.occasion_of_tick(elsewhere) == run_ids.occasion_of_tick(later)
    assert own != run_ids.occasion_of_tick(moment + timedelta(minutes=1))


def test_a_tick_is_an_occasion() -> None:
    pytest.importorskip("google.api_core", reason="needs the extra gcp: make dev")
    from crime_pipelines.cloud.dataproc.starting import OCCASION

    assert OCCASION.fullmatch(run_ids.occasion_of_tick(datetime(2026, 11, 24, 20, 5, 7, tzinfo=UTC)))


def test_a_person_recognises_the_run() -> None:
    assert run_ids.of_object("2026/Crimes - 2001 to Present.csv.gz", "AAAA").startswith(
        "run-2026-crimes-2001-to-present-csv-gz-"
    )
    assert run_ids.of_object("crimes.csv", "AAAA").startswith("crimes-csv-")
    at = datetime(2026, 11, 24, 20, 5, 7, tzinfo=UTC)
    assert run_ids.occasion_of_tick(at) == "tick-20261124-2005"
    assert run_ids.of_request("gs://bucket/2026/crimes.csv", at).startswith("crimes-csv-20261124-200507-")


@pytest.mark.parametrize("text", ["", "a", "ab", "1ab", "Abc", "a_b", "abc\n", "a" * 64, "ä-bc", "a b"])
def test_a_name_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="run id"):
        run_ids.checked(text)


@given(NAMES, st.integers(0, 2**63).map(str))
def test_a_request_id_is_one_that_dataproc_takes(name: str, generation: str) -> None:
    run_id = run_ids.of_object(name, "x")
    assert re.fullmatch("[a-zA-Z0-9_-]{1,40}", request_id(run_id, generation))
    assert request_id(run_id, generation) != request_id(run_id, generation + "0")
