"""The steps of a demonstration: each is told as it begins and ends, and what it took and moved is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

#: After so long without a line a step says that it goes on; seconds.
_QUIET_SECONDS: Final = 10.0


@dataclass(slots=True)
class Step:
    """A step.

    Attributes:
        name: its name.
        what: what happens in it.
        seconds: how long it took.
        moved: what it moved: rows, bytes, files, and names of things.
    """

    name: str
    what: str
    seconds: float = 0.0
    moved: dict[str, Any] = field(default_factory=dict)


class Steps:
    """The steps so far."""

    def __init__(self, told: Callable[[str], None]) -> None:
        """None yet.

        Args:
            told: called with a line for each thing that happens.
        """
        self.done: list[Step] = []
        self._told = told
        self._begun = self._told_last = time.perf_counter()

    def tell(self, text: str) -> None:
        """Tell of something that happens within a step.

        Args:
            text: what.
        """
        self._say(f"  {text}")

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[dict[str, Any]]:
        """Show and time a step of the demonstration.

        Args:
            name: its name.
            what: what happens in it.

        Yields:
            Where to put what it moves.
        """
        step = Step(name, what)
        self._say(what)
        begun = time.perf_counter()
        with self._reminding():
            yield step.moved
        step.seconds = round(time.perf_counter() - begun, 3)
        self.done.append(step)
        moved = ", ".join(
            f"{value:,} {key}" if isinstance(value, int) else f"{key} {value}"
            for key, value in step.moved.items()
        )
        self._say(f"  {step.seconds:.1f} s{f': {moved}' if moved else ''}")

    @contextmanager
    def _reminding(self) -> Iterator[None]:
        """Say every so often that the step goes on, where nothing else is told."""
        over = threading.Event()

        def remind() -> None:
            while not over.wait(_QUIET_SECONDS):
                if time.perf_counter() - self._told_last >= _QUIET_SECONDS:
                    self._say("  still at it")

        reminder = threading.Thread(target=remind, name="reminder", daemon=True)
        reminder.start()
        try:
            yield
        finally:
            over.set()
            reminder.join()

    def _say(self, text: str) -> None:
        self._told_last = time.perf_counter()
        self._told(f"{time.perf_counter() - self._begun:7.1f} s  {text}")
