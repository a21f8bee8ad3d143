"""Flex templates ask for the options that the pipelines have."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest

from crime_pipelines.beam import job, stream

TEMPLATE = Path(job.__file__).parent / "template"


@pytest.mark.parametrize(
    ("name", "parser"), [("batch", job.options()), ("stream", stream.own_options())], ids=["batch", "stream"]
)
def test_parameters_are_options(name: str, parser: argparse.ArgumentParser) -> None:
    metadata = json.loads((TEMPLATE / f"{name}.json").read_text(encoding="utf-8"))
    asked = {each["name"]: each for each in metadata["parameters"]}
    options = {action.dest: action for action in parser._actions if action.dest != "help"}
    assert set(asked) == set(options)
    for option, action in options.items():
        assert f"--{option}" in action.option_strings
        assert asked[option].get("isOptional", False) == (not action.required)
        for pattern in asked[option]["regexes"]:
            assert re.compile(pattern)
            assert action.default is None or re.fullmatch(pattern, str(action.default))
    assert metadata.get("streaming", False) == (name == "stream")
    assert (TEMPLATE / f"{name}.py").is_file()
