"""New rows of the City's open-data API, published as messages.

Rows are asked for in the order of their publication, page by page, each page from where the one before ended.
How far one has come (the watermark) is kept after a page's messages have been published: a poll that is
killed repeats a page at most, and repeats change nothing. A page must bring the watermark forward.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from crime_pipelines.cloud.feed.api import Api, RepeatedKey, Row, UnreadableError
from crime_pipelines.cloud.feed.progress import Progress, literal
from crime_pipelines.cloud.feed.publishing import MOST_BYTES, publish_all
from crime_pipelines.cloud.feed.resource import resource_of, system_columns
from crime_pipelines.cloud.feed.watermark import Watermark, read_state, write_state
from crime_pipelines.cloud.layouts import deployed_layout
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import InputError

PAGE_ROWS: Final = 5_000
_UPDATED, _ROW = ":updated_at", ":id"
_LATER: Final = "dated later than now"
_UNDATED: Final = "without a time of update"
#: The beginning of a row, in a dead letter.
_EXCERPT: Final = 2_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Polled:
    """The outcome of a poll.

    Attributes:
        messages: messages published.
        pages: pages published.
        watermark: how far the API has been read now; None if there was nothing, ever.
        dead: rows that no message can hold, which went to the dead letters.
        passed_over: rows without a time of update, or with one later than now, by which.
    """

    messages: int
    pages: int
    watermark: Watermark | None
    dead: int = 0
    passed_over: dict[str, int] = field(default_factory=dict)


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
        InputError: the state is not one of ours, the layout can't be read, or the API refuses the call or
            does not answer it.
        PipelineError: the API or Pub/Sub does not answer for now.
    """
    layout = deployed_layout(settings)
    resource, system = resource_of(settings, layout, url), system_columns(layout)
    watermark = read_state(state) or _beginning(since)
    messages = pages = dead = 0
    passed_over: Counter[str] = Counter()
    with Api(resource, settings.retry_seconds) as api:
        for page in _Reader(api, page_rows).pages(watermark):
            passed_over.update(page.passed_over)
            if page.position is not None:
                payloads, letters = _sorted_out(page, system)
                messages += publish_all(settings, settings.feed_topic, payloads, layout.department)
                dead += publish_all(settings, settings.dead_letters_topic, letters) if letters else 0
                watermark = page.position
                write_state(state, watermark)
            pages += 1
            if pages == most_pages:
                break
    if passed_over or dead:
        _log.warning("rows were left out", extra={"dead": dead, "passed_over": dict(passed_over)})
    return Polled(messages, pages, watermark, dead, dict(passed_over))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of rows.

    Attributes:
        rows: those that have a position.
        position: that of the last of them; None where there is none.
        passed_over: the others, by why.
        unreadable: in place of rows, why the one row of this page can't be read.
    """

    rows: Sequence[Row]
    position: Watermark | None
    passed_over: Counter[str]
    unreadable: str = ""


class _Reader:
    """Reads pages, and makes sure that each leads on."""

    def __init__(self, api: Api, page_rows: int) -> None:
        self._api, self._page_rows = api, page_rows

    def pages(self, start: Watermark | None) -> Iterator[_Page]:
        """Yield the pages after a position."""
        progress = Progress(start)
        position, size = start, self._page_rows
        while True:
            try:
                rows = self._rows("*", position, size)
                page = self._page(rows, position)
            except UnreadableError as error:
                if size > 1:
                    size //= 2
                    continue
                # One row is too large to be read: its position is all that is needed to go on.
                rows = self._rows(f"{_UPDATED},{_ROW}", position, 1)
                page = self._page(rows, position, str(error))
            if page.position is None and len(rows) == size and not page.passed_over[_LATER]:
                raise InputError(
                    f"{self._api.url}: none of {len(rows):,} rows has a valid {_UPDATED}; give --since"
                )
            if page.position is not None and not progress.comes_to(page.position):
                raise self._standstill()
            yield page
            if len(rows) < size or page.passed_over[_LATER]:
                return
            # A large row lies behind by now, unless pages of one row are what was asked for.
            position = page.position or position
            size = min(2 * size, self._page_rows)

    def _rows(self, what: str, after: Watermark | None, size: int) -> list[Row]:
        select = f":*,{what}" if what == "*" else what
        query = {"$select": select, "$order": f"{_UPDATED},{_ROW}", "$limit": str(size)}
        if after is not None:
            moment, row = literal(after.updated_at), literal(after.row)
            query["$where"] = f"{_UPDATED} > {moment} OR ({_UPDATED} = {moment} AND {_ROW} > {row})"
        rows = self._api.rows(query, size)
        if not all(_UPDATED in row and _ROW in row for row in rows):
            raise InputError(f"{self._api.url}: does not answer with rows of {_UPDATED} and {_ROW}")
        return rows

    def _page(self, rows: list[Row], after: Watermark | None, unreadable: str = "") -> _Page:
        placed: list[tuple[Watermark, Row]] = []
        passed_over: Counter[str] = Counter()
        for row in rows:
            try:
                position = Watermark(row[_UPDATED], row[_ROW])
            except ValueError:
                passed_over[_UNDATED] += 1
                continue
            if position.is_due:
                placed.append((position, row))
            else:
                passed_over[_LATER] += 1
        moments = [*([after.moment] if after else []), *(position.moment for position, _ in placed)]
        if any(later < earlier for earlier, later in pairwise(moments)):
            raise self._standstill()
        last = placed[-1][0] if placed else None
        return _Page([row for _, row in placed], last, passed_over, unreadable)

    def _standstill(self) -> InputError:
        return InputError(
            f"{self._api.url}: answers with rows that were read before, or out of order; "
            "it must heed $where and $order"
        )


def _beginning(since: str | None) -> Watermark | None:
    if since is None:
        return None
    try:
        return Watermark(since)
    except ValueError as error:
        raise InputError(f"--since: {error}") from error


def _sorted_out(page: _Page, system: frozenset[str]) -> tuple[list[bytes], list[bytes]]:
    """Return a page's messages, and the dead letters of rows that no message can hold."""
    payloads, letters = [], []
    for row in page.rows:
        fields = {name: value for name, value in row.items() if name in system or name[:1] != ":"}
        problem = page.unreadable or ("a key stands twice" if _has_repeated_key(row) else "")
        try:
            payload = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        except ValueError as error:  # no number, or no Unicode text
            problem, payload = problem or str(error), b""
        if len(payload) > MOST_BYTES:
            problem = f"{len(payload):,} bytes; Pub/Sub takes {MOST_BYTES:,}"
        if problem:
            letters.append(_letter(row, fields, problem))
        else:
            payloads.append(payload)
    return payloads, letters


def _letter(row: Row, fields: Row, problem: str) -> bytes:
    letter = {
        "error": f"the row can't be sent: {problem[:200]}",
        "row": row[_ROW],
        "updated_at": row[_UPDATED],
        "excerpt": json.dumps(fields)[:_EXCERPT],
    }
    return json.dumps(letter).encode()


def _has_repeated_key(value: object) -> bool:
    if isinstance(value, RepeatedKey):
        return True
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_repeated_key(part) for part in parts)
