"""Progress of the reading: workers on this machine make an empty file a chunk, its bytes in its name.

Of the chunks that a worker in this very process is reading, `under_way` tells more.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from crime_pipelines.beam.batch import unpacked_size
from crime_pipelines.beam.reading.under_way import bytes_under_way
from crime_pipelines.engines.base import INCIDENTS, Job, reporting
from crime_pipelines.support.progress import Done

#: Versions are compared, and incidents written, after the reading.
_READ: Final = 0.8
#: A file's headings are in no chunk.
_ALL: Final = 0.99


class BeamProgress:
    """The progress of a job.

    Args:
        marks: the folder of the workers' marks.
        job: the job.
    """

    def __init__(self, marks: Path, job: Job) -> None:
        """Begin."""
        self._marks = marks
        self._incidents = job.folder / INCIDENTS
        self._whole = max(1, unpacked_size(job.files))
        self._size = sum(file.size for file in job.files)
        self._is_plain = all(file.form.is_plain for file in job.files)
        self._share = 0.0

    def done(self) -> Done:
        """Return the part that is done."""
        read = sum(int(mark.name.rpartition("-")[2]) for mark in self._marks.iterdir())
        # A chunk that is read has no mark until its rows have gone to the next step.
        self._share = max(self._share, min(1.0, (read + bytes_under_way()) / self._whole))
        if not self._share:
            return Done(0.0, self._size, note="starting the pipeline")
        note = self._after_reading(read)
        # How much gzip packs is guessed: the end is reached when it is.
        share = self._share if self._is_plain else min(self._share, 0.99)
        return Done(share * _READ, self._size, note=note, read=round(share * self._size))

    def _after_reading(self, read: int) -> str:
        """Say what is done after the reading; nothing before."""
        years = [*self._incidents.glob("year=*")]
        if years:
            buckets = sum(1 for _ in years[0].iterdir())
            return f"writing incidents, part {buckets}"
        return "comparing rows" if self._is_plain and read >= self._whole * _ALL else ""


def watched(marks: Path, job: Job) -> AbstractContextManager[None]:
    """Report a job's progress while its pipeline runs, whatever processes its workers are.

    Args:
        marks: an empty folder for the workers' marks.
        job: the job.

    Returns:
        To be entered while it is watched.
    """
    return reporting(BeamProgress(marks, job).done, job.report_progress)
