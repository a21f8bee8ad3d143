"""`python -m tests.page_commands`: run every command of the pages in a fresh clone, as a reader would.

A command is a line of an indented block, or of a fenced block of the shell, that begins with one of
`PROGRAMS`. They run page by page, in each page's order, in a clone of the last commit; the pages
themselves say when to activate the environment and when to install every extra. Lines that a page shows
below a command with a prompt (`$`) are what the command must print. Prints each command with its exit
code and seconds, and fails where one fails or prints something else than its page shows.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.real import REAL
from tests.waiting import PATIENCE, eventually

ROOT: Final = Path(__file__).parents[1]
#: The pages with commands, in an order in which a reader could go through them; README is where all begin.
PAGES: Final = (
    "README.md",
    "docs/tutorial.md",
    "docs/how-to/install.md",
    "docs/how-to/everyday-use.md",
    "docs/how-to/publish-a-report.md",
    "docs/how-to/add-a-department.md",
    "docs/forecasts.md",
    "docs/cost.md",
    "docs/local-cloud.md",
    "CONTRIBUTING.md",
)
#: Pages whose commands run elsewhere, or nowhere.
ELSEWHERE: Final = {
    "docs/architecture.md": "its command builds templates in a project on Google Cloud",
    "docs/how-to/upgrade-a-stream.md": "its commands need a stream on Google Cloud",
    "docs/deploy.md": "tests/integration/test_deploy_walk.py, against the local cloud",
    "docs/how-to/add-a-question.md": "tests/integration/test_add_a_question.py",
    "docs/how-to/replay-dead-letters.md": "tests/integration/test_feed.py",
}
PROGRAMS: Final = (
    *("crime-pipelines", ".venv/bin/crime-pipelines", "make", "python", ".venv/bin/python", "source", "eval"),
    *("cd", "git", "docker", "pipx", "uv", "gcloud", "bq", "terraform", ".ci/run", ".venv/bin/pre-commit"),
)
#: The languages of fenced blocks that hold commands.
SHELL: Final = ("", "sh", "bash", "shell", "console")
#: Commands that are not run: the beginning of each, and the reason.
NOT_RUN: Final = {
    ".ci/run": "CI runs it",
    "make test-spark4": "CI runs it",
    "make test-slow": "it is long; .ci/run runs a part of it",
    "make test": ".ci/run runs it",
    "make lint": ".ci/run runs it",
    "make prism": ".ci/run runs it",
    "make docs": ".ci/run runs it",
    "make stream": "it is long, and needs real incidents",
    "make bench-forecasts": "it is long, and needs real incidents",
    ".venv/bin/python -m tests.big_files": "it is long",
    ".venv/bin/python -m benchmarks.": "it measures this machine",
    "bq ": "it needs a project on Google Cloud",
    "crime-pipelines dataproc publish --layout": "it needs a project on Google Cloud",
    "crime-pipelines warehouse setup": "it needs a project on Google Cloud",
    "crime-pipelines dataproc templates": "it needs a project on Google Cloud",
    "crime-pipelines dataproc submit gs://PROJECT": "it needs a project on Google Cloud",
    "git clone": "the clone is there",
    "cd crime-pipelines": "the clone is there",
    "docker ": "no engine for containers is needed for anything else",
    "pipx ": "a release's wheel is needed; tests/unit/test_packaging.py installs one",
    "uv ": "a release's wheel is needed; tests/unit/test_packaging.py installs one",
    "crime-pipelines run crimes.csv.gz --out out --notify ": "the address is an example",
    'eval "$(_CRIME_PIPELINES_COMPLETE': "it is for a shell that somebody types into",
}
#: What a reader brings along, by the names that the pages give it.
_OWN_FILES: Final = ("crimes.csv.gz", "crimes.csv")
_REAL_FILE: Final = "crimes_2012_2018_fifth.csv.gz"
_COMMAND: Final = re.compile(
    rf"(?P<prompt>\$ )?(?P<line>(?:{'|'.join(map(re.escape, PROGRAMS))})(?: .*?)?)(?:\s+#.*)?$"
)
#: Commands that the rest of a shell's life depends on: each later command runs after them.
_LASTING: Final = re.compile(r"source \S+/activate$|eval |cd |.* && source \S+/activate$")
#: Commands that a reader repeats until they print this, since a run goes on in the background.
_REPEATED: Final = {
    "crime-pipelines dataproc status ": re.compile(r"UTC  done\b"),
    "crime-pipelines warehouse answers": re.compile(r"^\d{4}-\d\d-\d\d,", re.MULTILINE),
}
#: A word of a page that stands for what an earlier command printed.
_STANDS_FOR: Final = {"RUN_ID": re.compile(r": run (\S+)")}


@dataclass(frozen=True)
class Command:
    """A command of a page.

    Args:
        line: what a reader types.
        shown: the lines that the page shows as its output; may be empty.
    """

    line: str
    shown: list[str] = field(default_factory=list)

    def not_run(self) -> str | None:
        """Say why the command is not run; None if it is."""
        return next((why for begins, why in NOT_RUN.items() if self.line.startswith(begins)), None)

    def differs(self, printed: str) -> str | None:
        """Find the first line of the page that the command did not print, in the page's order."""
        # a page has plain spaces where a number and its unit are kept on one line
        lines = iter(" ".join(line.split()) for line in printed.splitlines())
        return next((line for line in self.shown if " ".join(line.split()) not in lines), None)


