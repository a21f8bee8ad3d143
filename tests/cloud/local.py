"""The local cloud for tests: skipped, with the reason, where a machine lacks something."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import PipelineError
from crime_pipelines.localcloud import prerequisites as needs
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.localcloud.jars import JARS, fetched

PROJECT = "local-crime"
_number = itertools.count(1)


def _skip_without(*found: Callable[[], object]) -> None:
    for need in found:
        try:
            need()
        except PipelineError as error:
            pytest.skip(str(error))


def needs_stores() -> None:
    """Skip where Cloud Storage, Pub/Sub and BigQuery can't be had."""
    _skip_without(
        needs.java,
        needs.pubsub_emulator,
        needs.storage_server,
        lambda: needs.bigquery_emulator(lambda text: None),
    )


def needs_local_cloud() -> None:
    """Skip where the whole local cloud can't be had."""
    needs_stores()
    _skip_without(needs.spark_home, needs.functions_framework)
    for jar in JARS:
        _skip_without(lambda jar=jar: fetched(jar))


@contextmanager
def started(folder: Path) -> Iterator[Emulators]:
    """Cloud Storage, Pub/Sub and BigQuery, which no client finds yet."""
    needs_stores()
    with Emulators(folder, Settings(PROJECT), lambda text: None) as emulators:
        yield emulators


@contextmanager
def found(emulators: Emulators) -> Iterator[None]:
    """Every client of this process finds them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulators.environment.items():
            patch.setenv(name, value)
        yield


@contextmanager
def stores(folder: Path) -> Iterator[Emulators]:
    """Cloud Storage, Pub/Sub and BigQuery of one's own, found by every client of this process."""
    with started(folder) as emulators, found(emulators):
        yield emulators


def fresh_settings() -> Settings:
    """Settings whose datasets, buckets and topics nobody has used yet."""
    number = next(_number)
    return Settings(
        PROJECT,
        lake_bucket=f"lake-{number}",
        report_bucket=f"reports-{number}",
        dataset=f"crime_{number}",
        answers_dataset=f"crime_answers_{number}",
        staging_dataset=f"crime_staging_{number}",
        published_dataset=f"crime_published_{number}",
        answers_topic=f"answers-ready-{number}",
        feed_topic=f"incident-feed-{number}",
        feed_subscription=f"incident-feed-pipeline-{number}",
        dead_letters_topic=f"incident-feed-dead-letters-{number}",
        surges_topic=f"surges-{number}",
        retry_seconds=10,
    )


def make_topic(settings: Settings, topic: str) -> str:
    """Make a topic; the full name of a subscription of the same name that keeps its messages."""
    from crime_pipelines.cloud.clients import publisher, subscriber, topic_path

    path = f"projects/{settings.project}/subscriptions/{topic}-kept"
    client = publisher()
    client.create_topic(name=topic_path(settings, topic))
    client.stop()
    with subscriber() as pull:
        pull.create_subscription(name=path, topic=topic_path(settings, topic))
    return path
