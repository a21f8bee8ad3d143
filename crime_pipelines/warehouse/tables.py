"""Every table of the warehouse, declared once: for BigQuery's clients, for Spark and for Terraform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from crime_pipelines.domain.schema import COLUMNS, FIELD, Kind
from crime_pipelines.questions import QUESTIONS, Question
from crime_pipelines.questions.catalogue import ColumnType

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField

#: BigQuery's types by the names that its API answers with; Spark's connector knows no others.
Type = Literal["INTEGER", "FLOAT", "BOOLEAN", "STRING", "DATE", "DATETIME", "TIMESTAMP"]
_SPARK: Final[dict[Type, str]] = {
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "STRING": "STRING",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP_NTZ",
    "TIMESTAMP": "TIMESTAMP",
}
_OF_KIND: Final[dict[Kind, Type]] = {
    Kind.IDENTIFIER: "INTEGER",
    Kind.DATETIME: "DATETIME",
    Kind.TEXT: "STRING",
    Kind.PRIMARY_TYPE: "STRING",
    Kind.FLAG: "BOOLEAN",
    Kind.INTEGER: "INTEGER",
    Kind.DECIMAL: "FLOAT",
    Kind.AREA: "INTEGER",
}
_OF_ANSWER: Final[dict[ColumnType, Type]] = {
    "date": "DATE",
    "datetime": "DATETIME",
    "integer": "INTEGER",
    "decimal": "FLOAT",
    "text": "STRING",
    "boolean": "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. All are nullable: Spark can't promise its connector that a column holds no null.

    Attributes:
        name: its name.
        type: BigQuery's type.
        description: what it says.
    """

    name: str
    type: Type
    description: str

    @property
    def spark_type(self) -> str:
        """Spark's type."""
        return _SPARK[self.type]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: its name in its dataset.
        description: what a row is.
        columns: its columns, in order.
        partition_by: the column by whose months it is partitioned.
        cluster_by: the columns that it is clustered by.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)

    def bigquery_schema(self) -> list[SchemaField]:
        """The schema for BigQuery's client library."""
        from google.cloud.bigquery import SchemaField

        return [SchemaField(each.name, each.type, description=each.description) for each in self.columns]

    def json_schema(self) -> list[dict[str, str]]:
        """The schema as BigQuery's REST API and Terraform read it."""
        return [
            {"name": each.name, "type": each.type, "mode": "NULLABLE", "description": each.description}
            for each in self.columns
        ]

    def spark_schema(self) -> str:
        """The schema as Spark's DDL: ``StructType.fromDDL`` and ``DataFrameReader.schema`` read it."""
        return ", ".join(f"{each.name} {each.spark_type}" for each in self.columns)

    def declaration(self) -> dict[str, Any]:
        """The whole table as plain data."""
        return {
            "description": self.description,
            "schema": self.json_schema(),
            "partition_by_month_of": self.partition_by,
            "cluster_by": list(self.cluster_by),
        }


def full_name(project: str, dataset: str, table: Table) -> str:
    """A table's name in a statement.

    Args:
        project: its project.
        dataset: its dataset.
        table: the table.

    Returns:
        The full name, quoted.
    """
    return f"`{project}`.`{dataset}`.`{table.name}`"


def _incident_column(name: str) -> Column:
    if name == "year":
        return Column(name, "INTEGER", "The year of occurred_at.")
    if name == "unreadable":
        return Column(name, "STRING", "Fields whose text could not be read, joined by commas.")
    return Column(name, _OF_KIND[FIELD[name].kind], FIELD[name].description)


_RUN_ID: Final = Column("run_id", "STRING", "The run that read the row.")
_ATTEMPT: Final = Column("attempt", "STRING", "Which attempt of the run wrote the row.")
_SOURCE_FILE: Final = Column("source_file", "STRING", "The file that the row stands in.")
_LOADED_AT: Final = Column("loaded_at", "TIMESTAMP", "When the row was written.")
_REASON: Final = Column("reason", "STRING", "Why the row can't become an incident.")
_RAW_ROW: Final = Column("raw_row", "STRING", "The row as it stands in the file.")

