"""Looking at this machine's processes."""

from __future__ import annotations

from pathlib import Path


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
