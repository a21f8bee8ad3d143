"""Beam passes the suite, in this process and on a portable runner in a process of its own."""

from pathlib import Path

import pytest

from crime_pipelines.beam.runners import PRISM_VARIABLE, prism_binary
from crime_pipelines.errors import InputError
from tests.conformance.suite import EngineConformance

MADE = Path(__file__).parents[2] / "build" / "prism"  # by `make prism`


def _has_prism() -> bool:
    try:
        prism_binary()
    except InputError:
        return MADE.is_file()
    return True


class TestBeamDirect(EngineConformance):
    engine = "beam"
    options = {"runner": "direct"}  # noqa: RUF012 - as the suite declares it


@pytest.mark.skipif(not _has_prism(), reason="no Prism here: `make prism` gets it")
class TestBeamPrism(EngineConformance):
    engine = "beam"
    options = {"runner": "prism"}  # noqa: RUF012 - as the suite declares it

    @pytest.fixture(autouse=True)
    def _made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if MADE.is_file():
            monkeypatch.setenv(PRISM_VARIABLE, str(MADE))
