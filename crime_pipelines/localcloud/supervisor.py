"""A local cloud that outlives the command that starts it: a process holds it, a folder says how it stands.

The folder holds a lock for as long as that process lives, `state.json` from the moment that all of it
answers, and `data/` with logs and objects, which begins empty each time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.layouts import layout_named
from crime_pipelines.localcloud.calls.record import FILE as CALLS
from crime_pipelines.localcloud.calls.record import Call, recorded
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.processes import is_alive
from crime_pipelines.support.locks import lock as lock_file

_LOCK: Final = "lock"
_STATE: Final = "state.json"
_PROGRESS: Final = "progress.log"
_FAILED: Final = "failed.txt"
_DATA: Final = "data"
_POLL_SECONDS: Final = 0.1
_DOWN_SECONDS: Final = 60.0
_LOCK_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class State:
    """A local cloud that is up.

    Attributes:
        pid: the process that holds it.
        architecture: what a landed file starts.
        endpoints: where its parts answer.
        environment: the variables by which any process finds it.
        servers: the processes of its parts, by name.
    """

    pid: int
    architecture: int
    endpoints: dict[str, str]
    environment: dict[str, str]
    servers: dict[str, int]


def up(
    folder: Path,
    architecture: int,
    tick_seconds: int,
    told: Callable[[str], None],
    *,
    with_code: bool = True,
    layout: str = CHICAGO.name,
) -> State:
    """Start a local cloud that stays when this process ends.

    Args:
        folder: its folder.
        architecture: 1 or 2: what a landed file starts.
        tick_seconds: how often the scheduler ticks; 0 for never.
        told: called with what is being done.
        with_code: whether to publish the package and the job files.
        layout: the department's layout: the name of a bundled one, or its TOML file on this machine.

    Returns:
        How it stands.

    Raises:
        InputError: it is up already, this machine lacks something, or there is no such layout.
        PipelineError: it does not start.
    """
    layout_named(layout)
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: can't be a folder ({error.strerror})") from error
    if _is_held(folder):
        raise InputError(f"{folder}: a local cloud is up there already")
    if not (folder / _LOCK).exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: holds something else; name another folder")
    for name in (_STATE, _PROGRESS, _FAILED):
        (folder / name).unlink(missing_ok=True)
    arguments = [str(folder), str(architecture), str(tick_seconds), str(int(with_code)), layout]
    with (folder / "supervisor.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", __name__, *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    seen = 0
    try:
        while True:
            seen += _pass_on(folder / _PROGRESS, seen, told)
            state = _read(folder)
            if state:
                process.returncode = 0  # it stays; nobody waits for it
                return state
            if process.poll() is not None:
                raise _failure(folder, process.returncode)
            time.sleep(_POLL_SECONDS)
    except BaseException:
        if process.poll() is None:
            process.terminate()
            process.wait()
        raise


def status(folder: Path) -> State | None:
    """Return the state of a local cloud.

    Args:
        folder: its folder.

    Returns:
        Its state; None where it is not up.
    """
    return _read(folder) if _is_held(folder) else None


def calls(folder: Path) -> list[Call]:
    """Return what the service accounts of a local cloud have called so far.

    Args:
        folder: its folder.

    Returns:
        The calls.
    """
    return recorded(folder / _DATA / CALLS)


def _read(folder: Path) -> State | None:
    try:
        return State(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def down(folder: Path) -> bool:
    """End a local cloud, with everything that runs in it.

    Args:
        folder: its folder.

    Returns:
        Whether there was one.

    Raises:
        PipelineError: it does not end.
    """
    if not _is_held(folder):
        return False
    pid = int((folder / _LOCK).read_text(encoding="utf-8") or 0)
    end = time.monotonic() + _DOWN_SECONDS
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    while _is_held(folder) or is_alive(pid):
        if time.monotonic() > end:
            raise PipelineError(f"{folder}: the local cloud (process {pid}) does not end")
        time.sleep(_POLL_SECONDS)
    return True


def _is_held(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("r+", encoding="utf-8") as lock:
            return not lock_file(lock, wait=False)
    except FileNotFoundError:
        return False


def _pass_on(progress: Path, seen: int, told: Callable[[str], None]) -> int:
    """Pass on the lines that are new; their number."""
    try:
        lines = progress.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return 0
    for line in lines[seen:]:
        told(line)
    return len(lines) - seen


def _failure(folder: Path, code: int) -> PipelineError:
    try:
        kind, _, text = (folder / _FAILED).read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return PipelineError(f"the local cloud ended with exit code {code}; see {folder / 'supervisor.log'}")
    return InputError(text) if kind == InputError.__name__ else PipelineError(text)


def main() -> None:
    """Hold a local cloud until asked to end: FOLDER ARCHITECTURE TICK_SECONDS WITH_CODE LAYOUT."""
    folder, architecture, tick_seconds, with_code, layout = sys.argv[1:]
    code = bool(int(with_code))
    sys.exit(hold(Path(folder), int(architecture), int(tick_seconds), with_code=code, layout=layout))


def hold(folder: Path, architecture: int, tick_seconds: int, *, with_code: bool, layout: str) -> int:
    """Hold a local cloud until this process is asked to end.

    Args:
        folder: its folder.
        architecture: 1 or 2.
        tick_seconds: how often the scheduler ticks; 0 for never.
        with_code: whether to publish the package and the job files.
        layout: as for `up`.

    Returns:
        The exit code.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)

    def told(text: str) -> None:
        with (folder / _PROGRESS).open("a", encoding="utf-8") as progress:
            progress.write(f"{text}\n")

    with (folder / _LOCK).open("a+", encoding="utf-8") as lock:
        # Whoever asks how it stands holds the lock for a moment.
        patience = time.monotonic() + _LOCK_SECONDS
        while not lock_file(lock, wait=False):
            if time.monotonic() > patience:
                return 1
            time.sleep(_POLL_SECONDS)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        shutil.rmtree(folder / _DATA, ignore_errors=True)
        (folder / _DATA).mkdir()
        try:
            with LocalCloud(
                folder / _DATA,
                architecture,
                told,
                tick_seconds=tick_seconds,
                with_code=with_code,
                layout=layout,
            ) as cloud:
                _write_state(folder, cloud)
                while True:
                    signal.pause()
        except KeyboardInterrupt:
            return 0
        except PipelineError as error:
            kind = InputError.__name__ if isinstance(error, InputError) else PipelineError.__name__
            (folder / _FAILED).write_text(f"{kind}\n{error}", encoding="utf-8")
            return 1
        finally:
            (folder / _STATE).unlink(missing_ok=True)


def _write_state(folder: Path, cloud: LocalCloud) -> None:
    state = State(
        os.getpid(),
        cloud.settings.architecture,
        cloud.endpoints,
        cloud.environment,
        {server.name: server.pid for server in cloud.running()},
    )
    new = folder / f"{_STATE}.new"
    new.write_text(json.dumps(asdict(state), indent=2), encoding="utf-8")
    new.replace(folder / _STATE)


if __name__ == "__main__":
    main()
