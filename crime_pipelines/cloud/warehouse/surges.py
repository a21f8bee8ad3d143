"""Surges in the warehouse's incidents, published once each to the topic of surges."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.clients import storage_client, subscriber, warehouse_client
from crime_pipelines.cloud.feed.publishing import publish_all
from crime_pipelines.cloud.settings import Settings, kept_subscription
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.views import INCIDENTS, LIVE_INCIDENTS, table_names
from crime_pipelines.errors import InputError
from crime_pipelines.questions import Answer
from crime_pipelines.questions.model import as_json
from crime_pipelines.questions.render import render
from crime_pipelines.questions.surges.question import QUESTION as SURGES

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

#: The lake's object that names the surges that were published.
PUBLISHED: Final = "surges/published.json"
#: Surges of so many days before the end of the data are published: what turns up later comes of late data.
_NEWS_DAYS: Final = 7
#: Days before the end of the data whose published surges stay noted. Where incidents are deleted, the data
#: may end earlier than before, and days that were too old to be published are recent again.
_NOTED_DAYS: Final = 366
#: Messages of one call of Pub/Sub's, and seconds in which an empty subscription is waited for.
_PULLED: Final = 100
_PULL_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Watch:
    """The surges that a look has found.

    Attributes:
        found: the surges of the last weeks, as the question `surges` has them.
        last_day: the last day of the data; None without incidents.
    """

    found: Answer
    last_day: date | None


def look(client: Client, settings: Settings) -> Watch:
    """Look for surges in all incidents, those of the stream among them.

    Args:
        client: BigQuery.
        settings: the settings.

    Returns:
        What is found.

    Raises:
        PipelineError: BigQuery refuses.
    """
    live = f"`{settings.project}`.`{settings.dataset}`.`{LIVE_INCIDENTS}`"
    names = table_names(settings.project, settings.dataset) | {INCIDENTS: live}
    rows = query(client, render(SURGES, "bigquery", None, tables=names))
    return Watch(Answer(SURGES, SURGES.finish(rows)), rows[-1][0] if rows else None)


def publish_surges(settings: Settings) -> list[dict[str, Any]]:
    """Publish the surges that were not published before.

    A message is JSON: the columns of the question `surges`, and an `id` by which a subscriber knows one that
    comes twice. If the process ends between publishing and noting, or two processes look at once, the surges
    are published again, under the same ids.

    Args:
        settings: the settings.

    Returns:
        The messages published.

    Raises:
        InputError: the note of what was published is none.
        PipelineError: BigQuery or Pub/Sub refuses.
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails.
    """
    from google.api_core.exceptions import NotFound

    with closing(warehouse_client(settings)) as client:
        found = look(client, settings)
    if found.last_day is None:
        return []
    since = (found.last_day - timedelta(days=_NEWS_DAYS)).isoformat()
    blob = storage_client(settings).bucket(settings.lake_bucket).blob(PUBLISHED)
    try:
        noted = _noted(blob.download_as_bytes(), f"gs://{settings.lake_bucket}/{PUBLISHED}")
        generation = blob.generation
    except NotFound:
        noted, generation = {}, 0
    surges = [_message(row) for row in found.found.records()]
    new = [surge for surge in surges if surge["day"] > since and surge["id"] not in noted]
    if new:
        publish_all(settings, settings.surges_topic, (json.dumps(surge).encode() for surge in new))
        oldest = (found.last_day - timedelta(days=_NOTED_DAYS)).isoformat()
        kept = {name: day for name, day in noted.items() if day > oldest}
        note = json.dumps({**kept, **{surge["id"]: surge["day"] for surge in new}}, indent=1)
        blob.upload_from_string(note, "application/json", if_generation_match=generation)
    return new


def kept_messages(settings: Settings) -> list[dict[str, Any]]:
    """Return the messages on surges that are kept for whoever wants to see them; they stay there.

    Args:
        settings: the settings.

    Returns:
        The messages of the subscription ``SURGES-kept``, by the time at which they were published.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: Pub/Sub refuses, or there is no such subscription.
    """
    from google.api_core.exceptions import DeadlineExceeded

    path = f"projects/{settings.project}/subscriptions/{kept_subscription(settings.surges_topic)}"
    found: dict[str, Any] = {}
    with subscriber() as client:
        while True:
            try:
                # Pulled messages are not pulled again within the subscription's deadline.
                got = client.pull(
                    subscription=path, max_messages=_PULLED, timeout=_PULL_SECONDS, retry=None
                ).received_messages
            except DeadlineExceeded:
                got = []
            if not got:
                break
            found |= {each.ack_id: each.message for each in got}
        leases = list(found)
        for begin in range(0, len(leases), _PULLED):
            client.modify_ack_deadline(
                subscription=path, ack_ids=leases[begin : begin + _PULLED], ack_deadline_seconds=0
            )
    messages = sorted(found.values(), key=lambda message: message.publish_time)
    return [json.loads(message.data) for message in messages]


def _message(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: as_json(value) for name, value in row.items()}
    return {"id": f"{texts['day']}-{row['area']}-{row['rule']}", **texts}


def _noted(content: bytes, uri: str) -> dict[str, str]:
    try:
        noted = json.loads(content)
        if all(isinstance(date.fromisoformat(day), date) for day in noted.values()):
            return dict(noted)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{uri}: is no list of published surges ({error}); delete it") from error
    raise InputError(f"{uri}: is no list of published surges; delete it")
