"""What a run is called: a name fit for labels, paths and job ids, which follows from what is read."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Final

from crime_pipelines.errors import InputError

#: In RE2 and in Python alike; the whole of a run id matches it.
PATTERN: Final = "[a-z][a-z0-9-]{2,62}"
_LONGEST: Final = 63
_RUN_ID: Final = re.compile(PATTERN)
_OTHER: Final = re.compile("[^a-z0-9]+")


def checked(run_id: str) -> str:
    """A run id that was given by someone.

    Args:
        run_id: the text.

    Returns:
        The same text.

    Raises:
        InputError: it can't be a run id.
    """
    if not _RUN_ID.fullmatch(run_id):
        shown = run_id if len(run_id) <= _LONGEST + 1 else run_id[:_LONGEST] + "..."
        raise InputError(f"run id {shown!r}: must be a letter a-z, then 2 to 62 of a-z, 0-9 and '-'")
    return run_id


def of_object(name: str, checksum: str) -> str:
    """The run that reads an object: the same content under the same name again is the same run.

    Args:
        name: the object's name in its bucket.
        checksum: of its content, as Cloud Storage gives it for every object (crc32c).

    Returns:
        The run id.
    """
    return _named(name, hashlib.sha256(f"{checksum}/{name}".encode()).hexdigest()[:12])


def of_tick(moment: datetime) -> str:
    """The run that a tick of the scheduler starts.

    Args:
        moment: when the tick came, with its zone.

    Returns:
        The run id: one for each minute.
    """
    return f"tick-{moment.astimezone(UTC):%Y%m%d-%H%M}"


def of_request(source: str, moment: datetime) -> str:
    """A run that someone asks for without naming it.

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
    """A run id that a person recognises by its beginning, and that its tail makes unique."""
    stem = _OTHER.sub("-", name.lower()).strip("-")
    if not stem[:1].isalpha():
        stem = f"run-{stem}".rstrip("-")
    return f"{stem[: _LONGEST - 1 - len(tail)].rstrip('-')}-{tail}"
