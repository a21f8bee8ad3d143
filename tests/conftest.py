"""What tests of several kinds share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session for all tests: starting one takes longer than most of them. Skips where Spark is missing."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: make dev")
    from crime_pipelines.spark.session import local_session

    session = local_session(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()
