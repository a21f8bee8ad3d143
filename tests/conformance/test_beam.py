"""Beam passes the suite, in this process and on a portable runner in a process of its own."""

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")


from crime_pipelines.engines.testing import FormatConformance, LayoutConformance
from tests.conformance.real_files import RealFiles
from tests.prism import LACKING, has_prism, use_prism


class TestBeamDirect(RealFiles):
    engine = "beam"
    options = {"runner": "direct"}  # noqa: RUF012 - as the suite declares it


class TestBeamFormats(FormatConformance):
    engine = "beam"
    options = {"runner": "direct"}  # noqa: RUF012 - as the suite declares it


class TestBeamLayouts(LayoutConformance):
    engine = "beam"
    options = {"runner": "direct"}  # noqa: RUF012 - as the suite declares it


@pytest.mark.skipif(not has_prism(), reason=LACKING)
class TestBeamPrism(RealFiles):
    engine = "beam"
    options = {"runner": "prism"}  # noqa: RUF012 - as the suite declares it

    @pytest.fixture(autouse=True)
    def _made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use_prism(monkeypatch)
