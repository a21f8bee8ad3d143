"""Progress of a run: a bar per stage on a terminal, a line now and then elsewhere, entries in the logs."""

from __future__ import annotations

import logging
import os
import time
from types import TracebackType
from typing import Final, Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from crime_pipelines.cli.common.options import common
from crime_pipelines.support.progress import Done

_log = logging.getLogger(__name__)

_WORDS: Final = {
    "look": "Looking at files",
    "start": "Starting the engine",
    "spool": "Copying the input",
    "read": "Reading incidents",
    "answer": "Answering questions",
    "report": "Writing the report",
    "publish": "Putting it in place",
}
#: Where there is no terminal, a line is printed this often, in seconds, unless `INTERVAL` says otherwise.
_EVERY: Final = 30.0
INTERVAL: Final = "CRIME_PIPELINES_PROGRESS_SECONDS"
#: Before so much is done, in seconds, a rate says nothing.
_TOO_SOON: Final = 0.5


class TerminalProgress:
    """A bar per stage on standard error if that is a terminal, or else a line every 30 seconds.

    With `--quiet` nothing is printed. In any case there is a log entry per stage.
    """

    def __init__(self) -> None:
        """Prepare the bars."""
        console = Console(stderr=True)
        settings = common()
        self._is_json = settings.log_format == "json"
        self._every = _interval()
        self._prints_lines = not (console.is_terminal or settings.quiet)
        self._bars = Progress(
            # All in 80 columns.
            TextColumn("{task.description}"),
            BarColumn(7),
            TaskProgressColumn(),
            _Details(),
            console=console,
            disable=not console.is_terminal or settings.quiet or self._is_json,
            transient=True,
        )
        self._task: TaskID | None = None
        self._words = ""
        self._begun = self._reading = self._printed = time.monotonic()

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars away."""
        self._bars.stop()

    def stage(self, name: str) -> None:
        """Begin a stage; the one before it is done.

        Args:
            name: its name.
        """
        if self._task is not None:
            self._bars.update(self._task, total=1, completed=1)
            self._bars.stop_task(self._task)
        self._words = _WORDS.get(name, name)
        self._begun = self._reading = time.monotonic()
        # Without a total the bar moves back and forth, until the stage says how far it is.
        self._task = self._bars.add_task(self._words, total=None, done=None, reading=0.0)
        _log.info(self._words, extra={"stage": name})

    def done(self, done: Done) -> None:
        """Show how far the stage is.

        Args:
            done: the part of it that is done.
        """
        if done.note and not done.share:  # to start takes no part in the rate
            self._reading = time.monotonic()
        seconds = time.monotonic() - (self._begun if done.note else self._reading)
        if self._task is not None:
            total = 1 if done.share > 0 else None
            self._bars.update(self._task, total=total, completed=done.share, done=done, reading=self._reading)
        if self._prints_lines and time.monotonic() - self._printed >= self._every:
            self._printed = time.monotonic()
            text = f"{self._words}: {done.share:.0%} {_details(done, seconds)}".replace("%", " %")
            if self._is_json:
                _log.info(text, extra={"share": round(done.share, 3), "rows": done.rows})
            else:
                click.echo(text, err=True)


class _Details(ProgressColumn):
    """The details of a stage, with the seconds that it has taken wherever nothing says how long it will."""

    def render(self, task: Task) -> Text:
        """Draw it; the bars are drawn anew several times a second."""
        done: Done | None = task.fields["done"]
        seconds = task.elapsed or 0.0
        if task.stop_time is not None or done is None:
            return Text(f"{seconds:,.0f} s")
        return Text(_details(done, seconds if done.note else time.monotonic() - task.fields["reading"]))


def _interval() -> float:
    text = os.environ.get(INTERVAL, "")
    try:
        return float(text) if text else _EVERY
    except ValueError as error:
        raise click.UsageError(f"{INTERVAL}={text}: give a number of seconds") from error


def _details(done: Done, seconds: float) -> str:
    """Say what is done, how fast, and how long the rest takes.

    >>> _details(Done(0.5, 200_000_000, 1_000_000), 4)
    '100/200 MB, 1,000,000 rows, 25.0 MB/s, 4 s left'
    >>> _details(Done(0, note="starting Spark"), 4)
    'starting Spark, 4 s'
    """
    if done.note:
        return f"{done.note}, {seconds:,.0f} s"
    parts = []
    read = 0.0
    if done.size:
        read = done.share * done.size if done.read is None else done.read
        parts.append(f"{read / 1e6:,.0f}/{done.size / 1e6:,.0f} MB")
    if done.rows is not None:
        parts.append(f"{done.rows:,} rows")
    if seconds > _TOO_SOON and done.share > 0:
        if done.size:
            parts.append(f"{read / 1e6 / seconds:,.1f} MB/s")
        parts.append(f"{seconds * (1 - done.share) / done.share:,.0f} s left")
    return ", ".join(parts)
