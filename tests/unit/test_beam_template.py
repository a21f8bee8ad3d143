"""Flex templates ask for the options that the pipelines have."""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")


from crime_pipelines.beam import job
from crime_pipelines.beam.streaming import stream

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


def test_the_image_is_built_from_what_there_is() -> None:
    """What it copies exists and is let through, and its Beam is the one that is pinned."""
    root = TEMPLATE.resolve().parent.parent
    lines = (TEMPLATE / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]]
    let_through = [
        line[1:]
        for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line[:1] == "!"
    ]
    for source in (each for each in copied if not each.startswith(("--from", "/"))):
        assert list(root.glob(source)), source
        assert any(fnmatch.fnmatch(source, each) or source.startswith(f"{each}/") for each in let_through), (
            source
        )
    arguments = dict(line.split()[1].split("=") for line in lines if line.startswith("ARG "))
    assert arguments["BEAM_IMAGE"].endswith(":${BEAM_VERSION}")
    pins = (root / "requirements" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert f"apache-beam=={arguments['BEAM_VERSION']}" in pins
    assert (TEMPLATE / f"{arguments['TEMPLATE']}.py").is_file()
    # the package, and where its links lead
    assert {"crime_pipelines", "spark", "beam"} <= set(copied)
