from __future__ import annotations

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from crime_pipelines.beam.streaming.sinks import reason_of


def test_a_refused_row_has_its_own_reason_without_its_values() -> None:
    # As insertAll answers: https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll
    wrong = {"reason": "invalid", "location": "latitude", "message": "Cannot convert value to float: 41.88x"}
    stopped = {"reason": "stopped", "location": "", "debugInfo": "HX100001", "message": ""}
    passing = {"reason": "backendError", "location": "", "message": ""}
    assert reason_of([wrong, wrong]) == "latitude invalid"
    assert reason_of([{**wrong, "location": ""}, wrong]) == "latitude invalid, the row invalid"
    assert reason_of([stopped]) is None
    assert reason_of([passing]) is None
