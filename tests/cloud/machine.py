"""Looking at this machine: its processes, and what happens in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PATIENCE = 300.0


def eventually(look: Callable[[], Any]) -> Any:
    """What a look gives as soon as it gives something."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("nothing happened")


def processes_in(folder: Path) -> list[int]:
    """The processes that run in a folder, or below."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cwd"):
        try:
            place = each.readlink()
        except OSError:
            continue
        if place.is_relative_to(folder):
            found.append(int(each.parent.name))
    return found


def processes_of(folder: Path) -> list[str]:
    """The command lines that name a folder, of processes that run."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found
