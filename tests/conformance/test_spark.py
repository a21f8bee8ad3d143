"""The Spark engine passes the suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from crime_pipelines.spark.session import local_session

from tests.conformance.suite import EngineConformance


@pytest.fixture(autouse=True, scope="module")
def _one_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All runs share a session: starting one takes longer than most of them."""
    scratch: Path = tmp_path_factory.mktemp("spark")
    session = local_session(scratch)
    yield
    session.stop()


class TestSpark(EngineConformance):
    engine = "spark"
