"""Progress of a run, and the time of its stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Done:
    """The part of a stage that is done.

    Attributes:
        share: 0 to 1.
        size: bytes of the input, as stored; None where that says nothing.
        rows: rows read so far, an estimate until all are counted; None for unknown.
        note: what is being done while no input is read, such as starting a program.
        read: bytes of the input that have been read, as stored; `share` of `size` unless given.
    """

    share: float
    size: int | None = None
    rows: int | None = None
    note: str = ""
    read: int | None = None


class Progress(Protocol):
    """A progress reporter."""

    def stage(self, name: str) -> None:
        """Begin a stage.

        Args:
            name: what it does, such as ``read``.
        """
        ...

    def done(self, done: Done) -> None:
        """Report how far the stage is; called in threads of its own.

        Args:
            done: the part of it that is done.
        """
        ...


class Silent:
    """A progress reporter that reports nothing."""

    def stage(self, name: str) -> None:
        """Do nothing."""

    def done(self, done: Done) -> None:
        """Do nothing."""


class StageClock:
    """A clock of stages.

    Attributes:
        seconds: wall time of each stage that is done.
    """

    def __init__(self, progress: Progress) -> None:
        """Start without stages.

        Args:
            progress: the progress reporter that hears of each stage.
        """
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of a stage.

        Args:
            name: its name.

        Yields:
            Nothing.
        """
        self._progress.stage(name)
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 3)

    @contextmanager
    def counted(self, name: str, whole: int, things: str) -> Iterator[Callable[[], None]]:
        """Take the time of a stage that does one thing after another.

        Args:
            name: the stage's name.
            whole: how many things there are.
            things: what they are.

        Yields:
            What is to be called when one of them is done.
        """
        numbers = count(1)

        def one_is_done() -> None:
            done = next(numbers)
            self._progress.done(Done(done / whole, note=f"{done} of {whole} {things}"))

        with self.stage(name):
            yield one_is_done
