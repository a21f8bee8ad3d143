"""The conformance suite: whole runs of an engine, held against a plain Python oracle. Needs pytest.

An engine of another package passes by naming itself in a test module of its own:

    from crime_pipelines.engines.testing import EngineConformance, FormatConformance, LayoutConformance

    class TestMine(EngineConformance):
        engine = "mine"

    class TestMineFormats(FormatConformance):
        engine = "mine"

    class TestMineLayouts(LayoutConformance):
        engine = "mine"
"""

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in ("suite", "format_suite", "layout_suite")))

from crime_pipelines.engines.testing.format_suite import FormatConformance  # noqa: E402
from crime_pipelines.engines.testing.layout_suite import LayoutConformance  # noqa: E402
from crime_pipelines.engines.testing.suite import EngineConformance  # noqa: E402

__all__ = ["EngineConformance", "FormatConformance", "LayoutConformance"]
