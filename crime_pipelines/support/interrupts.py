"""Interruptions: deferred where one would do harm, and ignored once there is nothing left to interrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: The signals by which a user, the system or a closing terminal ends a program.
INTERRUPTS: Final = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

_finished = threading.Event()


@contextmanager
def interrupts_waiting() -> Iterator[None]:
    """Defer interruptions: where a library starts a process, or while files are exchanged or removed.

    A start that is broken off may leave a process behind that never ends. And both PySpark and Beam take
    Ctrl-C once they have started: the one asks Java to stop on the very connection on which an answer is
    awaited, the other stops the runner under the threads that speak to it.

    Yields:
        Nothing. What came in the meantime is raised at the end. Python's main thread alone has signals;
        elsewhere nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = {number: signal.getsignal(number) for number in INTERRUPTS}
    for number in handlers:
        signal.signal(number, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:  # none of Python's: it can't be put back, and was never asked
                signal.signal(number, handler)
        for each in received:
            signal.raise_signal(each)


def set_finished() -> None:
    """Note that the output is in its place: what remains is to clean up and to report."""
    _finished.set()


def set_unfinished() -> None:
    """Note that something begins behind a finished output, which an interruption may end."""
    _finished.clear()


def is_finished() -> bool:
    """Tell whether the output is in its place, so that an interruption can no longer prevent it.

    Returns:
        True once `set_finished` was called in this process.
    """
    return _finished.is_set()
