"""The report of the answers in the warehouse: one page and its charts, into the report bucket."""

from __future__ import annotations

import json
import logging
import mimetypes
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines import __version__
from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.functions.events import text_of
from crime_pipelines.cloud.warehouse.answers import covered_period, read, read_analyses
from crime_pipelines.cloud.warehouse.department import record_fields
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.runs import newest_run
from crime_pipelines.cloud.warehouse.views import table_names
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.errors import PipelineError
from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import DATA_QUALITY, Answer
from crime_pipelines.questions.render import render
from crime_pipelines.report import Extras, chart_files, report_questions, write_report
from crime_pipelines.schema.row_counts import FileRows
from crime_pipelines.schema.warehouse import RUNS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client as Warehouse
    from google.cloud.storage import Bucket, Client

    from crime_pipelines.cloud.settings import Settings

LATEST: Final = "latest"
CHARTS: Final = "charts"
#: Whoever looks at the latest report sees the latest; a run's own may be kept for a while.
_CACHING: Final = {True: "no-cache", False: "private, max-age=300"}
_log = logging.getLogger(__name__)


def on_answers(message: Mapping[str, Any], settings: Settings, storage: Client) -> None:
    """Write the report of the answers. Doing it again writes the same.

    Args:
        message: which run the answers are as of.
        settings: the settings.
        storage: Cloud Storage.

    Raises:
        InputError: the message is none of ours.
        PipelineError: the warehouse does not know the run, or BigQuery refuses.
        google.api_core.exceptions.GoogleAPICallError: a service fails; the message may be delivered again.
    """
    run_id = run_ids.checked(text_of(message, "run_id"))
    client = warehouse_client(settings)
    # Whichever architecture made it and however many runs came at once: the one place that every run passes.
    _log.info("run is in the warehouse", extra={"run_id": run_id, **_counts(client, settings, run_id)})
    newest = newest_run(client, settings)
    if newest is None or newest[0] != run_id:
        # The answers are those of a later run by now, which has a message and a report of its own.
        _log.info(
            "passed over: a later run has made answers",
            extra={"run_id": run_id, "later": newest and newest[0]},
        )
        return
    record = record_of(client, settings, run_id)
    answers = read(settings, client)
    with tempfile.TemporaryDirectory() as place:
        extras = Extras(_beside(client, settings, record), analyses=read_analyses(settings, client))
        page = write_report(Path(place), record, answers, extras)
        files = {f"{CHARTS}/{name}": content for name, content in chart_files(record, answers, extras)}
        # The page comes last: who finds it finds its charts.
        files[page.name] = page.read_bytes()
    bucket = storage.bucket(settings.report_bucket)
    for folder in (f"runs/{run_id}", LATEST):
        for name, content in files.items():
            _write(bucket, f"{folder}/{name}", content, _CACHING[folder == LATEST])
    _log.info("report written", extra={"run_id": run_id, "files": len(files), "as_of": str(record.as_of)})


def record_of(client: Warehouse, settings: Settings, run_id: str) -> RunRecord:
    """Make the record of all incidents in the warehouse, as of a run.

    Args:
        client: BigQuery.
        settings: the settings.
        run_id: the run.

    Returns:
        A record over all runs, with the run's own source and moment.

    Raises:
        PipelineError: the warehouse does not know the run, or BigQuery refuses.
    """
    runs = f"`{settings.project}.{settings.dataset}.{RUNS.name}`"
    own = query(
        client,
        f"SELECT engine, source, shift_years, as_of, detail FROM {runs} WHERE run_id = @run_id",
        run_id=run_id,
    )
    if not own or own[0][3] is None:
        raise PipelineError(f"run {run_id}: the warehouse does not know it, or it has no incident")
    engine, source, shift_years, as_of, detail = own[0]
    read_rows, versions, rejected, warnings, number = 0, 0, Counter[str](), Counter[str](), 0
    for rows, kept, told in query(client, f"SELECT `read`, versions, detail FROM {runs}"):
        found = json.loads(told or "{}")
        read_rows, versions, number = read_rows + rows, versions + kept, number + 1
        rejected.update(found.get("rejected") or {})
        warnings.update(found.get("warnings") or {})
    covered = covered_period(client, settings)
    quality = _quality(client, settings, as_of, shift_years, covered)
    return RunRecord(
        engine=engine,
        source=source if number == 1 else f"{source} and {number - 1:,} earlier runs",
        files=[_file_rows(file) for file in json.loads(detail or "{}").get("files") or []],
        read=read_rows,
        incidents=quality["incidents"],
        superseded=versions - quality["incidents"],
        rejected=dict(rejected),
        warnings=dict(warnings),
        shift_years=shift_years,
        as_of=as_of,
        covered_period=covered,
        data_quality=quality,
        versions={"crime-pipelines": __version__},
        **record_fields(client, settings),
    )


def _file_rows(file: Any) -> FileRows:
    # Runs noted by earlier releases have the files' names alone.
    return FileRows(file, 0, None, 0, 0) if isinstance(file, str) else FileRows(**file)


def _counts(client: Warehouse, settings: Settings, run_id: str) -> dict[str, int]:
    names = ("read", "versions", "rejected")
    runs = f"`{settings.project}.{settings.dataset}.{RUNS.name}`"
    asked = ", ".join(f"`{name}`" for name in names)
    found = query(client, f"SELECT {asked} FROM {runs} WHERE run_id = @run_id", run_id=run_id)
    return dict(zip(names, found[0], strict=True)) if found else {}


def _quality(
    client: Warehouse, settings: Settings, as_of: datetime, shift_years: int, covered: CoveredPeriod | None
) -> dict[str, Any]:
    names = table_names(settings.project, settings.dataset)
    statement = render(DATA_QUALITY, "bigquery", as_of, shift_years, names, covered=covered)
    ((*values,),) = query(client, statement)
    return {column.name: value for column, value in zip(DATA_QUALITY.columns, values, strict=True)}


def _beside(client: Warehouse, settings: Settings, record: RunRecord) -> dict[str, Answer]:
    names = table_names(settings.project, settings.dataset)
    return {
        each.name: Answer(
            each,
            query(
                client,
                render(
                    each, "bigquery", record.as_of, record.shift_years, names, covered=record.covered_period
                ),
            ),
        )
        for each in report_questions(record, None)
    }


def _write(bucket: Bucket, name: str, content: bytes, caching: str) -> None:
    blob = bucket.blob(name)
    blob.cache_control = caching
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    blob.upload_from_string(content, content_type=f"{kind}; charset=utf-8" if kind == "text/html" else kind)
