"""Prism for tests: what the variable names or the path has, or what `make prism` made."""

from pathlib import Path

import pytest

from crime_pipelines.beam.runners import PRISM_VARIABLE, prism_binary
from crime_pipelines.errors import InputError

LACKING = "no Prism here: make prism"
_MADE = Path(__file__).parents[1] / "build" / "prism"


def has_prism() -> bool:
    """Whether there is one."""
    try:
        prism_binary()
    except InputError:
        return _MADE.is_file()
    return True


def use_prism(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the one that was made, if it was."""
    if _MADE.is_file():
        monkeypatch.setenv(PRISM_VARIABLE, str(_MADE))
