"""Real incidents as messages, in any order and with every mishap, end in the answers of the batch."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")
pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import apache_beam as beam
import duckdb
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.transforms.window import TimestampedValue
from google.cloud.bigquery import SchemaField

from crime_pipelines.beam.streaming.stream import ReadFeed, WriteFeed
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.feed.replay import messages_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.answers import read, refresh
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.domain.night import operational_night_sql
from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.engines.testing.suite import same
from crime_pipelines.pipeline import run
from crime_pipelines.sources import resolve
from tests.cloud.local import fresh_settings, stores
from tests.real import REAL, needs_real_data

LATER = ("2025-01-01T00:00:00", "2025-06-01T00:00:00")
POISON = (
    b"\xff", b"[1]", b"[" * 5_000, b'{"id": "1", "shift_years": "5000"}', b'{"id": "1", "beat": "\\ud800"}',
    b'{"id": "1", "id": "2"}', b'{"id": "1", "date": "2999-01-01T00:00:00", "arrest": "no"}',
    b'{"id": "1", "date": "soon"}', b'{"id": "1", "place": "' + b"x" * 6_000_000 + b'"}',
    b'{"id": "1", "deleted": true}',
)  # fmt: skip


@dataclass
class History:
    """Messages in the order of their publication, and the rows that count in the end.

    Attributes:
        messages: the messages; some twice.
        kept: every version of the incidents that are not deleted in the end.
    """

    messages: list[bytes] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, number: int, generator: random.Random) -> History:
        source = resolve(str(REAL / "chicago" / "crimes_2012_2018_fifth.csv.gz"))[0]
        rows = [json.loads(each) for each in islice(messages_of(source), number)]
        made = cls([json.dumps(row).encode() for row in rows])
        deleted = {row["id"] for row in generator.sample(rows, number // 100)}
        corrected = generator.sample(rows, number // 20)
        for moment, arrest in zip(LATER, ("true", "false"), strict=True):
            for row in corrected:  # across months and areas
                other = generator.choice(rows)
                change = {"updated_on": moment, "arrest": arrest, "date": other["date"]}
                moved = {**row, **change, "community_area": other.get("community_area", "8")}
                rows.append(moved)
                made.messages.append(json.dumps(moved).encode())
        made.messages += [
            json.dumps({"id": key, "deleted": True, "updated_on": "2025-12-01T00:00:00"}).encode()
            for key in deleted
        ]
        made.messages += POISON
        made.messages += generator.sample(made.messages, number // 10)
        made.kept = [row for row in rows if row["id"] not in deleted]
        return made


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    names = sorted({name for row in rows for name in row})
    lines = [join_record([row.get(name) for name in names]) for row in rows]
    path.write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with stores(tmp_path_factory.mktemp("cloud")):
        yield


def streamed(settings: Settings, messages: list[bytes]) -> None:
    """Send messages through the pipeline's own steps, as one life of the pipeline."""
    now = datetime.now(UTC).timestamp()
    with beam.Pipeline(runner=BundleBasedDirectRunner()) as pipeline:
        payloads = (
            pipeline
            | beam.Create(messages)
            | "Published" >> beam.Map(lambda payload: TimestampedValue(payload, now)).with_output_types(bytes)
        )
        payloads | ReadFeed(settings.shift_years) | WriteFeed(settings, "subscription")


def widen(settings: Settings) -> None:
    """Add a column to the versions, as a later release would."""
    with closing(warehouse_client(settings)) as client:
        table = client.get_table(f"{settings.project}.{settings.dataset}.incident_versions")
        table.schema = [*table.schema, SchemaField("of_a_later_release", "STRING")]
        client.update_table(table, ["schema"])


@needs_real_data
@pytest.mark.parametrize("number", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_any_order_and_every_mishap_ends_in_the_answers_of_the_batch(number: int, tmp_path: Path) -> None:
    generator = random.Random(7)
    history = History.of(number, generator)
    generator.shuffle(history.messages)
    settings = fresh_settings()
    set_up(settings)
    # restarted: each life reads some of what the last one had read already
    third, overlap = len(history.messages) // 3, len(history.messages) // 30
    for begin in range(3):
        if begin == 2:
            widen(settings)
        streamed(settings, history.messages[max(0, begin * third - overlap) : (begin + 1) * third + 3])

    write(tmp_path / "kept.csv", history.kept)
    result = run(str(tmp_path / "kept.csv"), tmp_path / "out", max_rejected=1)
    with closing(warehouse_client(settings)) as client:

        def asked(sql: str) -> list[tuple[Any, ...]]:
            return query(client, sql.replace("crime.", f"{settings.dataset}."))

        def compare(name: str, found: list[tuple[Any, ...]]) -> None:
            with (tmp_path / "out" / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                wanted = list(csv.reader(file))[1:]
            assert len(found) == len(wanted), name
            for got, texts in zip(found, wanted, strict=True):
                assert all(same(text, value) for text, value in zip(texts, got, strict=True)), (name, got)

        # before any refresh, and after some of it was refreshed
        for name in ("monthly_trend", "theft_locations", "arrest_rates"):
            compare(
                name,
                sorted(asked(f"SELECT * FROM crime.live_{name}"))
                if name != "arrest_rates"
                else asked(f"SELECT * FROM crime.live_{name} ORDER BY rate_low DESC, primary_type"),
            )
        current = f"read_parquet('{tmp_path}/out/incidents/*/*.parquet')"
        night = operational_night_sql("occurred_at")
        for view, batch in {
            "area_hours": f"SELECT coalesce(community_area, 0), date_trunc('hour', occurred_at), count(*) "
            f"FROM {current} GROUP BY 1, 2",
            "nights": f"SELECT {night} AS night, count(*) FROM {current} GROUP BY 1 HAVING night IS NOT NULL",
        }.items():
            wanted = sorted(duckdb.sql(batch).fetchall())
            assert sorted(asked(f"SELECT * FROM crime.live_{view}")) == wanted, view
        refresh(settings, result.record.as_of)
        for name, answer in read(settings, client).items():
            compare(name, answer.rows)
        assert asked("SELECT COUNT(*) FROM crime.incidents") == [(result.record.incidents,)]
        # the latest version again, and an old one of a deleted incident, change nothing
        streamed(settings, history.messages[:50])
        refresh(settings, result.record.as_of)
        assert asked("SELECT COUNT(*) FROM crime.incidents") == [(result.record.incidents,)]
        ((letters, longest),) = asked(
            "SELECT COUNT(DISTINCT sha256), MAX(LENGTH(payload)) FROM crime.dead_letters"
        )
        assert letters == len(set(POISON))
        assert longest <= 16_384
