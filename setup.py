"""Everything stands in pyproject.toml; Dataflow's --setup_file wants a setup.py beside it."""

import sys
from pathlib import Path

from setuptools import setup

for _name in ("spark", "beam"):
    if not Path(__file__).with_name("crime_pipelines").joinpath(_name).is_dir():
        sys.exit(
            f"crime_pipelines/{_name} is no link to ../{_name}: this checkout was made without links. "
            "Clone it again with 'git clone -c core.symlinks=true', on Windows with developer mode on."
        )

setup()
