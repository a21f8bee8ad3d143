"""Progress of a run, and the time of its stages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Done:
    """The part of a stage that is done.

    Attributes:
        share: 0 to 1.
        size: bytes of the input, as stored; None where that says nothing.
        rows: rows read so far, an estimate until all are counted; None for unknown.
        note: what is being done, where no share says so, such as starting a program.
    """

    share: float
    size: int | None = None
    rows: int | None = None
    note: str = ""


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
