"""Servers as processes: started, waited for until they answer, and ended with all they started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from crime_pipelines.errors import PipelineError

HOST: Final = "127.0.0.1"
_TIED: Final = str(Path(__file__).with_name("die_with_parent.py"))
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_NOT_BEHIND_GUARD: Final = 502
_LAST_CHARACTERS: Final = 600
#: Files that servers write are their user's alone.
_PRIVATE: Final = 0o077


class Server:
    """A process, with whatever it starts in turn, and its log."""

    def __init__(
        self,
        name: str,
        command: Iterable[str | Path],
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start it. It ends with this process.

        Args:
            name: what to call it in messages.
            command: the program's path and its arguments.
            log: the file that its output goes to.
            environment: variables beside those of this process.
            folder: where it runs; where this process does unless given.

        Raises:
            OSError: it can't be started.
        """
        self.name, self.log = name, log
        call = [sys.executable, "-S", "-E", _TIED, str(os.getpid()), *map(str, command)]
        with log.open("a", encoding="utf-8") as said:
            self._process = subprocess.Popen(  # noqa: S603
                call,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                umask=_PRIVATE,
                start_new_session=True,  # a group of its own: a Ctrl-C is ours, and its children go with it
            )

    @property
    def pid(self) -> int:
        """The process's id, which is also its group's."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for its end.

        Args:
            seconds: how long at most.

        Returns:
            The exit code; None if it still runs.
        """
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def answers(self, address: str) -> None:
        """Wait until it answers, whatever it says.

        Args:
            address: a URL, ``HOST:PORT``, or ``unix:PATH``.

        Raises:
            PipelineError: it ended, or does not answer in time.
        """
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self.ended is not None:
                raise PipelineError(f"{self.name} ended with exit code {self.ended}: {self.last_words()}")
            if _is_there(address):
                return
            time.sleep(_POLL_SECONDS)
        raise PipelineError(f"{self.name} does not answer at {address}: {self.last_words()}")

    def last_words(self) -> str:
        """Return the last lines of its log, as one."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "it said nothing"
        return (
            " / ".join(line.strip() for line in lines if line.strip())[-_LAST_CHARACTERS:]
            or "it said nothing"
        )

    def log_entries(self) -> list[dict[str, Any]]:
        """Return the entries of its log that are JSON objects."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            if line.startswith("{"):
                with suppress(ValueError):
                    found.append(json.loads(line))
        return found

    def ask_to_end(self) -> None:
        """Ask it and all it started to end."""
        self._signal(signal.SIGTERM)

    def end(self) -> None:
        """End it, kindly at first, and all it started."""
        if self.ended is None:
            self.ask_to_end()
            if self.wait(_STOP_SECONDS) is None:
                self._signal(signal.SIGKILL)
                self._process.wait()
        self._signal(signal.SIGKILL)  # what it left behind in its group

    def kill(self) -> None:
        """End it at once, as a crash would, and all it started."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def end_all(servers: Iterable[Server]) -> None:
    """End servers, all at the same time.

    Args:
        servers: the servers, those first that others depend on last.
    """
    order = list(servers)
    for server in order:
        if server.ended is None:
            server.ask_to_end()
    for server in order:
        server.end()


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _is_there(address: str) -> bool:
    try:
        if address.startswith("unix:"):
            with socket.socket(socket.AF_UNIX) as there:
                there.connect(address.removeprefix("unix:"))
                return True
        if "://" not in address:
            host, _, port = address.rpartition(":")
            with socket.create_connection((host, int(port)), timeout=1):
                return True
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return error.code != _NOT_BEHIND_GUARD
    except OSError:
        return False


def is_alive(pid: int) -> bool:
    """Tell whether a process runs.

    Args:
        pid: its id.

    Returns:
        True if it does; not where it has ended and its parent has yet to notice.
    """
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
