"""A later release's table, under a stream that does not know of it."""

from __future__ import annotations

from google.cloud.bigquery import Client, SchemaField

from crime_pipelines.cloud.settings import Settings


def widen(settings: Settings, client: Client) -> None:
    """Add a column to the versions."""
    table = client.get_table(f"{settings.project}.{settings.dataset}.incident_versions")
    table.schema = [*table.schema, SchemaField("of_a_later_release", "STRING")]
    client.update_table(table, ["schema"])
