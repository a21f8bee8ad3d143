"""`python -m benchmarks.newcomer`: minutes and commands from a clone to a first report, and further.

Follows the pages as somebody who is new would, in a fresh clone: to the first report, on to a report of a
file of one's own, on to the cloud on this machine. Of the last commit, and with `--before` of the state
before the way in was made easier, by what its pages said. What pip downloads and what the local cloud fetches
once come from the caches of this machine, if they are warm.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_OWN: Final = "crimes.csv.gz"
#: Before the tutorial, the container image and the pages of the command line.
_BEFORE: Final = "4e3d44e"


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that a newcomer wants.

    Args:
        name: what.
        commands: what the pages say to type for it, after the goals before it.
        made: a file that is there then, in the clone.
    """

    name: str
    commands: tuple[str, ...]
    made: str


_ACTIVATE: Final = "source .venv/bin/activate"
NOW: Final = (
    Goal("first report", ("make demo",), "demo/out/report/index.html"),
    Goal("own file", (_ACTIVATE, f"crime-pipelines run {_OWN} --out out"), "out/report/index.html"),
    Goal(
        "local cloud",
        ("make dev", "crime-pipelines demo --architecture 1 --out cloud"),
        "cloud/report/index.html",
    ),
)
#: Its page said to install `crime-pipelines[local]` from an index, which has no such package.
EARLIER: Final = (
    Goal("first report", ("make demo",), "demo/out/report/index.html"),
    Goal("own file", (f".venv/bin/crime-pipelines run {_OWN} --out out",), "out/report/index.html"),
    Goal(
        "local cloud",
        (
            ".venv/bin/python -m pip install --quiet --editable '.[local]'",
            ".venv/bin/crime-pipelines demo --architecture 1 --out cloud",
        ),
        "cloud/report/index.html",
    ),
)


def follow(commit: str, goals: Sequence[Goal], folder: Path) -> list[tuple[str, int, float]]:
    """Clone a commit and go from goal to goal.

    Args:
        commit: the commit.
        goals: the goals, in order.
        folder: where to clone to; not there yet.

    Returns:
        Each goal's name, commands typed so far, and minutes so far.

    Raises:
        subprocess.CalledProcessError: a command failed.
        FileNotFoundError: a goal's file is not there.
    """
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    begun = time.monotonic()
    for command in (
        ["clone", "--quiet", str(ROOT), str(folder)],
        ["-C", str(folder), "checkout", "-q", commit],
    ):
        subprocess.run(["git", *command], check=True)
    typed = 2  # git clone, cd
    reached: list[tuple[str, int, float]] = []
    lasting: list[str] = []
    for goal in goals:
        for line in goal.commands:
            if not (folder / _OWN).exists() and (folder / "demo" / _OWN).exists():
                shutil.copy(folder / "demo" / _OWN, folder / _OWN)
            print(f"{commit} $ {line}", file=sys.stderr, flush=True)
            call = ["bash", "-c", " && ".join([*lasting, line])]
            subprocess.run(call, cwd=folder, env=environment, check=True, stdout=sys.stderr)
            typed += 1
            if line == _ACTIVATE:
                lasting.append(line)
        if not (folder / goal.made).is_file():
            raise FileNotFoundError(folder / goal.made)
        reached.append((goal.name, typed, (time.monotonic() - begun) / 60))
    return reached


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow the pages and print a table.

    Returns:
        0, or 1 if a command failed.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.newcomer", description=__doc__)
    parser.add_argument("--before", action="store_true", help=f"also the commit {_BEFORE}")
    asked = parser.parse_args(arguments)
    states = [("HEAD", NOW), *([(_BEFORE, EARLIER)] if asked.before else [])]
    print("| state | goal | commands | minutes |\n|---|---|---|---|", flush=True)
    for commit, goals in states:
        with tempfile.TemporaryDirectory() as folder:
            try:
                for name, typed, minutes in follow(commit, goals, Path(folder, "crime-pipelines")):
                    print(f"| {commit} | {name} | {typed} | {minutes:.1f} |", flush=True)
            except (subprocess.CalledProcessError, FileNotFoundError) as error:
                print(error, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
