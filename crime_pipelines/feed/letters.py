"""Dead letters: looked at, and published again once what was wrong with them, or with us, is put right."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crime_pipelines.clients import retry_of, warehouse_client
from crime_pipelines.domain.messages import BadMessage, read_message
from crime_pipelines.errors import PipelineError
from crime_pipelines.feed.publishing import publish_all
from crime_pipelines.settings import Settings
from crime_pipelines.warehouse.tables import DEAD_LETTERS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter.

    Attributes:
        reason: why the pipeline could not make an incident of it.
        error: the same in words.
        payload: the message.
        received_at: when it was published, UTC.
    """

    reason: str
    error: str
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of publishing dead letters again.

    Attributes:
        published: letters that read as incidents now.
        still_dead: letters that don't, and were left where they are.
    """

    published: int
    still_dead: int


def letters(settings: Settings, reason: str | None = None, limit: int | None = None) -> list[Letter]:
    """The dead letters in the warehouse, each once, the latest first.

    Args:
        settings: the settings.
        reason: those of one reason only.
        limit: so many at most.

    Returns:
        The letters.

    Raises:
        PipelineError: BigQuery refuses.
    """
    with closing(warehouse_client(settings)) as client:
        return list(_letters(client, settings, reason, limit))


def replay(settings: Settings, reason: str | None = None) -> Replayed:
    """Publish those dead letters again that read as incidents now. Doing it again changes nothing.

    Args:
        settings: the settings.
        reason: those of one reason only.

    Returns:
        What came of it.

    Raises:
        PipelineError: BigQuery or Pub/Sub refuses.
    """
    found = letters(settings, reason)
    good = [
        each.payload
        for each in found
        if not isinstance(read_message(each.payload, settings.shift_years), BadMessage)
    ]
    published = publish_all(settings, settings.feed_topic, good)
    return Replayed(published, len(found) - published)


def _letters(client: Client, settings: Settings, reason: str | None, limit: int | None) -> Iterator[Letter]:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

    table = f"`{settings.project}`.`{settings.dataset}`.`{DEAD_LETTERS.name}`"
    query = (
        f"SELECT reason, error, payload, encoding, MAX(received_at) AS received_at FROM {table} "
        f"WHERE @reason = '' OR reason = @reason "
        f"GROUP BY reason, error, payload, encoding ORDER BY received_at DESC, payload"
    )
    config = QueryJobConfig(query_parameters=[ScalarQueryParameter("reason", "STRING", reason or "")])
    try:
        rows = client.query(
            query + (f" LIMIT {limit}" if limit is not None else ""),
            job_config=config,
            retry=retry_of(settings),
        ).result(retry=retry_of(settings))
        for row in rows:
            yield Letter(row["reason"], row["error"], _payload(row), row["received_at"])
    except GoogleAPICallError as error:
        raise PipelineError(f"BigQuery: {error.message}") from error


def _payload(row: Any) -> bytes:
    text: str = row["payload"]
    return base64.b64decode(text) if row["encoding"] == "base64" else text.encode()
