"""Locks on files, which end with the process that holds them, on every system."""

from __future__ import annotations

from typing import IO

import portalocker


def lock(file: IO[str], *, wait: bool = True) -> bool:
    """Lock a file for this process alone.

    Args:
        file: the file, open; the lock is held until it is closed.
        wait: wait for another process that holds it.

    Returns:
        False if another process holds it.

    Raises:
        OSError: the file system has no locks.
    """
    flags = portalocker.LockFlags.EXCLUSIVE
    try:
        portalocker.lock(file, flags if wait else flags | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException as error:
        raise OSError(*(error.__cause__ or error).args) from error
    return True
