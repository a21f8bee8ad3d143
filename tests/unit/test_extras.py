from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from crime_pipelines import __version__
from crime_pipelines.support import extras
from crime_pipelines.support.extras import how_to_install


class _Installed(Distribution):
    """A package that says where it was installed from."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin

    def read_text(self, filename: str) -> str | None:
        return self._origin if filename == "direct_url.json" else None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (
            {"url": "file:///home/a%20b/crime-pipelines", "dir_info": {"editable": True}},
            "run 'make dev' in /home/a b/crime-pipelines, which installs every extra",
        ),
        (
            {"url": "file:///tmp/crime_pipelines-0.1.0-py3-none-any.whl", "archive_info": {}},
            "pip install '/tmp/crime_pipelines-0.1.0-py3-none-any.whl[gcp]'",
        ),
        (None, "pip install 'crime-pipelines[gcp]'"),
    ],
)
def test_where_the_package_came_from(
    origin: dict[str, object] | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = _Installed(json.dumps(origin) if origin else None)
    monkeypatch.setattr(extras, "distribution", lambda _: installed)
    assert how_to_install("gcp") == said


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "crime_pipelines", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"crime-pipelines, version {__version__}\n"
