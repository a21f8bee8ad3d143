"""The analyses in BigQuery: made anew with the answers, and read back."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.clients import patience_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.tables import ANALYSIS_TABLES, ROW, full_name
from crime_pipelines.cloud.warehouse.views import table_names
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.errors import PipelineError
from crime_pipelines.questions import ANALYSES, Answer
from crime_pipelines.questions.render import render
from crime_pipelines.schema.columns import Table

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

_DIALECT: Final = "bigquery"


def refresh_analyses(
    client: Client, settings: Settings, moment: datetime, covered: CoveredPeriod | None
) -> None:
    """Make the analyses anew from the table of incidents. Each table changes at once.

    Analyses of the same counts share a query: what they scan is paid for once.

    Args:
        client: BigQuery.
        settings: the settings.
        moment: the moment that they are as of, local civil time.
        covered: the covered period of all incidents.

    Raises:
        PipelineError: BigQuery refuses.
    """
    names = table_names(settings.project, settings.dataset)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for question in ANALYSES:
        asked = render(question, _DIALECT, moment, tables=names, covered=covered)
        if asked not in found:
            found[asked] = query(client, asked)
        _replace(client, settings, ANALYSIS_TABLES[question.name], question.finish(found[asked]))


def read_analyses(settings: Settings, client: Client) -> dict[str, Answer]:
    """Read the analyses back.

    Args:
        settings: the settings.
        client: BigQuery.

    Returns:
        The analyses by name.

    Raises:
        PipelineError: BigQuery refuses.
    """
    return {each.name: Answer(each, query(client, _reading(settings, each.name))) for each in ANALYSES}


def _reading(settings: Settings, name: str) -> str:
    table = ANALYSIS_TABLES[name]
    columns = ", ".join(f"`{column}`" for column in table.names if column != ROW.name)
    target = full_name(settings.project, settings.answers_dataset, table)
    return f"SELECT {columns} FROM {target} ORDER BY `{ROW.name}`"


def _replace(client: Client, settings: Settings, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Replace a table's rows by a load job: they are too many for the parameters of a statement."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import LoadJobConfig, SourceFormat, WriteDisposition

    target = full_name(settings.project, settings.answers_dataset, table)
    if not rows:
        query(client, f"DELETE FROM {target} WHERE TRUE")
        return
    config = LoadJobConfig(
        schema=table.bigquery_schema(),
        source_format=SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=WriteDisposition.WRITE_TRUNCATE,
    )
    records = [dict(zip(table.names, (at, *map(_json, row)), strict=True)) for at, row in enumerate(rows, 1)]
    name = f"{settings.project}.{settings.answers_dataset}.{table.name}"
    lines = io.BytesIO("\n".join(map(json.dumps, records)).encode())
    try:
        client.load_table_from_file(lines, name, job_config=config).result(retry=patience_of(client))
    except GoogleAPICallError as error:
        raise PipelineError(f"BigQuery, load of {name}: {error.message}") from error


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
