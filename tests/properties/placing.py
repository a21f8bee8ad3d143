"""Putting an output in its place as a run does, in a process of its own that is killed on the way.

The process is forked from the tests' nursery (tests/forked.py), never from a worker of pytest: that has
threads of gRPC and of emulators, and its child may die before it has done anything.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from crime_pipelines.errors import PipelineError
from crime_pipelines.output.atomic_replace import workplace
from tests.forked import call

#: What a process may be killed at, by the names of Python's audit events.
_STEPS: Final = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "open", "ctypes.dlsym"}
)


def put(out: Path, fail: bool, files: Sequence[str]) -> None:
    """Put an output in its place as a run does."""
    with workplace(out) as made:
        for name in files:
            (made.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (made.folder / name).write_text("ours", encoding="utf-8")
        record = {"versions": {"crime-pipelines": "0"}, "files_written": sorted([*files, "run.json"])}
        (made.folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
        if fail:
            raise PipelineError("on purpose")
        made.publish()


def put_and_be_killed(out: Path, step: int, files: Sequence[str]) -> bool:
    """Put an output in its place in a process that is killed at one of its steps.

    Args:
        out: the output.
        step: at which one, from 0.
        files: its files.

    Returns:
        True if it was killed; False if it had fewer steps.

    Raises:
        AssertionError: it ended in another way.
    """
    ended = call(out, step, *files, code="from tests.properties.placing import main; main()")
    assert ended.returncode in (0, -signal.SIGKILL), ended
    return ended.returncode != 0


def main() -> None:
    """Do it; the process's arguments are those of `put_and_be_killed`."""
    out, left, files = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]

    def watch(event: str, _: object) -> None:
        nonlocal left
        if event in _STEPS:
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(watch)
    with suppress(PipelineError):
        put(out, False, files)
    os._exit(0)
