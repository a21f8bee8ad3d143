"""The feed's sink against a strict BigQuery: bounded requests, refused rows put aside, the rest goes on."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")
pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import Timestamp

from crime_pipelines.beam.streaming.messages import DeadLetter
from crime_pipelines.beam.streaming.sinks import AppendRows
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.row_stream import RowStream
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.errors import PipelineError
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.schema.columns import Column, Table
from crime_pipelines.schema.protobuf_rows import RowEncoder
from crime_pipelines.schema.warehouse import DEAD_LETTERS, INCIDENT_VERSIONS
from tests.cloud.local import fresh_settings

NOW = datetime.now(UTC).isoformat()


@pytest.fixture(scope="module")
def settings(cloud: Emulators) -> Settings:
    made = fresh_settings()
    set_up(made)
    return made


def rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with closing(warehouse_client(settings)) as client:
        return query(client, sql.replace("crime.", f"{settings.dataset}."))


def append(settings: Settings, table: Table, sent: list[dict[str, Any]]) -> dict[int, str]:
    encoder = RowEncoder(table)
    with closing(RowStream(settings, table, encoder.descriptor)) as stream:
        return stream.append([encoder.encode(row) for row in sent])


def test_refused_rows_are_told_apart_and_the_rest_goes_on(settings: Settings) -> None:
    def row_of(element: dict[str, Any]) -> dict[str, Any]:
        return element

    sink = AppendRows(settings, INCIDENT_VERSIONS, row_of)
    sink.setup()
    sink.start_bundle()
    sent: list[dict[str, Any]] = [
        {"id": 1, "occurred_at": "2030-01-01T00:00:00"},
        {"id": "x"},
        {"id": 2, "occurred_at": "soon", "arrest": 1},
        {"id": 3, "nothing": 1},
        {"id": 4, "occurred_at": "0001-01-01T00:00:00"},
    ]
    out = [refused for row in sent for refused in sink.process(row, Timestamp.now(), GlobalWindow())]
    out += [each.value for each in sink.finish_bundle()]
    sink.teardown()
    assert [(sent.index(row), why) for row, why in out] == [
        (1, "id invalid"),
        (2, "arrest invalid, occurred_at invalid"),
        (3, "the table has no column nothing"),
    ]
    found = rows(
        settings,
        "SELECT id, occurred_at FROM crime.incident_versions WHERE loaded_at > '1970-01-02' ORDER BY id",
    )
    assert found == [(1, datetime(2030, 1, 1)), (4, datetime(1, 1, 1))]


def test_of_rows_that_bigquery_refuses_the_others_are_sent_again(settings: Settings) -> None:
    far = "9999-01-01T00:00:00+00:00"
    sent = [{"reason": str(n), "loaded_at": far if n % 3 == 0 else NOW} for n in range(8)]
    assert append(settings, DEAD_LETTERS, sent) == dict.fromkeys((0, 3, 6), "loaded_at invalid")
    found = rows(settings, "SELECT reason FROM crime.dead_letters WHERE bytes IS NULL ORDER BY reason")
    assert found == [("1",), ("2",), ("4",), ("5",), ("7",)]


def test_a_table_that_is_not_there_fails_the_bundle(settings: Settings) -> None:
    with pytest.raises(PipelineError, match=r"nowhere: BigQuery: .*not found"):
        append(settings, Table("nowhere", "Nothing.", (Column("id", "integer", "A number."),)), [{"id": 1}])


def test_a_table_without_a_column_of_this_release_fails_the_bundle(settings: Settings) -> None:
    wide = (*DEAD_LETTERS.columns, Column("later", "text", "Of a later release."))
    with pytest.raises(PipelineError, match=r"dead_letters: .*extra fields: 'later'.*add this release's"):
        append(settings, Table(DEAD_LETTERS.name, "Wider.", wide), [{"later": "x", "loaded_at": NOW}])


def test_batches_are_bounded_in_bytes_and_no_letter_holds_up_others(settings: Settings) -> None:
    sink = AppendRows(settings, DEAD_LETTERS, DeadLetter.row)
    sink.setup()
    sink.start_bundle()
    letters = [
        DeadLetter("x", "y", b"\xff" * size, datetime.now(UTC)) for size in (12_000,) * 900 + (6_000_000,)
    ]
    out = [refused for letter in letters for refused in sink.process(letter, Timestamp.now(), GlobalWindow())]
    out += [each.value for each in sink.finish_bundle()]
    sink.teardown()
    assert out == []
    assert rows(settings, "SELECT COUNT(bytes), MAX(bytes) FROM crime.dead_letters") == [(901, 6_000_000)]
