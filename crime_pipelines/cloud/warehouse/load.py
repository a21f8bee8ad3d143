"""Architecture 1: a run's Parquet goes from the lake into the warehouse, counted on the way."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlparse

from crime_pipelines.cloud.clients import blob_at, patience_of, storage_client, warehouse_client
from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.attempts import note_attempt, remove_earlier, rows_of, settle
from crime_pipelines.cloud.warehouse.jobs import once, query, start_query
from crime_pipelines.cloud.warehouse.runs import noted_attempt
from crime_pipelines.cloud.warehouse.tables import full_name
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.incidents import LAKE_INCIDENTS, LAKE_REJECTS
from crime_pipelines.schema.warehouse import INCIDENT_VERSIONS, REJECTS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

_ENDING: Final = ".parquet"
#: Staging tables of an attempt that was given up go by themselves.
_STAGING_HOURS: Final = 24
_CLOCKS_DIFFER: Final = timedelta(minutes=10)
#: What a row in the warehouse says beside what the lake holds. The year is in the lake as a folder's name
#: alone: it is made anew of what it follows from.
_EXPRESSIONS: Final = {
    "run_id": "@run_id",
    "attempt": "@attempt",
    "loaded_at": "CURRENT_TIMESTAMP()",
    "year": "EXTRACT(YEAR FROM occurred_at)",
    "deleted": "occurred_at IS NULL",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Part:
    """Incidents or rejects: which files go to which table, and how many rows they hold."""

    lake: Table
    table: Table
    folder: str
    rows: int


def read_manifest(settings: Settings, uri: str) -> Manifest:
    """Fetch a run's manifest.

    Args:
        settings: the settings.
        uri: where it is.

    Returns:
        The manifest.

    Raises:
        InputError: it says that the run finished in the future, which would keep it the newest for ever.
        PipelineError: there is none, or it does not hold together.
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails.
    """
    from google.api_core.exceptions import NotFound

    try:
        manifest = Manifest.from_json(blob_at(settings, uri).download_as_bytes())
    except NotFound as error:
        raise PipelineError(f"{uri}: there is no manifest") from error
    finished = datetime.fromisoformat(manifest.finished_at).replace(tzinfo=UTC)
    if finished > datetime.now(UTC) + _CLOCKS_DIFFER:
        raise InputError(f"{uri}: the run would finish at {manifest.finished_at}, in the future")
    return manifest


def load(settings: Settings, manifest: Manifest) -> None:
    """Take a run's rows over from the lake; those of its earlier attempts go. Doing it again changes nothing.

    The rows are added to those that stand there; only when all are counted are earlier attempts' taken away.

    Args:
        settings: the settings.
        manifest: what the run says of itself.

    Raises:
        InputError: the manifest's files lie outside of the run's folder in the lake, or are of another
            department than the warehouse holds.
        PipelineError: the counts do not fit, or BigQuery refuses.
        google.api_core.exceptions.GoogleAPICallError: a service fails.
    """
    parts = [
        _part(settings, manifest, LAKE_INCIDENTS, INCIDENT_VERSIONS, manifest.incidents, manifest.versions),
        _part(settings, manifest, LAKE_REJECTS, REJECTS, manifest.rejects, manifest.rejects_count),
    ]
    with closing(warehouse_client(settings)) as client:
        if noted_attempt(client, settings, manifest.run_id) == manifest.attempt:
            _log.info("loaded before", extra={"run_id": manifest.run_id, "attempt": manifest.attempt})
            remove_earlier(client, settings, manifest)
        else:
            # All is counted before anything of it is taken over.
            for part in parts:
                _stage(client, settings, manifest, part)
            note_attempt(client, settings, manifest)
            for part in parts:
                _take_over(client, settings, manifest, part)
            settle(settings, manifest)
            _log.info("run loaded", extra={"run_id": manifest.run_id, "versions": manifest.versions})
        for part in parts:
            client.delete_table(
                _staging_id(settings, manifest, part), not_found_ok=True, retry=patience_of(client)
            )


def _part(
    settings: Settings, manifest: Manifest, lake: Table, table: Table, folder: str | None, rows: int
) -> _Part:
    own = f"gs://{settings.lake_bucket}/runs/{manifest.run_id}/"
    if folder is None or not folder.startswith(own):
        raise InputError(
            f"run {manifest.run_id}: its manifest names no {lake.name} below {own}, but {str(folder)[:200]}"
        )
    return _Part(lake, table, folder.rstrip("/"), rows)


def _staging_id(settings: Settings, manifest: Manifest, part: _Part) -> str:
    name = f"staging_{part.lake.name}_{manifest.run_id}_{manifest.attempt}".replace("-", "_")
    return f"{settings.project}.{settings.staging_dataset}.{name}"


def _job_id(step: str, manifest: Manifest, part: _Part) -> str:
    return f"{step}-{manifest.run_id}-{manifest.attempt}-{part.lake.name}"


def _stage(client: Client, settings: Settings, manifest: Manifest, part: _Part) -> None:
    """Load the files into a table of their own, and count them."""
    from google.cloud import bigquery

    retry = patience_of(client)
    staging = bigquery.Table(_staging_id(settings, manifest, part), schema=part.lake.bigquery_schema())
    staging.expires = datetime.now(UTC) + timedelta(hours=_STAGING_HOURS)
    client.create_table(staging, exists_ok=True, retry=retry)
    patterns = _patterns(settings, part)
    config = bigquery.LoadJobConfig(
        schema=staging.schema,
        source_format=bigquery.SourceFormat.PARQUET,
        write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
    )

    def start(job_id: str) -> Any:
        return client.load_table_from_uri(
            patterns, staging.reference, job_id=job_id, job_config=config, retry=retry
        )

    def problem() -> str:
        ((rows,),) = query(client, f"SELECT COUNT(*) FROM `{_staging_id(settings, manifest, part)}`")
        return _difference(manifest, part, rows, "lie in the lake")

    if patterns:
        once(client, _job_id("load", manifest, part), start, problem)
    elif part.rows:
        raise PipelineError(_difference(manifest, part, 0, "lie in the lake"))


def _patterns(settings: Settings, part: _Part) -> list[str]:
    """Return patterns of the files, by folder: a load takes 10,000 at most, each with one asterisk."""
    place = urlparse(part.folder)
    found = storage_client(settings).list_blobs(place.netloc, prefix=place.path.lstrip("/") + "/")
    folders = {blob.name.rpartition("/")[0] for blob in found if blob.name.endswith(_ENDING)}
    return [f"gs://{place.netloc}/{folder}/*{_ENDING}" for folder in sorted(folders)]


def _take_over(client: Client, settings: Settings, manifest: Manifest, part: _Part) -> None:
    """Add the staged rows to the table, in one statement, and count what then stands there."""
    if not part.rows:
        return
    values = ", ".join(_EXPRESSIONS.get(name, f"`{name}`") for name in part.table.names)
    statement = (
        f"INSERT INTO {full_name(settings.project, settings.dataset, part.table)} "
        f"({', '.join(f'`{name}`' for name in part.table.names)})\n"
        f"SELECT {values} FROM `{_staging_id(settings, manifest, part)}`"
    )
    own = {"run_id": manifest.run_id, "attempt": manifest.attempt}

    def problem() -> str:
        rows = rows_of(client, settings, manifest, part.table)
        return _difference(manifest, part, rows, "of this attempt stand in the warehouse")

    once(
        client,
        _job_id("take", manifest, part),
        lambda job_id: start_query(client, statement, job_id, **own),
        problem,
    )


def _difference(manifest: Manifest, part: _Part, rows: int, where: str) -> str:
    if rows == part.rows:
        return ""
    return (
        f"run {manifest.run_id}: {rows:,} rows of {part.table.name} {where}, "
        f"but its manifest counts {part.rows:,}"
    )
