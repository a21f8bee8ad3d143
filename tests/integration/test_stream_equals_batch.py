"""Real incidents as messages, in any order and with every mishap, end in the answers of the batch.

As many as one likes, in every order: CRIME_STREAM_MESSAGES=100000 pytest -s ... (`make stream`).
"""

from __future__ import annotations

import math
import os
import pickle
import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")
pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import apache_beam as beam
from apache_beam.transforms.window import TimestampedValue

from crime_pipelines.beam.runners import DIRECT, runner_of
from crime_pipelines.beam.streaming.stream import ReadFeed, WriteFeed
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.feed.replay import messages_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.answers import refresh
from crime_pipelines.cloud.warehouse.current import refresh_incidents
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.pipeline import run
from crime_pipelines.result import RunResult
from crime_pipelines.sources import resolve
from tests.cloud.local import fresh_settings
from tests.real import REAL, needs_real_data
from tests.stream.answers import Comparison
from tests.stream.history import History, Message, lives, payloads
from tests.stream.schema import widen

MESSAGES = int(os.environ.get("CRIME_STREAM_MESSAGES", "2000"))
#: How many places a message may fall back.
ORDERS = [
    pytest.param(0, id="as_published", marks=pytest.mark.slow),
    pytest.param(10, id="shuffled_by_10", marks=pytest.mark.slow),
    pytest.param(100, id="shuffled_by_100", marks=pytest.mark.slow),
    pytest.param(math.inf, id="shuffled_fully"),
]


pytestmark = pytest.mark.usefixtures("cloud")


@dataclass(frozen=True)
class Batch:
    """A history, and a run over the same versions as a file."""

    history: History
    result: RunResult
    output: Path


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder = tmp_path_factory.mktemp("batch")
    source = resolve(str(REAL / "chicago" / "crimes_2012_2018_fifth.csv.gz"))[0]
    history = History.of(islice(messages_of(source), MESSAGES), random.Random(7))
    history.write(folder / "kept.csv")
    return Batch(history, run(str(folder / "kept.csv"), folder / "out", max_rejected=1), folder / "out")


def stream(settings: Settings, messages: Sequence[Message], folder: Path) -> None:
    """Send messages through the pipeline's own steps, as one life of the pipeline."""
    path = folder / "messages"
    path.write_bytes(pickle.dumps(messages))
    now = datetime.now(UTC).timestamp()
    runner, options = runner_of(DIRECT)
    with beam.Pipeline(runner=runner, options=options) as pipeline:
        published = (
            pipeline
            | beam.Create([str(path)], reshuffle=False)
            | "Messages" >> beam.FlatMap(lambda name: payloads(pickle.loads(Path(name).read_bytes())))
            | "Published" >> beam.Map(lambda payload: TimestampedValue(payload, now)).with_output_types(bytes)
        )
        published | ReadFeed(settings.shift_years) | WriteFeed(settings, "subscription")


@needs_real_data
@pytest.mark.parametrize("reach", ORDERS)
def test_any_order_and_every_mishap_ends_in_the_answers_of_the_batch(
    reach: float, batch: Batch, tmp_path: Path
) -> None:
    history, record = batch.history, batch.result.record
    messages = history.read_in_order(reach, random.Random(8))
    settings = fresh_settings()
    set_up(settings)
    read = 0
    with closing(warehouse_client(settings)) as client:
        for number, part in enumerate(lives(messages)):
            if number == 2:
                refresh_incidents(client, settings)
                widen(settings, client)
            stream(settings, part, tmp_path)
            read += len(part)
        found = Comparison(settings, client, batch.output)
        found.live()
        refresh(settings, record.as_of)
        found.answers()
        found.incidents(record.incidents)
        # the latest version again, and an old one of a deleted incident, change nothing
        again = messages[:50]
        stream(settings, again, tmp_path)
        refresh_incidents(client, settings)
        found.incidents(record.incidents)
        found.live()
        assert found.differences == []

        assert found.messages(history.poison) == read + len(again)
    print(  # noqa: T201 - `make stream` shows it
        f"{len(messages):,} messages of {MESSAGES:,} incidents, {read + len(again):,} read in four lives: "
        f"{found}"
    )
