"""Work in the background of other work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

#: Background work begins so many seconds after the work in front at the latest; DuckDB has planned by then.
_LATEST: Final = 0.25


@contextmanager
def meanwhile(work: Callable[[], object], under_way: threading.Event) -> Iterator[None]:
    """Do something in a thread of its own; it is done when the block is left.

    It begins once `under_way` is set, or after `_LATEST` seconds: imports leave little of Python's lock to an
    engine that is about to begin.

    Args:
        work: called once, without arguments.
        under_way: set when the work in front has begun.

    Yields:
        Nothing.
    """

    def begin() -> None:
        under_way.wait(_LATEST)
        work()

    thread = threading.Thread(target=begin, name="meanwhile")
    thread.start()
    try:
        yield
    finally:
        under_way.set()
        thread.join()
