"""The analyses in BigQuery: made anew with the answers, and read back."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.clients import patience_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.jobs import query, replacing
from crime_pipelines.cloud.warehouse.tables import ANALYSIS_TABLES, ROW, full_name
from crime_pipelines.cloud.warehouse.views import table_names
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.errors import PipelineError
from crime_pipelines.questions import ANALYSES, Answer
from crime_pipelines.questions.model import as_json
from crime_pipelines.questions.render import render
from crime_pipelines.schema.columns import Table

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

_DIALECT: Final = "bigquery"
#: A staged table that nobody deleted goes by itself.
_STAGED: Final = timedelta(hours=1)


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
    """Replace a table's rows in one statement, from a staging table that a load job fills.

    They are too many for the parameters of a statement, and a load job that replaced the table would drop the
    policy tags of its columns.
    """
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import LoadJobConfig, SourceFormat
    from google.cloud.bigquery import Table as BigQueryTable

    staged = Table(f"staging_{table.name}_{token_hex(6)}", table.description, table.columns)
    name = f"{settings.project}.{settings.staging_dataset}.{staged.name}"
    made = BigQueryTable(name, schema=staged.bigquery_schema())
    made.expires = datetime.now(UTC) + _STAGED
    records = [
        dict(zip(table.names, (at, *map(as_json, row)), strict=True)) for at, row in enumerate(rows, 1)
    ]
    config = LoadJobConfig(source_format=SourceFormat.NEWLINE_DELIMITED_JSON, schema=staged.bigquery_schema())
    retry = patience_of(client)
    target = full_name(settings.project, settings.answers_dataset, table)
    source = full_name(settings.project, settings.staging_dataset, staged)
    try:
        client.create_table(made, retry=retry)
        if records:
            lines = io.BytesIO("\n".join(map(json.dumps, records)).encode())
            client.load_table_from_file(lines, name, job_config=config).result(retry=retry)
        query(client, replacing(target, {each: f"fresh.`{each}`" for each in table.names}, source))
    except GoogleAPICallError as error:
        raise PipelineError(f"BigQuery, load of {name}: {error.message}") from error
    finally:
        client.delete_table(name, not_found_ok=True, retry=retry)
