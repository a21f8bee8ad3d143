"""Creating the warehouse: datasets, tables and views, in order, as often as one likes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.clients import patience_of, warehouse_client
from crime_pipelines.cloud.layouts import deployed_layout
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.department import put_department
from crime_pipelines.cloud.warehouse.tables import ANSWER_TABLES
from crime_pipelines.cloud.warehouse.views import View, published_views, views
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.warehouse import TABLES

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

#: What Terraform puts the names in for.
PLACEHOLDERS: Final = ("${project}", "${dataset}")
ANSWERS_PLACEHOLDER: Final = "${answers_dataset}"


def set_up(settings: Settings) -> list[str]:
    """Create what is missing and bring the views up to date; what is there keeps its rows.

    Args:
        settings: the settings.

    Returns:
        The full names of the tables and views.

    Raises:
        InputError: the settings' layout can't be read, or the dataset holds incidents of another department.
        PipelineError: a table is there with other columns, or BigQuery refuses a statement.
        google.api_core.exceptions.GoogleAPICallError: BigQuery refuses.
    """
    from google.cloud.bigquery import Dataset, DatasetReference

    layout = deployed_layout(settings)
    with closing(warehouse_client(settings)) as client:
        for name, description in _DATASETS.items():
            dataset = Dataset(DatasetReference(settings.project, getattr(settings, name)))
            dataset.location = settings.region
            dataset.description = description
            client.create_dataset(dataset, exists_ok=True, retry=patience_of(client))
        made = [_create_table(client, settings, settings.dataset, table) for table in TABLES]
        put_department(client, settings, layout)
        live = views(settings.project, settings.dataset)
        made += [_create_view(client, settings, settings.dataset, view) for view in live]
        made += [_create_table(client, settings, settings.answers_dataset, each) for each in ANSWER_TABLES]
        published = published_views(settings.project, settings.answers_dataset)
        made += [_create_view(client, settings, settings.published_dataset, view) for view in published]
        _authorize(client, settings, published)
    return made


def declarations() -> dict[str, Any]:
    """Return the whole warehouse as plain data, for Terraform.

    Returns:
        Tables and views by dataset; in the views' queries `${project}`, `${dataset}` and
        `${answers_dataset}` stand for the names.
    """
    return {
        "warehouse": {
            "description": _DATASETS["dataset"],
            "tables": {table.name: table.declaration() for table in TABLES},
            "views": _declared(views(*PLACEHOLDERS)),
        },
        "answers": {
            "description": _DATASETS["answers_dataset"],
            "tables": {table.name: table.declaration() for table in ANSWER_TABLES},
            "views": {},
        },
        "published": {
            "description": _DATASETS["published_dataset"],
            "tables": {},
            "views": _declared(published_views(PLACEHOLDERS[0], ANSWERS_PLACEHOLDER)),
        },
        "staging": {"description": _DATASETS["staging_dataset"], "tables": {}, "views": {}},
    }


def _declared(found: tuple[View, ...]) -> dict[str, Any]:
    return {
        view.name: {"description": view.description, "query": view.query, "schema": view.json_schema()}
        for view in found
    }


_DATASETS: Final = {
    "dataset": "Incidents of a police department: what counts, every version, every reject, and live views.",
    "answers_dataset": "The answers as of the latest run.",
    "staging_dataset": "Rows of a run while they are loaded; tables go after each run.",
    "published_dataset": "Views of what of the answers is fit to be published.",
}


def _create_table(client: Client, settings: Settings, dataset: str, table: Table) -> str:
    from google.cloud import bigquery

    made = bigquery.Table(f"{settings.project}.{dataset}.{table.name}", schema=table.bigquery_schema())
    made.description = table.description
    if table.partitions:
        made.time_partitioning = bigquery.TimePartitioning(
            type_=table.partitions.unit,
            field=table.partitions.column,
            expiration_ms=table.partitions.expire_milliseconds,
        )
        made.require_partition_filter = table.partitions.filter_required
    if table.cluster_by:
        made.clustering_fields = list(table.cluster_by)
    there = client.create_table(made, exists_ok=True, retry=patience_of(client))
    wanted = [(each.name, each.bigquery_type) for each in table.columns]
    if [(field.name, field.field_type) for field in there.schema] != wanted:
        raise PipelineError(
            f"{dataset}.{table.name} is there with other columns: "
            f"{', '.join(f'{field.name} {field.field_type}' for field in there.schema)[:200]}"
        )
    return f"{dataset}.{table.name}"


def _create_view(client: Client, settings: Settings, dataset: str, view: View) -> str:
    from google.api_core.exceptions import Conflict
    from google.cloud.bigquery import Table as BigQueryTable

    made = BigQueryTable(f"{settings.project}.{dataset}.{view.name}")
    made.view_query = view.query
    made.description = view.description
    retry = patience_of(client)
    try:
        client.create_table(made, retry=retry)
    except Conflict:
        client.update_table(made, ["view_query", "description"], retry=retry)
    # Only now: BigQuery makes a view's schema of its query, and takes descriptions for it afterwards.
    made.schema = view.bigquery_schema()
    client.update_table(made, ["schema"], retry=retry)
    return f"{dataset}.{view.name}"


def _authorize(client: Client, settings: Settings, published: tuple[View, ...]) -> None:
    """Let the published views read the tables of the answers, which their own readers may not."""
    from google.cloud.bigquery import AccessEntry, DatasetReference

    retry = patience_of(client)
    dataset = client.get_dataset(DatasetReference(settings.project, settings.answers_dataset), retry=retry)
    entries = [
        AccessEntry(
            entity_type="view",
            entity_id={
                "projectId": settings.project,
                "datasetId": settings.published_dataset,
                "tableId": view.name,
            },
        )
        for view in published
    ]
    lacking = [entry for entry in entries if entry not in dataset.access_entries]
    if lacking:
        dataset.access_entries = [*dataset.access_entries, *lacking]
        client.update_dataset(dataset, ["access_entries"], retry=retry)
