"""A resource of the City's open-data API (Socrata) over HTTP: replies are bounded, and so are waits.

Nothing that a server answers is trusted: the app token goes to the configured host alone, over https alone;
a reply is unpacked no further than its limit; a passing fault is repeated, anything else is not.
"""

from __future__ import annotations

import email.utils
import itertools
import json
import logging
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias
from urllib.parse import urljoin, urlsplit

from crime_pipelines.errors import InputError, PipelineError

if TYPE_CHECKING:
    from types import TracebackType

    from requests import Response

#: The variable that holds the app token; without one, the API answers fewer calls an hour.
TOKEN_VARIABLE: Final = "SOCRATA_APP_TOKEN"  # noqa: S105 - the variable's name
#: A reply may have so many bytes, unpacked: a single row over Pub/Sub's limit still fits, to be told apart.
_REPLY_BYTES: Final = 1 << 24
_ROW_BYTES: Final = 1 << 11
_CHUNK: Final = 1 << 16
#: Seconds to connect, between two packets, and for a whole reply.
_CONNECT_SECONDS, _PACKET_SECONDS, _REPLY_SECONDS = 10, 60, 300
_ATTEMPTS: Final = 7
_LONGEST_PAUSE: Final = 60
_REDIRECTS: Final = 5
_MOVED: Final = (301, 302, 303, 307, 308)
#: Accepted but not ready, too slow, too early, too many; and every 5xx.
_PASSING: Final = (202, 408, 425, 429)
_SHOWN: Final = 200
_HERE: Final = ("127.0.0.1", "localhost", "::1")

Row: TypeAlias = dict[str, Any]
_log = logging.getLogger(__name__)


class UnreadableError(InputError):
    """A reply that is too large or too deeply nested to be read; fewer rows at a time may be."""


class RepeatedKey(dict[str, Any]):
    """A JSON object in which a key stands twice: which value is meant can't be known."""


class _PassingError(Exception):
    """A fault that may be gone at the next attempt.

    Attributes:
        pause: seconds after which the server asks to be called again; None where it does not say.
    """

    def __init__(self, what: str, pause: float | None = None) -> None:
        super().__init__(what)
        self.pause = pause


