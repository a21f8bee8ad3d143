"""The City's open-data API (Socrata), asked for what is new since the last time.

Rows are asked for in the order of their publication, page by page, each page from where the one before ended.
How far one has come (the watermark) is kept after a page's messages have been published: a poll that is
killed repeats a page at most, and repeats change nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import fsspec

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.feed.publishing import publish_all
from crime_pipelines.settings import Settings
from crime_pipelines.sources import storage_options

if TYPE_CHECKING:
    from requests import Session

#: The variable that holds the app token; without one, the API answers fewer calls an hour.
TOKEN_VARIABLE: Final = "SOCRATA_APP_TOKEN"  # noqa: S105 - the variable's name
PAGE_ROWS: Final = 5_000
_SECONDS: Final = 60
_RETRIES: Final = 6
_BUSY: Final = (429, 500, 502, 503, 504)
_UPDATED, _ROW = ":updated_at", ":id"

_Rows: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far the API has been read.

    Attributes:
        updated_at: when the last row that was read was published, as the API writes it.
        row: that row's own id in the API.
    """

    updated_at: str
    row: str = ""


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought.

    Attributes:
        messages: messages published.
        pages: pages asked for.
        watermark: how far the API has been read now; None if there was nothing, ever.
    """

    messages: int
    pages: int
    watermark: Watermark | None


def poll(
    settings: Settings,
    state: str,
    *,
    url: str | None = None,
    since: str | None = None,
    page_rows: int = PAGE_ROWS,
    most_pages: int | None = None,
) -> Polled:
    """Publish what is new to the feed's topic.

    Args:
        settings: the settings.
        state: the file that holds the watermark, local or a URI; made where there is none.
        url: the resource, ending in .json; the settings' unless given.
        since: where there is no watermark yet, the publication time to begin after, ISO 8601.
        page_rows: rows a page.
        most_pages: pages after which to stop, to go on another time.

    Returns:
        What came of it.

    Raises:
        InputError: the state is not one of ours, or the API refuses the call.
        PipelineError: the API or Pub/Sub does not answer.
    """
    watermark = read_state(state) or (Watermark(since) if since else None)
    messages = pages = 0
    with session() as client:
        for rows in _pages(client, url or settings.feed_url, watermark, page_rows):
            if rows:
                payloads = [_message(row) for row in rows]
                messages += publish_all(settings, settings.feed_topic, payloads)
                watermark = Watermark(rows[-1][_UPDATED], rows[-1][_ROW])
                write_state(state, watermark)
            pages += 1
            if pages == most_pages:
                break
    return Polled(messages, pages, watermark)


def session() -> Session:
    """An HTTP session that waits as long as the API asks for, and carries the app token.

    Returns:
        The session, to be entered with ``with``.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    made = requests.Session()
    retry = Retry(total=_RETRIES, backoff_factor=1, status_forcelist=_BUSY, respect_retry_after_header=True)
    for scheme in ("https://", "http://"):
        made.mount(scheme, HTTPAdapter(max_retries=retry))
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token:
        made.headers["X-App-Token"] = token
    return made


def read_state(state: str) -> Watermark | None:
    """The watermark that a file holds.

    Args:
        state: the file, local or a URI.

    Returns:
        The watermark, or None where there is no such file.

    Raises:
        InputError: it holds something else.
    """
    try:
        with fsspec.open(state, "rb", **storage_options(state)) as file:
            return Watermark(**json.loads(file.read()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise InputError(f"{state}: is no state of a feed ({error})") from error


def write_state(state: str, watermark: Watermark) -> None:
    """Keep a watermark.

    Args:
        state: the file, local or a URI.
        watermark: the watermark.

    Raises:
        OSError: it can't be written.
    """
    system, path = fsspec.core.url_to_fs(state, **storage_options(state))
    content = json.dumps(asdict(watermark)).encode()
    if isinstance(system, fsspec.get_filesystem_class("file")):
        # Objects in a bucket change at once; a file does by being renamed.
        system.pipe_file(f"{path}.new", content)
        os.replace(f"{path}.new", path)  # noqa: PTH105 - fsspec's paths are texts
    else:
        system.pipe_file(path, content)


def _pages(client: Session, url: str, watermark: Watermark | None, size: int) -> Iterator[_Rows]:
    while True:
        rows = _page(client, url, watermark, size)
        yield rows
        if len(rows) < size:
            return
        watermark = Watermark(rows[-1][_UPDATED], rows[-1][_ROW])


def _page(client: Session, url: str, watermark: Watermark | None, size: int) -> _Rows:
    import requests

    query = {"$select": ":*,*", "$order": f"{_UPDATED},{_ROW}", "$limit": str(size)}
    if watermark is not None:
        moment, row = _literal(watermark.updated_at), _literal(watermark.row)
        query["$where"] = f"{_UPDATED} > {moment} OR ({_UPDATED} = {moment} AND {_ROW} > {row})"
    try:
        answer = client.get(url, params=query, timeout=_SECONDS)
        if not answer.ok:
            raise InputError(f"{url}: {answer.status_code} {answer.reason}: {answer.text[:200]}")
        rows = answer.json()
    except requests.exceptions.JSONDecodeError as error:
        raise InputError(f"{url}: answers with something else than JSON") from error
    except requests.exceptions.RequestException as error:
        raise PipelineError(f"{url}: {' '.join(str(error).split())}") from error
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise InputError(f"{url}: does not answer with rows of {_UPDATED} and {_ROW}")
    return rows


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and _UPDATED in row and _ROW in row


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _message(row: dict[str, Any]) -> bytes:
    fields = {name: value for name, value in row.items() if not name.startswith(":")}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
