"""Attempts of runs: noted before they write, counted when they have, and freed of earlier ones' rows."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.department import refuse_other_department
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.runs import note_run
from crime_pipelines.cloud.warehouse.tables import full_name
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.warehouse import ATTEMPTS, INCIDENT_VERSIONS, REJECTS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

_CLOCKS_DIFFER: Final = timedelta(minutes=10)
_log = logging.getLogger(__name__)


def note_attempt(client: Client, settings: Settings, manifest: Manifest) -> None:
    """Note that an attempt is about to write rows, so that a later one finds them.

    Args:
        client: BigQuery.
        settings: the settings.
        manifest: what the attempt says of itself.

    Raises:
        InputError: its files are of another department than the warehouse holds.
        PipelineError: BigQuery refuses.
    """
    refuse_other_department(client, settings, manifest)
    query(
        client,
        f"INSERT INTO {full_name(settings.project, settings.dataset, ATTEMPTS)} "
        f"({', '.join(ATTEMPTS.names)}) VALUES (@run_id, @attempt, @began_at)",
        run_id=manifest.run_id,
        attempt=manifest.attempt,
        began_at=_began(manifest),
    )


def settle(settings: Settings, manifest: Manifest) -> None:
    """Make an attempt whose rows are all written the one that counts. Doing it again changes nothing.

    Its row in `runs` decides at once which attempt counts; the rows of earlier attempts go afterwards.

    Args:
        settings: the settings.
        manifest: what the attempt says of itself.

    Raises:
        PipelineError: the counts do not fit, or BigQuery refuses; nothing was taken away then.
    """
    with closing(warehouse_client(settings)) as client:
        # All is counted before anything is taken away.
        for table, expected in (
            (INCIDENT_VERSIONS, manifest.versions),
            (REJECTS, manifest.rejects_count),
        ):
            rows = rows_of(client, settings, manifest, table)
            if rows != expected:
                raise PipelineError(
                    f"run {manifest.run_id}: {rows:,} rows of attempt {manifest.attempt} stand in "
                    f"{settings.project}.{settings.dataset}.{table.name}, but the attempt counts {expected:,}"
                )
        note_run(client, settings, manifest)
        remove_earlier(client, settings, manifest)
    _log.info("run settled", extra={"run_id": manifest.run_id, "versions": manifest.versions})


def rows_of(client: Client, settings: Settings, manifest: Manifest, table: Table) -> int:
    """Count the rows of an attempt.

    Args:
        client: BigQuery.
        settings: the settings.
        manifest: what the attempt says of itself.
        table: `INCIDENT_VERSIONS` or `REJECTS`.

    Returns:
        The number of its rows in the table.

    Raises:
        PipelineError: BigQuery refuses.
    """
    ((rows,),) = query(
        client,
        f"SELECT COUNT(*) FROM {full_name(settings.project, settings.dataset, table)} "
        f"WHERE loaded_at >= @since AND run_id = @run_id AND attempt = @attempt",
        since=_began(manifest),
        run_id=manifest.run_id,
        attempt=manifest.attempt,
    )
    return int(rows)


def remove_earlier(client: Client, settings: Settings, manifest: Manifest) -> None:
    """Delete the rows of a run's earlier attempts, in the partitions that they can lie in.

    Args:
        client: BigQuery.
        settings: the settings.
        manifest: the attempt that counts.

    Raises:
        PipelineError: BigQuery refuses.
    """
    own = {"run_id": manifest.run_id, "attempt": manifest.attempt}
    noted = full_name(settings.project, settings.dataset, ATTEMPTS)
    ((since,),) = query(
        client, f"SELECT MIN(began_at) FROM {noted} WHERE run_id = @run_id AND attempt <> @attempt", **own
    )
    if since is None:
        return
    for table in (INCIDENT_VERSIONS, REJECTS):
        query(
            client,
            f"DELETE FROM {full_name(settings.project, settings.dataset, table)} "
            f"WHERE loaded_at >= @since AND run_id = @run_id AND attempt <> @attempt",
            since=since,
            **own,
        )
    query(client, f"DELETE FROM {noted} WHERE run_id = @run_id AND attempt <> @attempt", **own)


def _began(manifest: Manifest) -> datetime:
    """Return a moment before which the attempt wrote nothing."""
    return datetime.fromisoformat(manifest.started_at).replace(tzinfo=UTC) - _CLOCKS_DIFFER
