"""The Java process behind Spark: how PySpark starts it, and how it is ended."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from pyspark import SparkContext, java_gateway


def java_process() -> subprocess.Popen[bytes] | None:
    """Return the Java process that this program has started, if any."""
    return getattr(SparkContext._gateway, "proc", None)


def end_java() -> None:
    """End the Java that this program has started, at once: what it is at remains undone."""
    java = java_process()
    if java is not None:
        java.kill()
        java.wait()


@contextmanager
def java_started_safely() -> Iterator[None]:
    """Let PySpark start Java without running Python in the forked child, while the block lasts.

    PySpark gives `subprocess.Popen` a function to call in the child, so that Ctrl-C does not reach Java.
    Python then runs its hooks for forks there, which drop what the threads of the parent hold; if that is a
    connection to DuckDB, its destructor ends the child before it becomes Java (JAVA_GATEWAY_EXITED,
    "terminate called without an active exception"). A process group of its own keeps Ctrl-C away as well.

    Yields:
        Nothing.
    """
    original: Any = subprocess.Popen

    @wraps(original)
    def start(*arguments: Any, **options: Any) -> Any:
        if options.pop("preexec_fn", None) is not None:
            options["process_group"] = 0
        return original(*arguments, **options)

    vars(java_gateway)["Popen"] = start
    try:
        yield
    finally:
        vars(java_gateway)["Popen"] = original
