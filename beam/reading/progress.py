"""Progress of the reading: workers on this machine make an empty file a chunk, its bytes in its name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from crime_pipelines.beam.batch import unpacked_size
from crime_pipelines.engines.base import Job, reporting
from crime_pipelines.support.progress import Done


def watched(marks: Path, job: Job) -> AbstractContextManager[None]:
    """Report a job's progress while its pipeline runs, whatever processes its workers are.

    Args:
        marks: an empty folder for the workers' marks.
        job: the job.

    Returns:
        To be entered while it is watched.
    """
    whole = max(1, unpacked_size(job.files))

    size = sum(file.size for file in job.files)

    def done() -> Done:
        read = sum(int(mark.name.rpartition("-")[2]) for mark in marks.iterdir())
        # How much gzip packs is guessed: the end is reached when it is.
        return Done(min(read / whole, 0.99), size, note="" if read else "starting the pipeline")

    return reporting(done, job.report_progress)