INCIDENT_VERSIONS: Final = Table(
    "incident_versions",
    "A version of an incident, as published at updated_on; the view incidents has those that count.",
    (*(_incident_column(name) for name in COLUMNS), _RUN_ID, _ATTEMPT, _SOURCE_FILE, _LOADED_AT),
    partition_by="occurred_at",
    cluster_by=("community_area", "primary_type"),
)
REJECTS: Final = Table(
    "rejects",
    "A row that can't become an incident, whole.",
    (_RUN_ID, _ATTEMPT, _REASON, _SOURCE_FILE, _RAW_ROW, _LOADED_AT),
)
RUNS: Final = Table(
    "runs",
    "A run whose rows are all in the warehouse.",
    (
        Column("run_id", "STRING", "The run."),
        Column(
            "architecture", "INTEGER", "1: Parquet in the lake first. 2: straight to BigQuery. 0: the feed."
        ),
        Column("engine", "STRING", "What read the files."),
        Column("source", "STRING", "The source as given."),
        Column("started_at", "TIMESTAMP", "When the attempt that counts began."),
        Column("finished_at", "TIMESTAMP", "When it had read everything."),
        Column("shift_years", "INTEGER", "Calendar years that dates were moved by."),
        Column("as_of", "DATETIME", "The moment that the run's answers are as of."),
        Column("read", "INTEGER", "Rows read: versions and rejected."),
        Column("versions", "INTEGER", "Versions of incidents."),
        Column("rejected", "INTEGER", "Rows that can't be incidents."),
        Column("detail", "STRING", "JSON: attempt, files, rejected by reason, warnings by field."),
    ),
)
DEAD_LETTERS: Final = Table(
    "dead_letters",
    "A message of the feed that can't become an incident, whole.",
    (
        _REASON,
        Column("error", "STRING", "What is wrong with it, in words."),
        Column("payload", "STRING", "The message as it came; base64 where it is not UTF-8."),
        Column("encoding", "STRING", "How payload holds the message: utf-8 or base64."),
        Column("received_at", "TIMESTAMP", "When it was published."),
        Column("loaded_at", "TIMESTAMP", "When the row was written."),
    ),
)
_UPDATED_AT: Final = Column("updated_at", "TIMESTAMP", "When the message that changed it was published.")
_REVISION: Final = Column("revision", "INTEGER", "How often it has changed; the greatest counts.")
AREA_HOURS: Final = Table(
    "area_hours",
    "Incidents of an area in an hour, as the feed has them so far; a row for each change.",
    (
        Column("area", "INTEGER", "Community area; 0 where unknown."),
        Column("hour", "DATETIME", "The hour's beginning, shifted local civil time."),
        Column("incidents", "INTEGER", "Incidents in it."),
        _REVISION,
        _UPDATED_AT,
    ),
    partition_by="hour",
    cluster_by=("area",),
)
NIGHTS: Final = Table(
    "nights",
    "Late-night incidents of an operational night, as the feed has them so far; a row for each change.",
    (
        Column("night", "DATE", "The date of the evening that it began on."),
        Column("late_night_incidents", "INTEGER", "Incidents from 22:00:00 up to 03:59:59."),
        _REVISION,
        _UPDATED_AT,
    ),
)
AREAS: Final = Table(
    "areas",
    "A community area of Chicago.",
    (
        Column("area", "INTEGER", "Its number, 1 to 77."),
        Column("name", "STRING", "Its name."),
        Column("residents", "INTEGER", "Residents, census of 2020."),
    ),
)
#: The tables of the warehouse's dataset.
TABLES: Final = (INCIDENT_VERSIONS, REJECTS, RUNS, AREAS, DEAD_LETTERS, AREA_HOURS, NIGHTS)


def answer_columns(question: Question) -> tuple[Column, ...]:
    """A question's columns as BigQuery has them.

    Args:
        question: the question.

    Returns:
        Its columns, in order.
    """
    return tuple(Column(each.name, _OF_ANSWER[each.type], each.description) for each in question.columns)


#: The tables of the answers' dataset, by the name of their question.
ANSWERS: Final = {
    question.name: Table(
        question.name,
        f"{question.wording} {' '.join(question.caveats)}",
        answer_columns(question),
    )
    for question in QUESTIONS
}

#: What the Parquet files of a run hold, in order; `year` comes last, from the files' folder.
LAKE_INCIDENTS: Final = Table(
    "incidents",
    "Versions of incidents of one attempt, in the lake.",
    (*(_incident_column(name) for name in COLUMNS if name != "year"), _SOURCE_FILE, _incident_column("year")),
)
LAKE_REJECTS: Final = Table(
    "rejects", "Rejects of one attempt, in the lake.", (_REASON, _SOURCE_FILE, _RAW_ROW)
)
