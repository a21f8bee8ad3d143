"""The account of runs: one row for each whose rows are all in the warehouse."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.jobs import query, replace_rows
from crime_pipelines.cloud.warehouse.tables import full_name
from crime_pipelines.errors import InputError
from crime_pipelines.schema.warehouse import RUNS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


def note_run(client: Client, settings: Settings, manifest: Manifest) -> None:
    """Write a run's row, in the place of an earlier one.

    Args:
        client: BigQuery.
        settings: the settings.
        manifest: what the run says of itself.

    Raises:
        PipelineError: BigQuery refuses.
    """
    row: dict[str, Any] = {
        "run_id": manifest.run_id,
        "attempt": manifest.attempt,
        "architecture": manifest.architecture,
        "engine": manifest.engine,
        "source": manifest.source,
        "started_at": _utc(manifest.started_at),
        "finished_at": _utc(manifest.finished_at),
        "settled_at": datetime.now(UTC),
        "shift_years": manifest.shift_years,
        "as_of": _moment(manifest),
        "read": manifest.read,
        "versions": manifest.versions,
        "rejected": manifest.rejects_count,
        "detail": json.dumps(
            {
                "files": [asdict(file) for file in manifest.files],
                "rejected": manifest.rejected,
                "warnings": manifest.warnings,
            },
            ensure_ascii=False,
        ),
        "layout": manifest.layout,
        "department": manifest.department,
    }
    target = full_name(settings.project, settings.dataset, RUNS)
    values = tuple(row[name] for name in RUNS.names)
    replace_rows(client, target, RUNS.columns, [values], "kept.run_id = @run_id")


def noted_attempt(client: Client, settings: Settings, run_id: str) -> str:
    """Return the attempt of a run that is in the warehouse.

    Args:
        client: BigQuery.
        settings: the settings.
        run_id: the run.

    Returns:
        The attempt; empty where there is none.

    Raises:
        PipelineError: BigQuery refuses.
    """
    target = full_name(settings.project, settings.dataset, RUNS)
    found = query(client, f"SELECT attempt FROM {target} WHERE run_id = @run_id", run_id=run_id)
    return str(found[0][0] or "") if found else ""


def newest_run(client: Client, settings: Settings) -> tuple[str, datetime] | None:
    """Return the run that the answers are to be as of: of those with incidents, the one that finished last.

    Args:
        client: BigQuery.
        settings: the settings.

    Returns:
        The run and the moment that its answers are as of; None where no run has incidents.

    Raises:
        PipelineError: BigQuery refuses.
    """
    found = query(
        client,
        f"SELECT run_id, as_of FROM {full_name(settings.project, settings.dataset, RUNS)} "
        f"WHERE as_of IS NOT NULL ORDER BY finished_at DESC, run_id DESC LIMIT 1",
    )
    return (str(found[0][0]), found[0][1]) if found else None


def _moment(manifest: Manifest) -> datetime | None:
    try:
        return manifest.moment
    except InputError:
        return None  # a run without an incident is in the account all the same


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