def commands_of(text: str) -> list[Command]:
    """Find the commands of a page, in order.

    Args:
        text: the page, Markdown.

    Returns:
        The commands, each with what the page shows below it.
    """
    found: list[Command] = []
    prompted, fenced = False, None
    for line in text.splitlines():
        mark = re.match(r" *```(\w*)", line)
        if mark:
            fenced = mark[1] if fenced is None else None
            prompted = False
        elif (fenced is None and line.startswith("    ")) or fenced in SHELL:
            match = _COMMAND.match(line.strip())
            if match and (match["prompt"] or not prompted):
                found.append(Command(match["line"]))
                prompted = bool(match["prompt"])
            elif prompted and line.strip():
                found[-1].shown.append(line.strip())
        elif line.strip():
            prompted = False
    return found


def run_all(clone: Path, commands: Sequence[Command]) -> Iterator[tuple[Command, int, float, str]]:
    """Run a page's commands in a clone, one after another.

    Args:
        clone: the clone's folder.
        commands: the commands.

    Yields:
        Each that was run, with its exit code, its seconds and what it printed.
    """
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    if (clone / ".venv/bin/activate").exists():  # a reader of a later page has begun with README
        environment["PATH"] = f"{clone / '.venv/bin'}{os.pathsep}{environment['PATH']}"
    before: list[str] = []
    said: dict[str, str] = {}
    for command in commands:
        _bring(clone)
        line = command.line
        for word, text in said.items():
            line = re.sub(rf"\b{word}\b", text, line)
        lasting = _LASTING.match(line)
        begun = time.monotonic()
        call = ["bash", "-c", " && ".join([*before, line if lasting else f"exec {line}"])]
        if pattern := next((each for begins, each in _REPEATED.items() if line.startswith(begins)), None):
            code, printed = _repeat(call, clone, environment, pattern)
        else:
            code, printed = (_serve if " serve " in line else _run)(call, clone, environment)
        yield command, code, time.monotonic() - begun, printed
        if lasting and not code:
            before.append(line.split(" && ")[-1])
        for word, pattern in _STANDS_FOR.items():
            if match := pattern.search(printed):
                said[word] = match[1]


