"""Everything stands in pyproject.toml; Dataflow's --setup_file wants a setup.py beside it."""

from setuptools import setup

setup()
