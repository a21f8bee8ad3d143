"""Interruptions, where a library takes them for itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_waiting() -> Iterator[None]:
    """Let interruptions wait while a library starts a process, and leave them to whom they belong afterwards.

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
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
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
