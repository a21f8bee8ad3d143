"""`python -m benchmarks.progress`: the progress of a run, as a terminal shows it.

Runs `crime-pipelines run` of each engine on a terminal of 80 columns and notes each line that was not
there before. The aim: from the first byte read to the last, something on it (a share, rows, bytes, a
rate, the time left) moves at least once a second. Prints the recording, one line for each second, and
the longest standstill while reading.
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


def longest_standstill(pictures: Sequence[Picture]) -> float:
    """Find the longest time without a change while incidents were read, in seconds."""
    reading = [at for at, picture in enumerate(pictures) if picture.text.startswith(_READING)]
    if not reading:
        return float("inf")
    span = pictures[reading[0] : reading[-1] + 2]
    return max((later.second - one.second for one, later in pairwise(span)), default=0.0)


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
            longest = longest_standstill(pictures)
            aim = f"{engine}: stands still for {longest:.2f} s at most (aim: {LONGEST_STANDSTILL})"
            aims.append((aim, code == 0 and longest <= LONGEST_STANDSTILL))
    return judged(aims)


if __name__ == "__main__":
    sys.exit(main())
