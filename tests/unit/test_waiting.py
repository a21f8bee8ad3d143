"""Tests wait for conditions, by one helper: none sleeps, and none takes the time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import eventually

TESTS = Path(__file__).parents[1]
#: The helper, and scripts that print how long something took.
EXEMPT = {"waiting.py", "big_files.py", "page_commands.py"}
FORBIDDEN = {
    f"{module}.{name}"
    for module, names in {
        "time": (
            *("sleep", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
            *("process_time", "process_time_ns", "thread_time"),
        ),
        "asyncio": ("sleep",),
        "timeit": ("timeit", "repeat", "default_timer"),
    }.items()
    for name in names
}


def clocks_in(tree: ast.AST) -> Iterator[str]:
    """The forbidden functions that a module imports or names, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [f"{node.value.id}.{node.attr}"]
        else:
            continue
        yield from (f"line {node.lineno}: {name}" for name in names if name in FORBIDDEN)


def test_no_test_sleeps_or_decides_by_a_clock() -> None:
    found = {
        str(path.relative_to(TESTS)): clocks
        for path in TESTS.rglob("*.py")
        if path.name not in EXEMPT and "node_modules" not in path.parts
        if (clocks := list(clocks_in(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found == {}


@pytest.mark.parametrize("code", ["import time\ntime.sleep(1)", "from time import monotonic", "time.time()"])
def test_a_clock_is_found(code: str) -> None:
    assert len(list(clocks_in(ast.parse(code)))) == 1


def test_waits_until_there_is_something() -> None:
    looks = iter([0, 0, 7])
    assert eventually(lambda: next(looks)) == 7


def test_gives_up() -> None:
    with pytest.raises(AssertionError, match="it ended"):
        eventually(lambda: 0, hopeless=lambda: "it ended")
    with pytest.raises(AssertionError, match="nothing happened within 0 s"):
        eventually(lambda: 0, patience=0)


def test_what_happened_before_the_end_counts() -> None:
    assert eventually(lambda: 7, hopeless=lambda: "it ended") == 7
