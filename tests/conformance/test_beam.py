"""Beam passes the suite, on the runner inside this process."""

from tests.conformance.suite import EngineConformance


class TestBeamDirect(EngineConformance):
    engine = "beam"
    options = {"runner": "direct"}
