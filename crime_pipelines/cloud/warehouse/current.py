"""Refreshing `incidents`, the table of current versions that the answers read."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.current_sql import OVERLAP, Statements
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.tables import full_name
from crime_pipelines.schema.warehouse import REFRESHES

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

_FIRST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_log = logging.getLogger(__name__)


class Refreshed(NamedTuple):
    """Extent of a refresh.

    Attributes:
        versions: versions loaded since the last one.
        months: months of incidents that it read and wrote.
    """

    versions: int
    months: int


def refresh_incidents(client: Client, settings: Settings) -> Refreshed:
    """Bring `incidents` up to date with all versions that have been loaded. Doing it again changes nothing.

    Args:
        client: BigQuery.
        settings: the settings.

    Returns:
        What it looked at.

    Raises:
        PipelineError: BigQuery refuses.
    """
    begun = datetime.now(UTC)
    refreshes = full_name(settings.project, settings.dataset, REFRESHES)
    ((before,),) = query(client, f"SELECT MAX(refreshed_at) FROM {refreshes}")
    dataset = f"`{settings.project}`.`{settings.dataset}`"
    statements = Statements(dataset, (before or _FIRST) - OVERLAP)
    ((versions, deletions, tombstones, settled),) = query(client, statements.look())
    replaced = bool(settled) and any(query(client, statements.look_replaced())[0])
    months: list[int] = []
    if versions or replaced:
        statements = Statements(dataset, statements.since, replaced)
        months = [month for (month,) in query(client, statements.months())]
        if deletions or tombstones:
            query(client, statements.merge_tombstones(months))
        query(client, statements.merge_incidents(months))
    query(
        client,
        f"INSERT INTO {refreshes} ({', '.join(REFRESHES.names)}) VALUES (@begun, @versions, @months)",
        begun=begun,
        versions=versions,
        months=len(months),
    )
    _log.info("incidents refreshed", extra={"versions": versions, "months": len(months)})
    return Refreshed(versions, len(months))
