"""The dashboard's server: Waitress, bounded in connections and in time, for this machine's names alone."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from waitress.server import create_server

from crime_pipelines.dashboard.dashboard import Body, Dashboard
from crime_pipelines.errors import InputError

#: Under these names a browser on this machine asks. Any other may be a stranger's, pointed here.
_OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_THREADS: Final = 4
#: More connections wait to be accepted.
_CONNECTIONS: Final = 100
#: A connection on which nothing happens for so long is closed; seconds.
_IDLE: Final = 30
#: Requests have no content; bytes of their headings, and of content that is passed over.
_GREATEST_HEADINGS: Final = 16 << 10
_GREATEST_CONTENT: Final = 1 << 10
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Vary", "Accept-Encoding"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
)
_NOT_FOUND: Final = "there is /, /state, /answers.json and /answers/NAME.json\n"


class Server:
    """A server, listening.

    Attributes:
        address: the URL of the page.
    """

    def __init__(self, dashboard: Dashboard, host: str, port: int, names: Iterable[str] = ()) -> None:
        """Listen.

        Args:
            dashboard: the dashboard.
            host: the address to listen at.
            port: the port; 0 for any.
            names: names by which browsers may ask for it, beside those of this machine.

        Raises:
            InputError: it can't listen there.
        """
        try:
            ((family, _, _, _, where), *_) = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            listening = socket.create_server(where[:2], family=family, backlog=_CONNECTIONS)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"{host}:{port}: can't listen there ({why}); choose another --port") from error
        is_everywhere = _is_unspecified(where[0])
        shown = "localhost" if is_everywhere else f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{listening.getsockname()[1]}/"
        allowed = _OWN_NAMES | {host.lower(), *map(str.lower, names)}
        if is_everywhere:
            allowed |= _names_of_this_machine()
        logging.getLogger("waitress").setLevel(logging.ERROR)  # it warns of every request that waits
        self._server = create_server(
            _application(dashboard, allowed, any_address=is_everywhere),
            sockets=[listening],
            threads=_THREADS,
            connection_limit=_CONNECTIONS,
            channel_timeout=_IDLE,
            cleanup_interval=max(1, _IDLE // 3),
            max_request_header_size=_GREATEST_HEADINGS,
            max_request_body_size=_GREATEST_CONTENT,
            log_socket_errors=False,  # a browser that leaves is no error
            asyncore_use_poll=True,
            ident="crime-pipelines",
        )

    def serve(self) -> None:
        """Serve until an interruption comes."""
        self._server.run()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


def _application(dashboard: Dashboard, allowed: frozenset[str], *, any_address: bool) -> Callable[..., Any]:
    """Make the WSGI application (PEP 3333)."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        def answer(status: HTTPStatus, kind: str, body: Body, *more: tuple[str, str]) -> list[bytes]:
            wants_packed = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
            is_packed = wants_packed and len(body.packed) < len(body.plain)
            content = body.packed if is_packed else body.plain
            headers = [
                ("Content-Type", f"{kind}; charset=utf-8"),
                ("Content-Length", str(len(content))),
                *_HEADERS,
                *more,
                *([("Content-Encoding", "gzip")] if is_packed else []),
            ]
            start_response(f"{status.value} {status.phrase}", headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

        if not _is_allowed(environ.get("HTTP_HOST", ""), allowed, any_address=any_address):
            text = "no such host here; crime-pipelines serve --name NAME allows another name\n"
            return answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", Body.of(text))
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            only = ("Allow", "GET, HEAD")
            return answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", Body.of("GET or HEAD\n"), only)
        path = environ["PATH_INFO"]
        body = dashboard.body(path)
        if body is None:
            return answer(HTTPStatus.NOT_FOUND, "text/plain", Body.of(_NOT_FOUND))
        return answer(HTTPStatus.OK, "text/html" if path == "/" else "application/json", body)

    return application


def _is_allowed(host: str, allowed: frozenset[str], *, any_address: bool) -> bool:
    """Tell whether a browser asks by a name of this machine, and not by one that a stranger has pointed here.

    A number can't be pointed anywhere, so a server that listens everywhere takes any.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in allowed:
        return True
    with suppress(ValueError):
        ipaddress.ip_address(name)
        return any_address
    return False


def _is_unspecified(address: str | int) -> bool:
    return isinstance(address, str) and ipaddress.ip_address(address.partition("%")[0]).is_unspecified


def _names_of_this_machine() -> frozenset[str]:
    short = socket.gethostname().lower()
    return frozenset({short, f"{short}.local", socket.getfqdn().lower()})
