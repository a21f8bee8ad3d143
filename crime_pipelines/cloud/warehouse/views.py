"""The warehouse's views, as queries: what is in `incidents` and was loaded since, and live answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crime_pipelines.cloud.warehouse.current_sql import live_incidents
from crime_pipelines.cloud.warehouse.tables import PUBLISHED_TABLES, full_name
from crime_pipelines.domain.night import LATE_NIGHT, operational_night_sql
from crime_pipelines.questions import QUESTIONS, VIEW_QUESTIONS
from crime_pipelines.questions.render import render
from crime_pipelines.schema.columns import Column, Table
from crime_pipelines.schema.incidents import INCIDENTS as INCIDENT_TABLE
from crime_pipelines.schema.warehouse import AREAS, CURRENT_INCIDENTS, INCIDENT_VERSIONS, REFRESHES

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField

INCIDENTS: Final = CURRENT_INCIDENTS.name
INCIDENT_COLUMNS: Final = INCIDENT_TABLE.columns
LIVE: Final = "live_"
LIVE_INCIDENTS: Final = f"{LIVE}{INCIDENTS}"
#: Days of versions that the live views look at; `incidents` must be refreshed more often.
LIVE_DAYS: Final = 7
_DIALECT: Final = "bigquery"


@dataclass(frozen=True, slots=True)
class View:
    """A view.

    Attributes:
        name: its name in its dataset.
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
        """Return the schema as BigQuery's REST API and Terraform read it."""
        return self._as_table().json_schema()

    def _as_table(self) -> Table:
        return Table(self.name, self.description, self.columns)


def table_names(project: str, dataset: str) -> dict[str, str]:
    """Return the full names of the tables that the questions ask.

    Args:
        project: the project.
        dataset: the warehouse's dataset.

    Returns:
        For `questions.render`.
    """
    return {name: f"`{project}`.`{dataset}`.`{name}`" for name in (INCIDENTS, AREAS.name)}


def views(project: str, dataset: str) -> tuple[View, ...]:
    """Return the views, each after those that it reads.

    Args:
        project: the project.
        dataset: the warehouse's dataset.

    Returns:
        The views. A question that SQL alone does not answer, such as the trend, has none.
    """
    names = table_names(project, dataset) | {INCIDENTS: f"`{project}`.`{dataset}`.`{LIVE_INCIDENTS}`"}
    return (
        View(
            LIVE_INCIDENTS,
            "An incident: the version of it that counts, at this moment.",
            live_incidents(f"`{project}`.`{dataset}`", LIVE_DAYS),
            INCIDENT_COLUMNS,
        ),
        *(
            View(
                f"{LIVE}{question.name}",
                f"{question.wording} As of the end of the covered period, at this moment.",
                render(question, _DIALECT, None, tables=names),
                question.columns,
            )
            for question in (*QUESTIONS, *VIEW_QUESTIONS)
            if question.is_sql_alone
        ),
        *_counts(f"`{project}`.`{dataset}`"),
    )


def published_views(project: str, answers_dataset: str) -> tuple[View, ...]:
    """Return the views of what is published, for a dataset of their own whose readers see nothing else.

    Args:
        project: the project.
        answers_dataset: the dataset of the answers, whose readers need not be theirs.

    Returns:
        One for each table of what is published, under the name of its question.
    """
    return tuple(
        View(
            name,
            table.description,
            f"SELECT {', '.join(f'`{column}`' for column in table.names)}\n"
            f"FROM {full_name(project, answers_dataset, table)}",
            table.columns,
        )
        for name, table in PUBLISHED_TABLES.items()
    )


def _counts(dataset: str) -> tuple[View, ...]:
    """Return the views of live counts, whatever order their messages came in."""
    incidents = f"{dataset}.`{LIVE_INCIDENTS}`"
    night = operational_night_sql("occurred_at")
    since = f"loaded_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {LIVE_DAYS} DAY)"
    return (
        View(
            f"{LIVE}area_hours",
            "Incidents of an area in an hour, at this moment.",
            "SELECT COALESCE(community_area, 0) AS area, DATETIME_TRUNC(occurred_at, HOUR) AS hour, "
            f"COUNT(*) AS incidents\nFROM {incidents}\nGROUP BY 1, 2",
            (
                Column("area", "integer", "Community area; 0 where unknown."),
                Column("hour", "datetime", "The hour's beginning, shifted local civil time."),
                Column("incidents", "integer", "Incidents in it."),
            ),
        ),
        View(
            f"{LIVE}nights",
            "Late-night incidents of an operational night, at this moment.",
            f"SELECT night, COUNT(*) AS late_night_incidents\nFROM (SELECT {night} AS night FROM {incidents})"
            "\nWHERE night IS NOT NULL\nGROUP BY night",
            (
                Column("night", "date", "The date of the evening that it began on."),
                Column("late_night_incidents", "integer", f"Incidents late at night ({LATE_NIGHT})."),
            ),
        ),
        View(
            f"{LIVE}freshness",
            "How fresh the warehouse is, in one row.",
            f"SELECT (SELECT MAX(refreshed_at) FROM {dataset}.`{REFRESHES.name}`) AS refreshed_at,\n"
            f"(SELECT MAX(loaded_at) FROM {dataset}.`{INCIDENT_VERSIONS.name}` WHERE {since}) AS loaded_at",
            (
                Column("refreshed_at", "timestamp", "When incidents was last refreshed."),
                Column("loaded_at", "timestamp", f"When a version was last loaded, within {LIVE_DAYS} days."),
            ),
        ),
    )
