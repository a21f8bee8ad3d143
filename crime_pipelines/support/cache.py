"""The cache of things that are made or fetched once for a machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from crime_pipelines.support.locks import lock

#: The variable by which a user names another folder.
CACHE: Final = "CRIME_PIPELINES_CACHE"
#: What is kept is run: scripts of reports, wheels, Java's classes.
_PRIVATE: Final = 0o700
_OTHERS_WRITE: Final = 0o022


def cache_folder() -> Path:
    """Return the cache folder: `CRIME_PIPELINES_CACHE`, or the system's folder for caches.

    Returns:
        The folder, which exists, absolute.

    Raises:
        OSError: it can't be made, or was not named and is not this user's alone.
    """
    named = os.environ.get(CACHE)
    folder = Path(named) if named else user_cache_path("crime-pipelines", appauthor=False)
    if not named and not folder.is_absolute():
        raise FileNotFoundError(errno.ENOENT, f"there is no home; name a folder in {CACHE}", str(folder))
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    found = folder.stat()
    if not named and (found.st_uid != os.getuid() or found.st_mode & _OTHERS_WRITE):
        raise PermissionError(
            errno.EPERM, f"others may write in it; forbid it, or name a folder in {CACHE}", str(folder)
        )
    return folder.resolve()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time fill a place in the cache.

    Args:
        name: the place.

    Yields:
        Nothing.

    Raises:
        OSError: as for `cache_folder`.
    """
    with (cache_folder() / f".{name}.lock").open("w") as file:
        lock(file)
        yield
