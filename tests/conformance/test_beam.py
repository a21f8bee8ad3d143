"""Beam passes the suite, in this process and on a portable runner in a process of its own."""

import pytest

from tests.conformance.suite import EngineConformance
from tests.prism import LACKING, has_prism, use_prism


class TestBeamDirect(EngineConformance):
    engine = "beam"
    options = {"runner": "direct"}  # noqa: RUF012 - as the suite declares it


@pytest.mark.skipif(not has_prism(), reason=LACKING)
class TestBeamPrism(EngineConformance):
    engine = "beam"
    options = {"runner": "prism"}  # noqa: RUF012 - as the suite declares it

    @pytest.fixture(autouse=True)
    def _made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use_prism(monkeypatch)
