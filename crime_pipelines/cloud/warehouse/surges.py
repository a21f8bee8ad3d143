"""Surges in the warehouse's incidents, published once each to the topic of surges."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.clients import storage_client, warehouse_client
from crime_pipelines.cloud.feed.publishing import publish_all
from crime_pipelines.cloud.settings import Settings
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
    is delivered twice. If the process ends between publishing and noting, the surges are published again.

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
        kept = {name: day for name, day in noted.items() if day > since}
        note = json.dumps({**kept, **{surge["id"]: surge["day"] for surge in new}}, indent=1)
        blob.upload_from_string(note, "application/json", if_generation_match=generation)
    return new


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
