"""`python -m tests.readme_commands`: run every command of README.md in a fresh clone, as a newcomer would.

A command is a line of an indented block that begins with one of `PROGRAMS`. They run in README's order in a
clone of the last commit; README itself says when to activate the environment and when to install every extra.
Prints each command with its exit code and seconds, and fails where one fails.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.real import REAL
from tests.waiting import PATIENCE

ROOT: Final = Path(__file__).parents[1]
PROGRAMS: Final = ("crime-pipelines", "make", "python", "source")
#: Commands that are not run, with the reason.
NOT_RUN: Final = {"make test": ".ci/run runs it"}
#: What a reader brings along, by the name that README gives it.
_OWN_FILE: Final = "crimes.csv.gz"
_REAL_FILE: Final = "crimes_2012_2018_fifth.csv.gz"
_COMMAND: Final = re.compile(rf"^    (?:\$ )?((?:{'|'.join(PROGRAMS)}) .*?)(?:\s+#.*)?$", re.MULTILINE)
_ACTIVATE: Final = "source .venv/bin/activate"


def commands_of(text: str) -> list[str]:
    """Find the commands of a README, in order."""
    return _COMMAND.findall(text)


def run_all(clone: Path, commands: Sequence[str]) -> Iterator[tuple[str, int, float, str]]:
    """Run commands in a clone, one after another.

    Args:
        clone: the clone's folder.
        commands: the commands.

    Yields:
        Each that was run, with its exit code, its seconds and the end of what it printed.
    """
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    before: list[str] = []
    for command in commands:
        if command == _ACTIVATE:
            before = [command]
        _bring(clone)
        begun = time.monotonic()
        call = ["bash", "-c", " && ".join([*before, command if command == _ACTIVATE else f"exec {command}"])]
        code, printed = (_serve if " serve " in command else _run)(call, clone, environment)
        yield command, code, time.monotonic() - begun, printed


def _bring(clone: Path) -> None:
    """Lay the reader's own files into the clone, as soon as there is something to lay there."""
    made, real = clone / "demo" / "crimes.csv.gz", REAL / "chicago" / _REAL_FILE
    for name, source in ((_OWN_FILE, made), (_REAL_FILE, real if real.is_file() else made)):
        if source.is_file() and not (clone / name).exists():
            shutil.copy(source, clone / name)


def _run(call: Sequence[str], clone: Path, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        call,
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def _serve(call: Sequence[str], clone: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Start a server, get its page, and end it as Ctrl-C does."""
    with subprocess.Popen(
        call, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        assert server.stdout is not None
        said = ""
        address = None
        while address is None and (line := server.stdout.readline()):  # it says first what it does
            said += line
            address = re.search(r"http://\S+", line)
        if address:
            with urllib.request.urlopen(address[0], timeout=PATIENCE) as answer:
                answer.read()
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=PATIENCE)
    return (server.returncode if address else server.returncode or 1), said + rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Clone, run and print.

    Returns:
        0, or 1 if a command failed.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.readme_commands", description=__doc__)
    parser.add_argument("--until", metavar="TEXT", help="stop before the first command that has this in it")
    parser.add_argument(
        "--page", default="README.md", help="another page with commands, such as docs/tutorial.md"
    )
    asked = parser.parse_args(arguments)
    until, page = asked.until, asked.page
    commands = commands_of((ROOT / page).read_text(encoding="utf-8"))
    if until:
        commands = commands[: next((at for at, each in enumerate(commands) if until in each), None)]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "crime-pipelines")
        subprocess.run(
            ["git", "-c", "advice.detachedHead=false", "clone", "--quiet", str(ROOT), str(clone)], check=True
        )
        for command in commands:
            if command in NOT_RUN:
                print(f"not run     {command}: {NOT_RUN[command]}")
        for command, code, seconds, printed in run_all(
            clone, [each for each in commands if each not in NOT_RUN]
        ):
            print(f"exit {code} {seconds:6.1f} s {command}", flush=True)
            if code:
                failed += 1
                print("\n".join(f"    {line}" for line in printed.splitlines()[-20:]))
    print(f"{len(commands)} commands of {page}, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
