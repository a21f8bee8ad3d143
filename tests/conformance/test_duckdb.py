"""The embedded engine passes the suite."""

from crime_pipelines.engines.testing import FormatConformance, LayoutConformance
from tests.conformance.real_files import RealFiles


class TestDuckDB(RealFiles):
    engine = "duckdb"


class TestDuckDBFormats(FormatConformance):
    engine = "duckdb"


class TestDuckDBLayouts(LayoutConformance):
    engine = "duckdb"
