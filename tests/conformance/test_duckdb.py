"""The embedded engine passes the suite."""

from tests.conformance.suite import EngineConformance


class TestDuckDB(EngineConformance):
    engine = "duckdb"
