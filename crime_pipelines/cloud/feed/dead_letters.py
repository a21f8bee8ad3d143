"""Dead letters: looked at, and published again once what was wrong with them, or with us, is put right."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crime_pipelines.cloud.clients import retry_of, warehouse_client
from crime_pipelines.cloud.feed.publishing import publish_all
from crime_pipelines.cloud.layouts import deployed_layout
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.domain.messages import OTHER_DEPARTMENT, BadMessage, read_message
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.warehouse import DEAD_LETTERS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter.

    Attributes:
        reason: why the pipeline could not make an incident of it.
        error: the same in words.
        payload: the message, or its beginning.
        received_at: when it was published, UTC.
        size: bytes of the whole message.
        sha256: the whole message's digest, hexadecimal.
    """

    reason: str
    error: str
    payload: bytes
    received_at: datetime
    size: int
    sha256: str

    @property
    def is_whole(self) -> bool:
        """Tell whether the payload is all of the message."""
        return len(self.payload) == self.size


@dataclass(frozen=True, slots=True)
class Replayed:
    """The outcome of publishing dead letters again.

    Attributes:
        published: letters that read as incidents now.
        still_dead: letters that don't, and were left where they are.
        in_part: letters of which the table holds the beginning alone; the topic has the whole.
    """

    published: int
    still_dead: int
    in_part: int = 0


def letters(settings: Settings, reason: str | None = None, limit: int | None = None) -> list[Letter]:
    """Return the dead letters in the warehouse, each once, the latest first.

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
        InputError: the layout can't be read.
        PipelineError: BigQuery or Pub/Sub refuses.
    """
    layout = deployed_layout(settings)
    found = letters(settings, reason)
    now = datetime.now(UTC)
    whole = [each for each in found if each.is_whole]
    good = [
        each.payload
        for each in whole
        if each.reason != OTHER_DEPARTMENT
        and not isinstance(read_message(each.payload, settings.shift_years, layout, now), BadMessage)
    ]
    published = publish_all(settings, settings.feed_topic, good, layout.department)
    return Replayed(published, len(whole) - published, len(found) - len(whole))


def _letters(client: Client, settings: Settings, reason: str | None, limit: int | None) -> Iterator[Letter]:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

    table = f"`{settings.project}`.`{settings.dataset}`.`{DEAD_LETTERS.name}`"
    query = (
        f"SELECT reason, error, payload, encoding, bytes, sha256, MAX(received_at) AS received_at "
        f"FROM {table} WHERE @reason = '' OR reason = @reason "
        f"GROUP BY reason, error, payload, encoding, bytes, sha256 ORDER BY received_at DESC, payload"
    )
    config = QueryJobConfig(query_parameters=[ScalarQueryParameter("reason", "STRING", reason or "")])
    try:
        rows = client.query(
            query + (f" LIMIT {limit}" if limit is not None else ""),
            job_config=config,
            retry=retry_of(settings),
        ).result(retry=retry_of(settings))
        for row in rows:
            yield Letter(
                row["reason"], row["error"], _payload(row), row["received_at"], row["bytes"], row["sha256"]
            )
    except GoogleAPICallError as error:
        raise PipelineError(f"BigQuery: {error.message}") from error


def _payload(row: Any) -> bytes:
    text: str = row["payload"]
    return base64.b64decode(text) if row["encoding"] == "base64" else text.encode()
