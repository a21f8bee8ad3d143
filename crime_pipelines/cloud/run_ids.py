"""Run ids: names fit for labels, paths and job ids, which follow from what is read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from crime_pipelines.errors import InputError

#: In RE2 and in Python alike; the whole of a run id matches it.
PATTERN: Final = "[a-z][a-z0-9-]{2,62}"
#: The run of every tick of the scheduler, which reads all that has landed: the same content replaces itself.
SCHEDULED: Final = "scheduled"
#: The stream's rows carry these in place of a run's id: a run of that name would replace them.
FEED: Final = "feed"
RESERVED: Final = frozenset({FEED, "incident-feed"})
_LONGEST: Final = 63
_RUN_ID: Final = re.compile(PATTERN)
_OTHER: Final = re.compile("[^a-z0-9]+")


def checked(run_id: str) -> str:
    """Check a run id that was given by someone.

    Args:
        run_id: the text.

    Returns:
        The same text.

    Raises:
        InputError: it can't be a run id, or belongs to the stream.
    """
    if run_id in RESERVED:
        raise InputError(f"run id {run_id!r}: belongs to the feed's rows; choose another")
    if not _RUN_ID.fullmatch(run_id):
        shown = run_id if len(run_id) <= _LONGEST + 1 else run_id[:_LONGEST] + "..."
        raise InputError(f"run id {shown!r}: must be a letter a-z, then 2 to 62 of a-z, 0-9 and '-'")
    return run_id


def of_object(name: str, checksum: str) -> str:
    """Return the run that reads an object: the same content under the same name again is the same run.

    Args:
        name: the object's name in its bucket.
        checksum: of its content, as Cloud Storage gives it for every object (crc32c).

    Returns:
        The run id.
    """
    return _named(name, hashlib.sha256(f"{checksum}/{name}".encode()).hexdigest()[:12])


def of_objects(checksums: Mapping[str, str]) -> str:
    """Return the run that reads several objects: the same contents under the same names are the same run.

    Args:
        checksums: of their contents, by their names.

    Returns:
        The run id; that of `of_object` where there is one.
    """
    if len(checksums) == 1:
        return of_object(*next(iter(checksums.items())))
    parts = [f"{checksum}/{name}" for name, checksum in sorted(checksums.items())]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return _named(f"{len(checksums)} files", digest)


def occasion_of_tick(moment: datetime) -> str:
    """Return what tells a tick of the scheduler from others; each starts an attempt of the run `SCHEDULED`.

    Args:
        moment: when the tick came, with its zone.

    Returns:
        The occasion: one for each minute.
    """
    return f"tick-{moment.astimezone(UTC):%Y%m%d-%H%M}"


def of_request(source: str, moment: datetime) -> str:
    """Return a run that someone asks for without naming it.

    Args:
        source: what it reads.
        moment: when it was asked for, with its zone.

    Returns:
        The run id: one for each source and moment.
    """
    at = moment.astimezone(UTC)
    digest = hashlib.sha256(f"{at.isoformat()}/{source}".encode()).hexdigest()[:6]
    return _named(source.rstrip("/").rpartition("/")[2], f"{at:%Y%m%d-%H%M%S}-{digest}")


def _named(name: str, tail: str) -> str:
    """Return a run id that a person recognises by its beginning, and that its tail makes unique."""
    stem = _OTHER.sub("-", name.lower()).strip("-")
    if not stem[:1].isalpha():
        stem = f"run-{stem}".rstrip("-")
    return f"{stem[: _LONGEST - 1 - len(tail)].rstrip('-')}-{tail}"
