"""How a run gets on, on a terminal and in the logs."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

_log = logging.getLogger(__name__)

_WORDS: Final = {
    "look": "Looking at the files",
    "read": "Reading incidents",
    "answer": "Answering the questions",
    "report": "Writing the report",
    "publish": "Putting it in place",
}


class TerminalProgress:
    """A line per stage on standard error if that is a terminal; in any case a log entry per stage."""

    def __init__(self) -> None:
        """Prepare the lines."""
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<26}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Show the lines."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the lines away."""
        self._bars.stop()

    def stage(self, name: str) -> None:
        """A stage begins, and the one before it is done.

        Args:
            name: its name.
        """
        if self._task is not None:
            self._bars.update(self._task, completed=1)
        self._task = self._bars.add_task(_WORDS.get(name, name), total=1)
        _log.info("stage begins", extra={"stage": name})

    def share(self, done: float) -> None:
        """The stage gets on.

        Args:
            done: the share of it that is done, 0 to 1.
        """
        if self._task is not None:
            self._bars.update(self._task, completed=done)
