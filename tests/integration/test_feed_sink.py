"""The feed's sink against a strict BigQuery: bounded requests, refused rows put aside, the rest goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")
pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import Timestamp

from crime_pipelines.beam.streaming.messages import DeadLetter
from crime_pipelines.beam.streaming.sinks import AppendRows, append
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.warehouse import DEAD_LETTERS, INCIDENT_VERSIONS
from tests.cloud.local import fresh_settings, stores

NOW = datetime.now(UTC).isoformat()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with stores(tmp_path_factory.mktemp("cloud")):
        made = fresh_settings()
        set_up(made)
        yield made


def rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with closing(warehouse_client(settings)) as client:
        return query(client, sql.replace("crime.", f"{settings.dataset}."))


def test_refused_rows_are_told_apart_and_the_rest_goes_on(settings: Settings) -> None:
    with closing(warehouse_client(settings)) as client:
        sent = [
            {"id": 1, "occurred_at": "2030-01-01T00:00:00", "loaded_at": NOW},
            {"id": "x", "loaded_at": NOW},
            {"id": 2, "loaded_at": "9999-01-01T00:00:00+00:00"},
            {"id": 3, "nothing": 1, "loaded_at": NOW},
            {"id": 4, "loaded_at": NOW},
        ]
        refused = append(client, settings, INCIDENT_VERSIONS.name, sent)
    assert refused == {1: "id invalid", 2: "the row invalid", 3: "nothing invalid"}
    found = rows(
        settings, "SELECT id FROM crime.incident_versions WHERE loaded_at > '1970-01-02' ORDER BY id"
    )
    assert found == [(1,), (4,)]


def test_a_table_that_is_not_there_fails_the_bundle(settings: Settings) -> None:
    with closing(warehouse_client(settings)) as client, pytest.raises(PipelineError, match="nowhere"):
        append(client, settings, "nowhere", [{"id": 1}])


def test_batches_are_bounded_in_bytes_and_no_letter_holds_up_others(settings: Settings) -> None:
    sink = AppendRows(settings, DEAD_LETTERS.name, DeadLetter.row)
    sink.setup()
    sink.start_bundle()
    letters = [
        DeadLetter("x", "y", b"\xff" * size, datetime.now(UTC)) for size in (12_000,) * 900 + (6_000_000,)
    ]
    out = [refused for letter in letters for refused in sink.process(letter, Timestamp.now(), GlobalWindow())]
    out += [each.value for each in sink.finish_bundle()]
    sink.teardown()
    assert out == []
    assert rows(settings, "SELECT COUNT(*), MAX(bytes) FROM crime.dead_letters") == [(901, 6_000_000)]
