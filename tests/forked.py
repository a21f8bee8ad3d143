"""Processes of the command line that have its imports behind them.

To import what a run needs, and to translate its SQL, takes longer than the run of a small file. So a nursery
does both once, and a process of the command line is forked from it: a process all the same, with a number,
arguments, variables and streams of its own, that takes signals and ends with an exit code the way any does.
What is to show how the program starts runs as `[*PROGRAM, ...]`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Final

CODE: Final = "from crime_pipelines.cli.main import main; main()"
PROGRAM: Final = [sys.executable, "-c", CODE]
_ROOT: Final = Path(__file__).parents[1]


class Forked:
    """A process, with the part of `subprocess.Popen`'s interface that the tests use.

    Attributes:
        pid: its number.
        returncode: its exit code, negative for a signal; None while it runs.
    """

    def __init__(
        self, *arguments: object, code: str = CODE, cwd: Path | None = None, **variables: str
    ) -> None:
        """Start it.

        Args:
            arguments: the command line's arguments.
            code: the program, as behind ``python -c``.
            cwd: the folder it starts in.
            variables: what its environment has beside this process's own.
        """
        self.args = [*map(str, arguments)]
        self.returncode: int | None = None
        self._told, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._output, output = os.pipe()
        self._errors, errors = os.pipe()
        asked = {
            "arguments": self.args,
            "code": code,
            "cwd": str(cwd or Path.cwd()),
            "variables": {**os.environ, **variables},
        }
        with tempfile.TemporaryFile() as request, told:
            request.write(json.dumps(asked).encode())
            request.flush()
            given = [told.fileno(), request.fileno(), output, errors]
            socket.send_fds(_nursery(os.getpid()), [b"run"], given)
        os.close(output)
        os.close(errors)
        said = self._told.recv(100)
        if not said:
            raise RuntimeError("the nursery has ended")
        self.pid = int(said)

    def poll(self) -> int | None:
        """Look whether it has ended."""
        return self._ended(0)

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end; return what it wrote to standard output and to standard error."""
        written = {self._output: b"", self._errors: b""}
        with selectors.DefaultSelector() as selector:
            for each in written:
                selector.register(each, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(timeout)
                if not ready:
                    self.kill()
                    raise subprocess.TimeoutExpired(self.args, timeout)
                for key, _ in ready:
                    part = os.read(key.fd, 1 << 16)
                    written[key.fd] += part
                    if not part:
                        selector.unregister(key.fd)
                        os.close(key.fd)
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return written[self._output].decode(), written[self._errors].decode()

    def _ended(self, timeout: float) -> int | None:
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._told, selectors.EVENT_READ)
                if selector.select(timeout):
                    self.returncode = int(self._told.recv(100))
                    self._told.close()
        return self.returncode


def call(
    *arguments: object, code: str = CODE, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line, or other code, to its end; see `Forked`."""
    from tests.waiting import PATIENCE

    running = Forked(*arguments, code=code, cwd=cwd, **variables)
    output, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode is not None
    return subprocess.CompletedProcess(running.args, running.returncode, output, errors)


@lru_cache(maxsize=1)
def _nursery(process: int) -> socket.socket:
    """Start a nursery for this process; it ends with it, since nobody else holds the other end."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    with there:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(there.fileno())],
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )

    def end() -> None:
        here.close()
        started.wait()

    atexit.register(end)
    return here


def _prepare() -> None:
    """Import what a run of the embedded engine needs, and translate the questions.

    The run itself is left to another process: it starts threads, which no forked process would have.
    """
    for name in _modules_of_a_run():
        with suppress(ImportError):
            import_module(name)
    from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
    from crime_pipelines.domain.periods.covered_period import CoveredPeriod
    from crime_pipelines.questions import COVERED_PERIOD, DATA_QUALITY, QUESTIONS, REPORT_QUESTIONS
    from crime_pipelines.questions.render import render

    moment = datetime(2020, 1, 1)
    render(COVERED_PERIOD, "duckdb", None, 0)
    for question in (*QUESTIONS, DATA_QUALITY, *REPORT_QUESTIONS):
        for outlying in (0, 1):
            covered = CoveredPeriod(moment, moment, outlying)
            render(question, "duckdb", moment, DEFAULT_SHIFT_YEARS, covered=covered)
    gc.collect()


def _modules_of_a_run() -> list[str]:
    with tempfile.TemporaryFile() as found:
        pid = os.fork()
        if not pid:
            from crime_pipelines.output.checks import check_output
            from crime_pipelines.pipeline import run
            from crime_pipelines.synthetic import generate

            with tempfile.TemporaryDirectory() as folder:
                made = generate(Path(folder, "in.csv"), 200, seed=1, defects=0.05)
                check_output(run(str(made.path), Path(folder, "out")).out)
            found.write(" ".join([*sys.modules, "crime_pipelines.cli.main"]).encode())
            found.flush()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        assert status == 0
        found.seek(0)
        return found.read().decode().split()


def _serve(asked: socket.socket) -> str | None:
    """Fork a process for each request.

    Args:
        asked: where requests come from.

    Returns:
        In a forked process the code that it is to run; None in the nursery, at its end.
    """
    while True:
        message, given, _, _ = socket.recv_fds(asked, 10, 4)
        if not message:
            return None
        watcher = os.fork()
        if not watcher:
            asked.close()
            return _watch(*given)
        for each in given:
            os.close(each)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _watch(told: int, request: int, output: int, errors: int) -> str:
    """Fork the process itself, and tell its number and how it ended."""
    pid = os.fork()
    if pid:
        os.write(told, str(pid).encode())
        os.close(output)
        os.close(errors)
        _, status = os.waitpid(pid, 0)
        with suppress(OSError):  # nobody asks any more
            os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(told)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.close(output)
    os.close(errors)
    os.lseek(request, 0, os.SEEK_SET)
    with os.fdopen(request, "rb") as stream:
        asked = json.load(stream)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    tempfile.tempdir = None  # as if nobody had asked before: TMPDIR may be another
    sys.argv = ["-c", *asked["arguments"]]
    code: str = asked["code"]
    return code


if __name__ == "__main__":
    _prepare()
    _code = _serve(socket.socket(fileno=int(sys.argv[1])))
    if _code is not None:
        # at the top of the program, so that it ends as any program does, with what is left to do at exit
        exec(compile(_code, "<string>", "exec"), {"__name__": "__main__"})