def _bring(clone: Path) -> None:
    """Lay the reader's own files into the clone, as soon as there is something to lay there."""
    made, real = clone / "demo" / "crimes.csv.gz", REAL / "chicago" / _REAL_FILE
    for name, source in (*((name, made) for name in _OWN_FILES), (_REAL_FILE, real)):
        if source.is_file() and not (clone / name).exists():
            packed = source.read_bytes()
            (clone / name).write_bytes(packed if name.endswith(source.suffix) else gzip.decompress(packed))


def _run(call: Sequence[str], clone: Path, environment: dict[str, str]) -> tuple[int, str]:
    # not a pipe: what stays up would hold it open
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        code = subprocess.run(call, cwd=clone, env=environment, check=False, **streams).returncode
        output.seek(0)
        return code, output.read()


def _repeat(
    call: Sequence[str], clone: Path, environment: dict[str, str], pattern: re.Pattern[str]
) -> tuple[int, str]:
    """Run a command until it fails or prints what it is repeated for."""
    code, printed = 0, ""

    def is_over() -> bool:
        nonlocal code, printed
        code, printed = _run(call, clone, environment)
        return bool(code or pattern.search(printed))

    try:
        eventually(is_over, patience=3 * PATIENCE)
    except AssertionError as error:
        return 1, f"{printed}{error}\n"
    return code, printed


def _serve(call: Sequence[str], clone: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Start a server, get its page, and end it as Ctrl-C does."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(call, cwd=clone, env=environment, **streams) as server:
        assert server.stdout is not None
        said, address = "", None
        while address is None and (line := server.stdout.readline()):  # it says first what it does
            said += line
            address = re.search(r"http://\S+", line)
        if address:
            with urllib.request.urlopen(address[0], timeout=PATIENCE) as answer:
                answer.read()
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=PATIENCE)
    return (server.returncode if address else server.returncode or 1), said + rest


def _run_page(page: str, clone: Path, until: str | None) -> tuple[int, int]:
    """Run a page's commands and print what came of each.

    Returns:
        How many ran, and how many failed or printed something else than the page shows.
    """
    commands = commands_of((ROOT / page).read_text(encoding="utf-8"))
    if until:
        commands = commands[: next((at for at, each in enumerate(commands) if until in each.line), None)]
    print(f"== {page}", flush=True)
    ran = failed = 0
    to_run = []
    for command in commands:
        why = command.not_run()
        if why is None and _REAL_FILE in command.line and not (REAL / "chicago" / _REAL_FILE).is_file():
            why = f"no real incident files at {REAL}"
        if why is None:
            to_run.append(command)
        else:
            print(f"not run         {command.line}: {why}")
    for command, code, seconds, printed in run_all(clone, to_run):
        differs = command.differs(printed)
        shown = f", prints the {len(command.shown)} lines shown" if command.shown and differs is None else ""
        print(f"exit {code} {seconds:6.1f} s {command.line}{shown}", flush=True)
        ran += 1
        failed += bool(code) or differs is not None
        if differs is not None:
            print(f"    the page shows, and it did not print: {differs}")
        if code or differs is not None:
            print("\n".join(f"    {line}" for line in printed.splitlines()[-20:]))
    return ran, failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Clone, run and print.

    Returns:
        0, or 1 if a command failed or printed something else than its page shows.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.page_commands", description=__doc__)
    parser.add_argument("--until", metavar="TEXT", help="stop each page before a command with this in it")
    parser.add_argument("--clone", metavar="DIR", type=Path, help="a clone to go on in; a fresh one")
    parser.add_argument("pages", nargs="*", default=PAGES, help="pages to run; all that have commands")
    asked = parser.parse_args(arguments)
    ran = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        clone = asked.clone or Path(folder, "crime-pipelines")
        if not asked.clone:
            git = ["git", "-c", "advice.detachedHead=false", "clone", "--quiet"]
            subprocess.run([*git, str(ROOT), str(clone)], check=True)
        for page in asked.pages:
            of_page = _run_page(page, clone, asked.until)
            ran, failed = ran + of_page[0], failed + of_page[1]
    print(f"{ran} commands of {len(asked.pages)} pages, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
