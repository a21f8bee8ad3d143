"""Runs in the lake as architecture 1 leaves them there, made of what the embedded engine reads."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from crime_pipelines.cloud.clients import storage_client
from crime_pipelines.cloud.manifest import FILE, Manifest
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.output.record import RunRecord
from crime_pipelines.schema.incidents import LAKE_INCIDENTS, LAKE_REJECTS


def put_attempt(settings: Settings, out: Path, run_id: str, attempt: str, *, named: bool = True) -> Manifest:
    """Put an embedded run's output into the lake as an attempt of a run.

    Args:
        settings: the settings.
        out: the output of `crime-pipelines run`.
        run_id: the run.
        attempt: the attempt.
        named: whether its manifest is written; not by an attempt that was killed.

    Returns:
        The manifest.
    """
    record = RunRecord.load(out)
    place = f"gs://{settings.lake_bucket}/runs/{run_id}/attempts/{attempt}"
    work = Path(tempfile.mkdtemp(dir=out.parent))
    names = [name for name in LAKE_INCIDENTS.names if name not in ("year", "source_file")]
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {', '.join(names)}, 'in.csv' AS source_file, year FROM read_parquet("
            f"'{out}/incidents/*/*.parquet', hive_partitioning = true, hive_types = {{'year': 'BIGINT'}})) "
            f"TO '{work}/incidents' (FORMAT parquet, PARTITION_BY (year))"
        )
        (work / "rejects").mkdir()
        if record.rejects:
            connection.execute(
                f"COPY (SELECT {', '.join(LAKE_REJECTS.names)} FROM read_parquet('{out}/rejects/*.parquet')) "
                f"TO '{work}/rejects/part-0.parquet' (FORMAT parquet)"
            )
    bucket = storage_client(settings).bucket(settings.lake_bucket)
    prefix = f"runs/{run_id}/attempts/{attempt}"
    for path in sorted(work.rglob("*.parquet")):
        bucket.blob(f"{prefix}/{path.relative_to(work)}").upload_from_filename(str(path))
    manifest = Manifest(
        run_id=run_id,
        attempt=attempt,
        architecture=1,
        source=record.source,
        files=record.files,
        engine="spark",
        started_at="2026-11-24 10:00:00",
        finished_at="2026-11-24 10:05:00",
        shift_years=record.shift_years,
        as_of=None,
        read=record.incidents + record.rejects,
        versions=record.incidents,
        rejected=record.rejected,
        warnings=record.warnings,
        latest=str(record.as_of),
        incidents=f"{place}/incidents",
        rejects=f"{place}/rejects",
    )
    if named:
        bucket.blob(f"runs/{run_id}/{FILE}").upload_from_string(manifest.to_json())
    return manifest
