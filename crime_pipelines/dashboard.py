"""A small dashboard on this machine: the report, served, and made anew when what it shows has changed."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.finished import read_output
from crime_pipelines.record import FILE
from crime_pipelines.report.page import Extras, page_text

#: Under these names a browser on this machine asks. Any other may be a stranger's, pointed here.
_OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_log = logging.getLogger(__name__)


class Source(Protocol):
    """What a dashboard shows."""

    def version(self) -> str:
        """What changes whenever there is something new to show.

        Raises:
            PipelineError: it can't be told.
        """
        ...

    def page(self, version: str) -> str:
        """The report.

        Args:
            version: its version.

        Returns:
            The page.

        Raises:
            PipelineError: it can't be made.
        """
        ...


class OutputFolder:
    """A run's output: a new run into the same folder shows by itself."""

    def __init__(self, folder: Path, shapes: Mapping[int, Any] | None = None) -> None:
        """Name the folder.

        Args:
            folder: a run's output.
            shapes: the areas' true outlines, if any.
        """
        self._folder = folder
        self._shapes = shapes

    def version(self) -> str:
        """Which run's output it is; see `Source`."""
        try:
            found = (self._folder / FILE).stat()
        except OSError as error:
            raise InputError(f"{self._folder}: is not a run's output (it has no {FILE})") from error
        return f"{found.st_ino}-{found.st_mtime_ns}"

    def page(self, version: str) -> str:
        """The report; see `Source`."""
        output = read_output(self._folder)
        return page_text(output.record, output.answers, Extras(output.beside, self._shapes, version))


class Dashboard:
    """A report that is kept up to date."""

    def __init__(self, source: Source) -> None:
        """Make the report.

        Args:
            source: what it shows.

        Raises:
            PipelineError: it can't be made.
        """
        self._source = source
        self._lock = threading.Lock()
        self._version = source.version()
        self._page = source.page(self._version)
        self._problem = ""

    def refresh(self) -> None:
        """Make the report anew where there is something new; if that fails, the last one stands."""
        with self._lock:
            try:
                version = self._source.version()
                if version != self._version:
                    self._page = self._source.page(version)
                    self._version = version
                    _log.info("report made anew", extra={"version": version})
                self._problem = ""
            except (PipelineError, OSError) as error:
                self._problem = " ".join(str(error).split())

    def page(self) -> str:
        """The report as it is now."""
        self.refresh()
        return self._page

    def state(self) -> dict[str, str]:
        """Its version, and why it may be out of date, if so."""
        self.refresh()
        return {"version": self._version, "problem": self._problem}


def server(dashboard: Dashboard, host: str, port: int) -> ThreadingHTTPServer:
    """A server of a dashboard, bound to its port.

    Args:
        dashboard: the dashboard.
        host: the address to listen at.
        port: the port; 0 for any.

    Returns:
        The server; `serve_forever` starts it.

    Raises:
        InputError: it can't listen there.
    """

    class Handler(BaseHTTPRequestHandler):
        server_version = "crime-pipelines"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def _answer(self) -> None:
            name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
            if name not in _OWN_NAMES | {host}:
                self._send(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", "no such host here")
                return
            match urlsplit(self.path).path:
                case "/":
                    self._send(HTTPStatus.OK, "text/html", dashboard.page())
                case "/state":
                    self._send(HTTPStatus.OK, "application/json", json.dumps(dashboard.state()))
                case _:
                    self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is / and /state")

        def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("X-Frame-Options", "DENY")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            _log.debug(format, *arguments)

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise InputError(f"{host}:{port}: can't listen there ({error.strerror})") from error
