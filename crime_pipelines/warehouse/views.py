"""The warehouse's views, as queries: the version that counts of each incident, and live answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crime_pipelines.domain.schema import COLUMNS
from crime_pipelines.domain.versions import LATEST_FIRST
from crime_pipelines.questions import QUESTIONS, REPORT_QUESTIONS
from crime_pipelines.questions.catalogue import CRIME_TREND
from crime_pipelines.questions.render import render
from crime_pipelines.warehouse.tables import (
    AREA_HOURS,
    AREAS,
    INCIDENT_VERSIONS,
    NIGHTS,
    Column,
    Table,
    answer_columns,
)

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField

INCIDENTS: Final = "incidents"
LIVE: Final = "live_"
_DIALECT: Final = "bigquery"


@dataclass(frozen=True, slots=True)
class View:
    """A view.

    Attributes:
        name: its name in the warehouse's dataset.
        description: what a row is.
        query: its query.
        columns: its columns, described.
    """

    name: str
    description: str
    query: str
    columns: tuple[Column, ...]

    def bigquery_schema(self) -> list[SchemaField]:
        """Its columns with their descriptions, for BigQuery's client library."""
        return self._as_table().bigquery_schema()

    def json_schema(self) -> list[dict[str, str]]:
        """The same as BigQuery's REST API and Terraform read it."""
        return self._as_table().json_schema()

    def _as_table(self) -> Table:
        return Table(self.name, self.description, self.columns)


def table_names(project: str, dataset: str) -> dict[str, str]:
    """The full names of the tables that the questions ask.

    Args:
        project: the project.
        dataset: the warehouse's dataset.

    Returns:
        For `questions.render`.
    """
    return {name: f"`{project}`.`{dataset}`.`{name}`" for name in (INCIDENTS, AREAS.name)}


def views(project: str, dataset: str) -> tuple[View, ...]:
    """The views, each after those that it reads.

    Args:
        project: the project.
        dataset: the warehouse's dataset.

    Returns:
        The views. The trend has none: its test is no SQL.
    """
    latest = f"(SELECT MAX(occurred_at) FROM {INCIDENTS})"
    names = table_names(project, dataset)
    live = [
        View(
            f"{LIVE}{question.name}",
            f"{question.wording} As of the latest incident, at this moment.",
            render(question, _DIALECT, latest, tables=names),
            answer_columns(question),
        )
        for question in (*QUESTIONS, *REPORT_QUESTIONS)
        if question is not CRIME_TREND
    ]
    feed = [
        View(
            f"{LIVE}{table.name}",
            f"{table.description.partition(';')[0]}.",
            _newest(project, dataset, table),
            table.columns,
        )
        for table in (AREA_HOURS, NIGHTS)
    ]
    return (
        View(
            INCIDENTS,
            "An incident: the version of it that counts.",
            _incidents(project, dataset),
            INCIDENT_VERSIONS.columns[: len(COLUMNS)],
        ),
        *live,
        *feed,
    )


def _newest(project: str, dataset: str, table: Table) -> str:
    key = ", ".join(table.names[: table.names.index("revision") - 1])
    columns = ",\n  ".join(table.names)
    # A pipeline that begins anew counts anew, with later messages.
    return (
        f"SELECT\n  {columns}\nFROM `{project}`.`{dataset}`.`{table.name}`\nWHERE TRUE\n"
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY updated_at DESC, revision DESC) = 1"
    )


def _incidents(project: str, dataset: str) -> str:
    columns = ",\n  ".join(COLUMNS)
    return (
        f"SELECT\n  {columns}\nFROM `{project}`.`{dataset}`.`{INCIDENT_VERSIONS.name}`\nWHERE TRUE\n"
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY {LATEST_FIRST}) = 1"
    )
