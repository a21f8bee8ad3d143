"""The layout of the City of Chicago's files, which is the default."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from crime_pipelines.domain.layouts.loading import read_layout
from crime_pipelines.domain.layouts.model import Layout

CHICAGO: Final[Layout] = read_layout(files("crime_pipelines").joinpath("layouts"), "chicago.toml")
