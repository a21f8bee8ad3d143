"""`python -m benchmarks.progress`: the progress of a run, as a terminal shows it.

Runs `crime-pipelines run` of each engine on a terminal of 80 columns and notes each line that was not
there before. The aims: from the first byte read to the last, the share, the bytes or the rows move at least
once a second; before and after, the line says what is being done, and for how long. Prints the recording, one
line for each second, and the longest standstills.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fcntl import ioctl
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks.aims import judged
from crime_pipelines.engines.registry import engine_names
from crime_pipelines.synthetic import generate

LONGEST_STANDSTILL: Final = 1.0
_ROWS: Final = 2_000_000
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_READING: Final = "Reading incidents"
#: What says how much is read; clock, rate and time left are no part of it.
_FIGURE: Final = re.compile(r"\d+%\s+(?P<read>[\d,]+)/(?P<size>[\d,]+) MB(?:, [\d,]+ rows)?")
_COLUMNS: Final = 80


@dataclass(frozen=True)
class Picture:
    """A line that the terminal shows for the first time.

    Args:
        second: seconds since the start.
        text: the line.
    """

    second: float
    text: str


def record(command: Sequence[str], environment: dict[str, str]) -> tuple[list[Picture], int]:
    """Run a command on a terminal of its own.

    Args:
        command: the program and its arguments.
        environment: its variables.

    Returns:
        The lines as they come up, and the exit code.
    """
    begun = time.monotonic()
    process, terminal = pty.fork()
    if not process:
        os.execvpe(command[0], list(command), environment)  # the child's only act
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, _COLUMNS, 0, 0))
    pictures: list[Picture] = []
    seen: set[str] = set()
    rest = ""
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # Linux says so once the other end is closed
            break
        if not data:
            break
        lines = re.split(r"[\r\n]+", _CONTROL.sub("", rest + data.decode("utf-8", "replace")))
        rest = lines[-1]
        for line in filter(None, map(str.strip, lines)):
            if line not in seen:  # every stage has a line of its own, drawn anew with each change of any
                seen.add(line)
                pictures.append(Picture(time.monotonic() - begun, line))
    return pictures, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@dataclass(frozen=True)
class Standstills:
    """The longest times, in seconds, in which nothing moved.

    Args:
        reading: from the first byte read to the last, in the share, the bytes and the rows. Clock, rate and
            time left don't count: they change although nothing is read.
        terminal: from the first line to the last, in all that the terminal shows.
        starting: from the first line to the first byte, in all that it shows.
    """

    reading: float
    terminal: float
    starting: float


def standstills(pictures: Sequence[Picture]) -> Standstills:
    """Find the longest standstills of a recording."""
    figures: dict[str, float] = {}
    for picture in pictures:
        found = _FIGURE.search(picture.text)
        if found and picture.text.startswith(_READING):
            figures.setdefault(found[0], picture.second)
            if found["read"] == found["size"]:
                break
        elif figures and picture.text.startswith(_READING):
            figures.setdefault("the end", picture.second)
            break
    first = min(figures.values(), default=float("inf"))
    return Standstills(
        _longest([*figures.values()]) if figures else float("inf"),
        _longest([picture.second for picture in pictures]),
        _longest([picture.second for picture in pictures if picture.second <= first]),
    )


def _longest(seconds: Sequence[float]) -> float:
    return max((later - one for one, later in pairwise(seconds)), default=0.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record each engine's run and print it.

    Returns:
        0, or 1 if a run failed or stood still for longer than the aim.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.progress", description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS)
    parser.add_argument("--engine", action="append", choices=engine_names(), help="all of them")
    asked = parser.parse_args(arguments)
    aims: list[tuple[str, bool]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "crimes.csv")
        generate(path, rows=asked.rows)
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(_COLUMNS)}
        environment.pop("CRIME_PIPELINES_PROGRESS_SECONDS", None)
        for engine in asked.engine or engine_names():
            out = ["--out", str(Path(folder, engine)), "--engine", engine]
            command = [sys.executable, "-m", "crime_pipelines", "run", str(path), *out]
            pictures, code = record(command, environment)
            print(f"\n{engine}, {asked.rows:,} rows, exit {code}")
            shown = -1
            for picture in pictures:
                if int(picture.second) > shown:
                    shown = int(picture.second)
                    print(f"{picture.second:7.1f} s  {picture.text}")
            found = standstills(pictures)
            for what, longest in (
                ("while reading", found.reading),
                ("while starting", found.starting),
                ("in all", found.terminal),
            ):
                aim = f"{engine}: {what}, {longest:.2f} s at most without a change"
                holds = not code and longest <= LONGEST_STANDSTILL
                aims.append((f"{aim} (aim: {LONGEST_STANDSTILL})", holds))
    return judged(aims)


if __name__ == "__main__":
    sys.exit(main())
