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
def stores(folder: Path) -> Iterator[Emulators]:
    """Cloud Storage, Pub/Sub and BigQuery, found by every client of this process."""
    needs_stores()
    with (
        Emulators(folder, Settings(PROJECT), lambda text: None) as emulators,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in emulators.environment.items():
            patch.setenv(name, value)
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
        answers_topic=f"answers-ready-{number}",
        retry_seconds=10,
    )
