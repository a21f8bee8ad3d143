"""How far the reading is: workers on this machine make an empty file a chunk, its bytes in its name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from crime_pipelines.beam.batch import unpacked_size
from crime_pipelines.engine import Job, reporting


def watched(marks: Path, job: Job) -> AbstractContextManager[None]:
    """Report a job's progress while its pipeline runs, whatever processes its workers are.

    Args:
        marks: an empty folder for the workers' marks.
        job: the job.

    Returns:
        To be entered while it is watched.
    """
    whole = max(1, unpacked_size(job.files))

    def share() -> float:
        read = sum(int(mark.name.rpartition("-")[2]) for mark in marks.iterdir())
        # How much gzip packs is guessed: the end is reached when it is.
        return min(read / whole, 0.99)

    return reporting(share, job.report_progress)
