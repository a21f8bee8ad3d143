"""The Spark engine passes the suite."""

import pytest

from tests.conformance.suite import EngineConformance


@pytest.mark.usefixtures("spark")
class TestSpark(EngineConformance):
    engine = "spark"