class Api:
    """A resource of the API, to be entered with ``with``."""

    def __init__(self, url: str, patience: float) -> None:
        """Take the app token from `TOKEN_VARIABLE`.

        Args:
            url: the resource, ending in .json; https, or http on this machine.
            patience: seconds to wait at most, all waits of a request together.

        Raises:
            InputError: the address is neither.
        """
        import requests

        parts = urlsplit(url)
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
        ):
            raise InputError(f"{printable(url)}: name the resource by https://")
        self.url, self._patience = url, patience
        self._session = requests.Session()
        # The packings that `_unpacked` can bound.
        self._session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip, deflate"})
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if token and parts.scheme == "https":
            self._session.headers["X-App-Token"] = token

    def __enter__(self) -> Self:
        """Open it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self._session.close()

    def rows(self, query: Mapping[str, str], most: int) -> list[Row]:
        """Ask for rows; repeat what fails for a passing reason.

        Args:
            query: the parameters of the request.
            most: rows that the query asks for at most.

        Returns:
            The rows. Bytes that are not UTF-8 become lone surrogates, and an object with a repeated key a
            `RepeatedKey`, so that the row that has them can be told from its neighbours.

        Raises:
            UnreadableError: the reply is too large, or nested too deeply.
            InputError: the API refuses the call, redirects to another host, or answers with something else.
            PipelineError: the API does not answer, or asks to wait longer than there is patience for.
        """
        waited = 0.0
        for attempt in itertools.count(1):
            try:
                found = self._ask(query, _REPLY_BYTES + _ROW_BYTES * most)
            except _PassingError as fault:
                pause = min(2.0 ** (attempt - 1), _LONGEST_PAUSE) if fault.pause is None else fault.pause
                if attempt == _ATTEMPTS or waited + pause > self._patience:
                    asks = f", and asks to wait {fault.pause:,.0f} s" if fault.pause else ""
                    raise PipelineError(
                        f"{self.url}: {fault} (attempt {attempt}){asks}; try again later: "
                        "a poll goes on from where the last one ended"
                    ) from fault
                _log.warning("%s: %s; waiting %.0f s", self.url, fault, pause)
                time.sleep(pause)
                waited += pause
                continue
            if len(found) > most:
                raise InputError(
                    f"{self.url}: answers with {len(found):,} rows where {most:,} were asked for"
                )
            return found
        raise AssertionError("the attempts end")

    def _ask(self, query: Mapping[str, str], most_bytes: int) -> list[Row]:
        import requests
        import urllib3

        try:
            with self._open(query) as response:
                self._refuse(response)
                return self._parsed(b"".join(_unpacked(response, most_bytes, self.url)))
        except requests.exceptions.SSLError as error:
            raise PipelineError(f"{self.url}: is not who it says ({printable(error)})") from error
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            urllib3.exceptions.HTTPError,
        ) as error:
            raise _PassingError(printable(error)) from error
        except (requests.exceptions.RequestException, UnicodeError) as error:
            raise InputError(f"{self.url}: {printable(error)}") from error

    def _open(self, query: Mapping[str, str]) -> Response:
        """Send the request; a redirect is followed within the host alone, which was given the token."""
        url, parameters = self.url, dict(query)
        for _ in range(_REDIRECTS):
            response = self._session.get(
                url,
                params=parameters,
                timeout=(_CONNECT_SECONDS, _PACKET_SECONDS),
                stream=True,
                allow_redirects=False,
            )
            if response.status_code not in _MOVED:
                return response
            response.close()
            url, parameters = urljoin(url, response.headers.get("Location", "")), {}
            if urlsplit(url)[:2] != urlsplit(self.url)[:2]:
                raise InputError(
                    f"{self.url}: redirects to {printable(url)}; name that as the resource if it is right"
                )
        raise InputError(f"{self.url}: redirects without an end")

    def _refuse(self, response: Response) -> None:
        """Raise where the response does not hold rows."""
        status = response.status_code
        if status == 200:
            return
        # A reason can be anything as well.
        said = printable(f"{status} {response.reason}: {_beginning(response)}").rstrip(": ")
        if status in _PASSING or status >= 500:
            raise _PassingError(said, _pause_asked_for(response.headers.get("Retry-After", "")))
        raise InputError(f"{self.url}: {said}")

    def _parsed(self, body: bytes) -> list[Row]:
        try:
            found = json.loads(
                body.decode("utf-8-sig", "surrogateescape"),
                object_pairs_hook=_object,
                parse_int=_whole_number,
            )
        except RecursionError as error:
            raise UnreadableError(f"{self.url}: answers with JSON that is nested too deeply") from error
        except ValueError as error:
            if not body.strip() or body.lstrip()[:1] == b"[":
                raise _PassingError(f"JSON that was cut off ({printable(error)})") from error
            shown = printable(body[:_SHOWN].decode(errors="replace"))
            raise InputError(f"{self.url}: answers with something else than JSON: {shown}") from error
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise InputError(f"{self.url}: does not answer with rows")
        return found


def printable(what: object) -> str:
    """Return the beginning of a text that someone else wrote, on one line and without control characters.

    >>> printable("no\\x1b[2J such\\r\\ncolumn")
    'no [2J such column'
    """
    text = str(what)[:_SHOWN]
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _unpacked(response: Response, most: int, url: str) -> Iterator[bytes]:
    """Read a response's body as it comes, unpacked no further than the limit."""
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise InputError(f"{url}: answers in the packing {printable(packing)}, which was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if packing not in ("", "identity") else None
    end, size = time.monotonic() + _REPLY_SECONDS, 0
    while piece := response.raw.read1(_CHUNK, decode_content=False):
        if unpacker:
            try:
                piece = unpacker.decompress(piece, most - size + 1)
            except zlib.error as error:
                raise _PassingError(f"a reply that can't be unpacked ({error})") from error
        size += len(piece)
        if size > most:
            raise UnreadableError(
                f"{url}: answers with more than {most:,} bytes; ask for fewer rows at a time"
            )
        if time.monotonic() > end:
            raise _PassingError(f"a reply that takes longer than {_REPLY_SECONDS} s")
        yield piece
    if unpacker and not unpacker.eof:
        raise _PassingError("a reply that was cut off")


def _beginning(response: Response) -> str:
    """Return the beginning of a refusal's body, to be shown."""
    import urllib3

    found = bytearray()
    try:
        for piece in _unpacked(response, _CHUNK, ""):
            found += piece
            if len(found) >= _SHOWN:
                break
    except (InputError, _PassingError, urllib3.exceptions.HTTPError):
        pass  # what came before will do
    return bytes(found[:_SHOWN]).decode(errors="replace")


def _pause_asked_for(text: str) -> float | None:
    """Return the seconds of a Retry-After header: a number, or a date."""
    if text.strip().isdecimal():
        return float(text[:20])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _object(pairs: list[tuple[str, Any]]) -> Row:
    found = dict(pairs)
    return found if len(found) == len(pairs) else RepeatedKey(found)


def _whole_number(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text  # of more digits than Python reads; no id is that long, which the reader will say
