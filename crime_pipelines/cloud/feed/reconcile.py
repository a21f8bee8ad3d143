"""Withdrawn incidents: ids of the warehouse that the API lacks, and the tombstones that delete them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from crime_pipelines.cloud.clients import retry_of, warehouse_client
from crime_pipelines.cloud.feed.api import Api
from crime_pipelines.cloud.feed.progress import Progress, literal
from crime_pipelines.cloud.feed.publishing import publish_all
from crime_pipelines.cloud.feed.resource import id_column, resource_of
from crime_pipelines.cloud.layouts import deployed_layout
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.views import LIVE_INCIDENTS
from crime_pipelines.domain.dates import shift
from crime_pipelines.domain.values import identifier
from crime_pipelines.errors import InputError, PipelineError

if TYPE_CHECKING:
    from google.cloud.bigquery import Client
    from numpy.typing import NDArray

PAGE_ROWS: Final = 50_000
#: Withdrawn incidents that are believed without being asked: the City withdraws a few a week.
MOST_WITHDRAWN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The outcome of a reconciliation.

    Attributes:
        known: incidents in the warehouse.
        published: rows of the API whose id can be read; others are no incidents.
        withdrawn: ids of the warehouse that the API has no longer.
    """

    known: int
    published: int
    withdrawn: list[int]


def reconcile(
    settings: Settings,
    *,
    url: str | None = None,
    most: int = MOST_WITHDRAWN,
    page_rows: int = PAGE_ROWS,
    dry_run: bool = False,
) -> Reconciled:
    """Publish a tombstone for each incident of the warehouse that the API has no longer.

    The warehouse is read first, so that an incident published meanwhile is none that it lacks; and the API is
    asked for each missing id once more, as a row that is replaced meanwhile may stand behind the cursor.

    Args:
        settings: the settings; the shift must be that of the stream.
        url: the resource, ending in .json; the settings' unless given.
        most: withdrawn incidents at most; more of them are taken for a mistake.
        page_rows: rows a page.
        dry_run: publish nothing.

    Returns:
        What came of it.

    Raises:
        InputError: more is missing than may be, the layout can't be read, or the API refuses the call or
            does not answer it.
        PipelineError: BigQuery, the API or Pub/Sub does not answer.
    """
    layout = deployed_layout(settings)
    resource, column = resource_of(settings, layout, url), id_column(layout)
    with closing(warehouse_client(settings)) as warehouse:
        known = _known(warehouse, settings)
        with Api(resource, settings.retry_seconds) as api:
            there, published = np.zeros(len(known), dtype=bool), 0
            for ids in _pages(api, column, page_rows):
                published += len(ids)
                there |= np.isin(known, ids)
            missing = known[~there].tolist()
            if len(missing) > most:
                raise InputError(
                    f"{api.url}: lacks {len(missing):,} of {len(known):,} incidents of the warehouse, "
                    f"more than {most:,}; nothing was withdrawn. Is it where they come from? "
                    "If so, raise --most"
                )
            withdrawn = [number for number in missing if not _has(api, column, number)]
        if withdrawn and not dry_run:
            tombstones = _tombstones(warehouse, settings, withdrawn)
            publish_all(settings, settings.feed_topic, tombstones, layout.department)
    return Reconciled(len(known), published, withdrawn)


def _known(client: Client, settings: Settings) -> NDArray[np.int64]:
    """Return the ids of the current incidents; eight bytes each, as there are millions."""
    from google.api_core.exceptions import GoogleAPICallError

    try:
        found = client.query(f"SELECT id FROM {_incidents(settings)}", retry=retry_of(settings))
        rows = found.result(retry=retry_of(settings))
        return np.sort(np.fromiter((row[0] for row in rows), dtype=np.int64))
    except GoogleAPICallError as error:
        raise PipelineError(f"BigQuery: {error.message}") from error


def _pages(api: Api, column: str, size: int) -> Iterator[NDArray[np.int64]]:
    after, progress = "", Progress("")
    while True:
        query = {"$select": f":id,{column}", "$order": ":id", "$limit": str(size)}
        if after:
            query["$where"] = f":id > {literal(after)}"
        rows = api.rows(query, size)
        if not all(isinstance(row.get(":id"), str) for row in rows):
            raise InputError(f"{api.url}: does not answer with rows of :id")
        ids = (identifier(str(row.get(column, "")).strip()) for row in rows)
        yield np.array([number for number in ids if number is not None], dtype=np.int64)
        if len(rows) < size:
            return
        after = rows[-1][":id"]
        if not progress.comes_to(after):
            raise InputError(f"{api.url}: answers with rows that were read before; it must heed $where")


def _has(api: Api, column: str, number: int) -> bool:
    # A simple filter takes the id as the column's type has it, text or number.
    return bool(api.rows({"$select": column, column: str(number), "$limit": "1"}, 1))


def _tombstones(client: Client, settings: Settings, ids: list[int]) -> list[bytes]:
    """Return the messages. Each has the time of the version that it deletes: of two of a time, it wins."""
    from google.api_core.exceptions import GoogleAPICallError

    sql = f"SELECT id, updated_on FROM {_incidents(settings)} WHERE id IN ({', '.join(map(str, ids))})"
    try:
        rows = list(client.query(sql, retry=retry_of(settings)).result(retry=retry_of(settings)))
    except GoogleAPICallError as error:
        raise PipelineError(f"BigQuery: {error.message}") from error
    return [_tombstone(number, updated_on, settings.shift_years) for number, updated_on in rows]


def _tombstone(number: int, updated_on: datetime | None, shift_years: int) -> bytes:
    # The reader of the message shifts its dates; a version without a time comes before any that has one.
    moment = shift(updated_on, -shift_years) if updated_on else datetime.now(UTC).replace(tzinfo=None)
    if updated_on and shift(moment, shift_years) < updated_on:
        moment += timedelta(days=1)  # 29 February, by another shift: the stream would make it the 28th
    return json.dumps({"id": str(number), "updated_on": moment.isoformat(), "deleted": True}).encode()


def _incidents(settings: Settings) -> str:
    return f"`{settings.project}`.`{settings.dataset}`.`{LIVE_INCIDENTS}`"
