"""Objects that land: one run for all that has landed since the last, and one cluster at a time.

What has landed is what the bucket holds, whatever events say of it, in whatever order and however often. What
of it was read, and the run that is under way, stand in one object of the lake, which is replaced on the
condition that nobody else has done so meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from google.api_core.exceptions import Aborted, NotFound, PreconditionFailed
from google.cloud.storage.retry import DEFAULT_RETRY

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.allowed_sources import is_source
from crime_pipelines.cloud.dataproc.attempts import State
from crime_pipelines.cloud.dataproc.starting import Started, start_once
from crime_pipelines.cloud.dataproc.submission import Submission
from crime_pipelines.cloud.file_lists import ARRIVALS, write_list
from crime_pipelines.sources import is_taken_by_dataproc

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

    from crime_pipelines.cloud.dataproc.client import Dataproc
    from crime_pipelines.cloud.settings import Settings

#: The object of the lake.
NOTES: Final = f"{ARRIVALS}/notes.json"
#: The folder for a run with copies of objects that can't be read as they landed.
LANDED: Final = "landed"
#: A workflow that fails before it has a job, for want of quota or machines, is started once more.
_TRIES: Final = 2
#: As many as there may be instances of the function, and some more.
_STEPS: Final = 30
_LONGEST_SOURCE: Final = 1_000
_log = logging.getLogger(__name__)


class _End(Enum):
    """The end of a run, as far as it matters to what follows."""

    UNDER_WAY = "under way"
    OVER = "over"
    NO_JOB = "failed before its job"


@dataclass(frozen=True, slots=True)
class _Run:
    """The run that is under way.

    Attributes:
        run_id: its id.
        source: what it reads.
        occasion: what calls for it.
        files: the objects that it reads, with their generations.
        operation: the name of its operation; empty until it is known.
        tries: how often it was started.
    """

    run_id: str
    source: str
    occasion: str
    files: dict[str, str]
    operation: str = ""
    tries: int = 1

    @property
    def own_occasion(self) -> str:
        """The occasion of this try."""
        return self.occasion if self.tries == 1 else f"{self.occasion}-{self.tries}"


@dataclass(frozen=True, slots=True)
class _Notes:
    """Notes of what was read.

    Attributes:
        taken: objects that a run has read or reads, with their generations.
        left: those whose run failed before its job; the next run takes them along.
        tick: the occasion on which the scheduler has asked for a run meanwhile; empty where it has not.
        run: the run that is under way.
    """

    taken: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    tick: str = ""
    run: _Run | None = None


class Arrivals:
    """Landed objects, and the run that reads them."""

    def __init__(self, settings: Settings, storage: Client, dataproc: Dataproc) -> None:
        """Nothing is asked yet.

        Args:
            settings: the settings.
            storage: Cloud Storage.
            dataproc: Dataproc.
        """
        self._settings, self._storage, self._dataproc = settings, storage, dataproc
        self._bucket = storage.bucket(settings.lake_bucket)
        self._seen = _Notes()
        self._retry = DEFAULT_RETRY.with_timeout(settings.retry_seconds)

    def go_on(self, *, tick: str = "", only_if_waiting: bool = False) -> None:
        """Start the next run, if there is something to read and none is under way.

        Args:
            tick: the occasion of a run that is to read all that lies there; empty for one of what is new.
            only_if_waiting: whether nothing can have landed since a run was under way.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: a service fails; asking again is safe.
        """
        for _ in range(_STEPS):
            # Where another instance of the function was there first, look again.
            with suppress(PreconditionFailed):
                self._step(tick, only_if_waiting)
                return
        raise Aborted(f"{NOTES}: others write it all the time")  # type: ignore[no-untyped-call]

    def _step(self, tick: str, only_if_waiting: bool) -> None:
        """Take the one step that there is to take."""
        notes, generation = self._read()
        if notes.run is None:
            if not only_if_waiting or notes.tick:
                self._begin(notes, generation, tick)
            return
        run = notes.run
        end, why = self._look(run)
        if end is _End.UNDER_WAY:
            if tick and tick not in (notes.tick, run.occasion):
                self._write(replace(notes, tick=tick), generation)
            _log.info("a run is under way: what has landed waits for it", extra={"run_id": run.run_id})
            if not run.operation:
                self._start(notes, generation)
            return
        if end is _End.NO_JOB and run.tries < _TRIES:
            _log.warning("the run is started again: it failed before its job (%s)", why, extra=_about(run))
            again = replace(notes, run=replace(run, operation="", tries=run.tries + 1))
            self._start(again, self._write(again, generation))
            return
        if end is _End.NO_JOB:
            # Whatever lands next takes its files along; a retry each minute would not mend a quota.
            _log.error("the run failed before its job: %s", why, extra=_about(run))
            self._write(replace(notes, run=None, left={**notes.left, **run.files}), generation)
            return
        _log.info("the run is over", extra=_about(run))
        # In one step: what landed meanwhile has nobody else to call for it.
        self._begin(replace(notes, run=None), generation, tick)

    def _look(self, run: _Run) -> tuple[_End, str]:
        if not run.operation:
            return _End.UNDER_WAY, ""
        try:
            attempt = self._dataproc.attempt(run.operation)
        except NotFound:
            return _End.OVER, ""  # Dataproc forgets its operations after some days
        if not attempt.state.is_over:
            return _End.UNDER_WAY, ""
        no_job = attempt.state is State.FAILED and not attempt.had_job
        return _End.NO_JOB if no_job else _End.OVER, attempt.detail

    def _begin(self, notes: _Notes, generation: int, tick: str) -> None:
        tick = tick or notes.tick
        there, new = {}, {}
        for blob in self._storage.list_blobs(self._settings.landing_bucket):
            if not is_taken_by_dataproc(blob.name):
                continue
            number = str(blob.generation)
            there[blob.name] = number
            if notes.taken.get(blob.name) == number and blob.name not in notes.left:
                continue
            if not blob.size:
                _pass_over("it is empty", blob)
            elif not is_source(f"gs://{blob.bucket.name}/{blob.name}"):
                _pass_over("no job can be given its name", blob)
            else:
                new[blob.name] = blob
        wanted = there if tick else new
        if not any(name not in notes.left for name in new) and not tick:
            _log.info("nothing new has landed")
            self._keep(replace(notes, taken=there), generation)
            return
        if not wanted:
            _log.info("passed over: nothing has landed yet")
            self._keep(replace(notes, taken=there, tick=""), generation)
            return
        run = self._run_of_all(tick, there) if tick else self._run_of(list(new.values()))
        begun = _Notes(taken=there, run=run)
        self._start(begun, self._write(begun, generation))

    def _run_of_all(self, tick: str, there: dict[str, str]) -> _Run:
        return _Run(run_ids.SCHEDULED, f"gs://{self._settings.landing_bucket}/", tick, there)

    def _run_of(self, blobs: list[Blob]) -> _Run:
        files = {blob.name: str(blob.generation) for blob in blobs}
        checksums = {blob.name: str(blob.crc32c) for blob in blobs}
        run_id = run_ids.of_objects(checksums)
        uris = [self._readable(blob, run_id) for blob in blobs]
        if len(uris) == 1 and len(uris[0]) <= _LONGEST_SOURCE:
            return _Run(run_id, uris[0], files[blobs[0].name], files)
        source = write_list(self._settings, self._storage, run_id, uris)
        occasion = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:32]
        return _Run(run_id, source, occasion, files)

    def _readable(self, blob: Blob, run_id: str) -> str:
        """Return the URI by which a job can read an object."""
        if blob.content_encoding != "gzip":
            return f"gs://{blob.bucket.name}/{blob.name}"
        # Some readers get it unpacked, so Spark's connector refuses it: it gets the same bytes under a name
        # that says what they are.
        name = f"{ARRIVALS}/{run_id}/{LANDED}/{blob.name.removesuffix('.gz')}.gz"
        copy = self._bucket.blob(name)
        with blob.open("rb", raw_download=True) as stored, copy.open("wb", ignore_flush=True) as written:
            shutil.copyfileobj(stored, written)
        return f"gs://{self._settings.lake_bucket}/{name}"

    def _start(self, notes: _Notes, generation: int) -> None:
        run = notes.run
        if run is None:
            raise ValueError("there is no run to start")
        submission = Submission(
            run.run_id, run.source, self._settings.shift_years, layout=self._settings.layout
        )
        started = start_once(self._settings, self._storage, self._dataproc, submission, run.own_occasion)
        say(submission, started, files=len(run.files))
        if started.operation:
            self._write(replace(notes, run=replace(run, operation=started.operation)), generation)

    def _read(self) -> tuple[_Notes, int]:
        # A blob that knows its generation would ask for that one.
        blob = self._bucket.get_blob(NOTES, retry=self._retry)
        if blob is None:
            return _Notes(), 0
        try:
            found = json.loads(blob.download_as_bytes(retry=self._retry))
        except NotFound as error:  # that generation is replaced already
            raise PreconditionFailed(str(error)) from error  # type: ignore[no-untyped-call]
        run = found.pop("run", None)
        self._seen = _Notes(**found, run=run and _Run(**run))
        return self._seen, int(blob.generation)

    def _keep(self, notes: _Notes, generation: int) -> None:
        """Replace the notes where they have changed: an object takes one write a second."""
        if notes != self._seen:
            self._write(notes, generation)

    def _write(self, notes: _Notes, generation: int) -> int:
        """Replace the notes, unless someone else has; return the new generation."""
        blob = self._bucket.blob(NOTES)
        blob.upload_from_string(
            json.dumps(asdict(notes)),
            content_type="application/json",
            if_generation_match=generation,
            retry=self._retry,
        )
        return int(blob.generation)


def say(submission: Submission, started: Started, **more: Any) -> None:
    """Log that a run was started.

    Args:
        submission: the run.
        started: what came of it.
        more: further fields of the entry.
    """
    _log.info(
        "run had been started" if started.again else "run started",
        extra={
            "run_id": submission.run_id,
            "source": submission.source,
            "operation": started.operation,
            **more,
        },
    )


def _about(run: _Run) -> dict[str, str]:
    return {"run_id": run.run_id, "operation": run.operation}


def _pass_over(why: str, blob: Blob) -> None:
    _log.info("passed over: %s", why, extra={"uri": f"gs://{blob.bucket.name}/{blob.name}"})
