"""Faults that the local cloud has on request, as every cloud has them sooner or later."""

from __future__ import annotations

import json
import threading
from enum import Enum
from pathlib import Path
from typing import Final


class Fault(Enum):
    """A fault that the local cloud can have.

    Attributes:
        QUOTA: a cluster is refused for want of quota, before there is a job.
        WORKER: a worker is lost while a job runs.
        BUSY: a function is at its limit of instances and answers a message with 429: a failed delivery.
        TWICE: a message is delivered twice at once.
        LATE: a message is delivered after the one that follows it.
    """

    QUOTA = "quota"
    WORKER = "worker"
    BUSY = "busy"
    TWICE = "twice"
    LATE = "late"


#: The file of the faults to come, beside the sockets.
FILE: Final = "faults.json"


class Faults:
    """Faults to come, in a file that another process may write."""

    def __init__(self, path: Path) -> None:
        """Name the file.

        Args:
            path: the file; none stands for no fault.
        """
        self._path, self._lock = path, threading.Lock()

    def ask_for(self, fault: Fault, times: int) -> None:
        """Ask for a fault.

        Args:
            fault: the fault.
            times: at how many of the next clusters or deliveries; 0 to ask for none.
        """
        with self._lock:
            self._write({**self._read(), fault.value: times})

    def take(self, fault: Fault) -> bool:
        """Tell whether the next cluster or delivery has a fault, and count it down.

        Args:
            fault: the fault.

        Returns:
            True if it has.
        """
        with self._lock:
            left = self._read()
            number = left.get(fault.value, 0)
            if number:
                self._write({**left, fault.value: number - 1})
            return number > 0

    def _read(self) -> dict[str, int]:
        try:
            return dict(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}

    def _write(self, left: dict[str, int]) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(left), encoding="utf-8")
        new.replace(self._path)
