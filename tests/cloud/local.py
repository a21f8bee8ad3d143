"""The local cloud's stores for tests: skipped where a machine lacks something."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crime_pipelines.localcloud import needs
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.settings import Settings

PROJECT = "local-crime"
_number = itertools.count(1)


def skip_without(*found: object) -> None:
    """Skip where a machine lacks something, and say what.

    Args:
        found: functions of `needs`.
    """
    for need in found:
        try:
            need()  # type: ignore[operator]
        except needs.MissingError as error:
            pytest.skip(str(error))


@contextmanager
def stores(folder: Path) -> Iterator[Emulators]:
    """Cloud Storage, Pub/Sub and BigQuery, found by every client of this process."""
    skip_without(needs.java, needs.pubsub_emulator, needs.storage_server)
    try:
        needs.bigquery_emulator(lambda text: None)
    except needs.MissingError as error:
        pytest.skip(str(error))
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
