"""Architecture 2: an attempt's rows are in the warehouse already; they are counted, earlier ones go."""

from __future__ import annotations

import logging
from contextlib import closing

from crime_pipelines.clients import warehouse_client
from crime_pipelines.errors import PipelineError
from crime_pipelines.manifest import Manifest
from crime_pipelines.settings import Settings
from crime_pipelines.warehouse.jobs import query
from crime_pipelines.warehouse.runs import note_run
from crime_pipelines.warehouse.tables import INCIDENT_VERSIONS, REJECTS, full_name

_log = logging.getLogger(__name__)


def settle(settings: Settings, manifest: Manifest) -> None:
    """Make an attempt whose rows have been appended the one that counts. Doing it again changes nothing.

    Until the earlier attempts' rows are gone, the view `incidents` counts each incident once all the same.

    Args:
        settings: the settings.
        manifest: what the attempt says of itself.

    Raises:
        PipelineError: the counts do not fit, or BigQuery refuses; nothing was taken away then.
    """
    counts = {
        full_name(settings.project, settings.dataset, INCIDENT_VERSIONS): manifest.versions,
        full_name(settings.project, settings.dataset, REJECTS): manifest.rejects_count,
    }
    own = {"run_id": manifest.run_id, "attempt": manifest.attempt}
    with closing(warehouse_client(settings)) as client:
        # All is counted before anything is taken away.
        for table, expected in counts.items():
            ((rows,),) = query(
                client,
                f"SELECT COUNT(*) FROM {table} WHERE run_id = @run_id AND attempt = @attempt",
                **own,
            )
            if rows != expected:
                raise PipelineError(
                    f"run {manifest.run_id}: {rows:,} rows of attempt {manifest.attempt} stand in "
                    f"{table.replace('`', '')}, but the attempt counts {expected:,}"
                )
        for table in counts:
            query(client, f"DELETE FROM {table} WHERE run_id = @run_id AND attempt <> @attempt", **own)
        note_run(client, settings, manifest)
    _log.info("run settled", extra={"run_id": manifest.run_id, "versions": manifest.versions})
