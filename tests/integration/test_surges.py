"""Surges over BigQuery's, Pub/Sub's and Cloud Storage's protocols: each is published once."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from crime_pipelines.analysis.surges import FIRST_DAYS, LEAST_DAYS
from crime_pipelines.cloud.clients import publisher, storage_client, subscriber, topic_path, warehouse_client
from crime_pipelines.cloud.functions.surges import on_answers
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.cloud.warehouse.surges import PUBLISHED, publish_surges
from crime_pipelines.errors import InputError
from crime_pipelines.questions.surges.question import RECENT_DAYS
from tests.cloud.local import PROJECT, stores

FIRST = datetime(2020, 1, 1, 12)
DAYS = FIRST_DAYS + LEAST_DAYS + RECENT_DAYS + 1
#: Incidents of the Near North Side on the last day but the one that ends the data.
MANY = 30


def incidents(surge: int = 8) -> Iterator[str]:
    """Two incidents a day in each of two areas, and a surge in one of them, as rows of SQL."""
    for day in range(DAYS + 1):
        for area in (8, 32):
            number = MANY if (area, day) == (surge, DAYS - 1) else 2
            for at in range(number):
                moment = FIRST + timedelta(days=day, minutes=at)
                yield (
                    f"({1000 * day + 100 * (area == 8) + at}, DATETIME '{moment}', FALSE, {area}, 0, "
                    f"DATETIME '2023-01-01 00:00:00', 'r', 'a')"
                )


def insert_of(rows: Iterable[str]) -> str:
    """The statement that inserts incidents."""
    columns = "id, occurred_at, arrest, community_area, shift_years, updated_on, run_id, attempt"
    return f"INSERT INTO `crime`.`incidents` ({columns}) VALUES {', '.join(rows)}"


def received(subscription: str) -> list[dict[str, Any]]:
    """All messages that wait."""
    with subscriber() as client:
        found: list[dict[str, Any]] = []
        while got := client.pull(
            subscription=subscription, max_messages=100, return_immediately=True
        ).received_messages:
            found += [json.loads(each.message.data) for each in got]
            client.acknowledge(subscription=subscription, ack_ids=[each.ack_id for each in got])
        return found


@pytest.mark.filterwarnings("ignore:The return_immediately flag:DeprecationWarning")
def test_surges_are_published_once(tmp_path: Path) -> None:
    with stores(tmp_path):
        settings = Settings(PROJECT, lake_bucket="lake", retry_seconds=20)
        storage_client(settings).create_bucket(settings.lake_bucket)
        set_up(settings)
        subscription = f"projects/{PROJECT}/subscriptions/seen"
        topic = topic_path(settings, settings.surges_topic)
        topics = publisher()
        topics.create_topic(name=topic)
        topics.stop()
        with subscriber() as client:
            client.create_subscription(name=subscription, topic=topic)
        assert publish_surges(settings) == []
        with closing(warehouse_client(settings)) as client:
            client.query(insert_of(incidents())).result()

        shown = surges(settings)
        assert shown.returncode == 0, shown.stderr
        (row,) = [each for each in csv.DictReader(shown.stdout.splitlines()) if each["incidents"] == "30"]
        assert (row["day"], row["name"], row["rule"]) == ("2022-01-27", "Near North Side", "sudden")

        published = on_answers({"run_id": "r"}, settings)
        assert [(each["id"], each["incidents"]) for each in published] == [("2022-01-27-8-sudden", MANY)]
        assert received(subscription) == published
        again = surges(settings, "--publish")
        assert (again.returncode, again.stdout) == (0, "0 surges published to surges\n"), again.stderr
        assert received(subscription) == []

        blob = storage_client(settings).bucket(settings.lake_bucket).blob(PUBLISHED)
        blob.upload_from_string("[1]")
        with pytest.raises(InputError, match="is no list of published surges"):
            publish_surges(settings)


def surges(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crime_pipelines", "warehouse", "surges", *arguments],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
