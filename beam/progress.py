"""How far the reading is: workers on this machine make an empty file a chunk, its bytes in its name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crime_pipelines.beam.batch import unpacked_size
from crime_pipelines.engine import Job

_SECONDS: Final = 0.2


@contextmanager
def watched(marks: Path, job: Job) -> Iterator[None]:
    """Report a job's progress while its pipeline runs, whatever processes its workers are.

    Args:
        marks: an empty folder for the workers' marks.
        job: the job.

    Yields:
        While it is watched.
    """
    done = threading.Event()
    whole = max(1, unpacked_size(job.files))
    watcher = threading.Thread(
        target=_watch, args=(marks, whole, job.report_progress, done), name="progress", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(marks: Path, whole: int, report: Callable[[float], None], done: threading.Event) -> None:
    while not done.wait(_SECONDS):
        read = sum(int(mark.name.rpartition("-")[2]) for mark in marks.iterdir())
        # How much gzip packs is guessed: the end is reached when it is.
        report(min(read / whole, 0.99))
