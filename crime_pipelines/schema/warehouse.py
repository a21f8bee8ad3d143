"""The tables of the warehouse's dataset."""

from __future__ import annotations

from typing import Final

from crime_pipelines.schema.columns import Column, Partitions, Table
from crime_pipelines.schema.incidents import (
    INCIDENTS,
    RAW_ROW,
    REASON,
    SOURCE_FILE,
    incident_column,
)

#: Days that versions, rejects and dead letters are kept. What counts stays in `incidents` for ever.
HISTORY_DAYS: Final = 400

_RUN_ID: Final = Column("run_id", "text", "The run that read the row.")
_ATTEMPT: Final = Column("attempt", "text", "Which attempt of the run wrote the row.")
_LOADED_AT: Final = Column("loaded_at", "timestamp", "When the row was written.")

INCIDENT_VERSIONS: Final = Table(
    "incident_versions",
    "A version of an incident, as published at updated_on; the table incidents has those that count.",
    (
        *INCIDENTS.columns,
        Column("deleted", "boolean", "True for a tombstone: the incident is deleted as of updated_on."),
        _RUN_ID,
        _ATTEMPT,
        SOURCE_FILE,
        _LOADED_AT,
    ),
    # by arrival: BigQuery refuses streamed rows whose partition is years away
    partitions=Partitions("loaded_at", "DAY", HISTORY_DAYS, filter_required=True),
    cluster_by=("id",),
)
CURRENT_INCIDENTS: Final = Table(
    INCIDENTS.name,
    "An incident: the version of it that counts, as of the last refresh.",
    (*INCIDENTS.columns, _RUN_ID, _ATTEMPT),
    # not required: the answers ask for all years
    partitions=Partitions("occurred_at", "MONTH"),
    cluster_by=("community_area", "primary_type"),
)
TOMBSTONES: Final = Table(
    "tombstones",
    "A deleted incident: its current version is a tombstone, as of the last refresh.",
    (incident_column("id"), incident_column("updated_on"), _RUN_ID, _ATTEMPT),
)
REFRESHES: Final = Table(
    "refreshes",
    "A refresh of incidents from incident_versions.",
    (
        Column("refreshed_at", "timestamp", "When it began: versions loaded long enough before are in it."),
        Column("versions", "integer", "Versions that it looked at."),
        Column("months", "integer", "Months of incidents that it looked at."),
    ),
)
ATTEMPTS: Final = Table(
    "attempts",
    "An attempt of a run that began to write rows; those of replaced attempts are gone.",
    (
        Column("run_id", "text", "The run."),
        Column("attempt", "text", "Which of its attempts."),
        Column("began_at", "timestamp", "When it began; none of its rows was written before."),
    ),
)
REJECTS: Final = Table(
    "rejects",
    "A row that can't become an incident, whole.",
    (_RUN_ID, _ATTEMPT, REASON, SOURCE_FILE, RAW_ROW, _LOADED_AT),
    partitions=Partitions("loaded_at", "DAY", HISTORY_DAYS, filter_required=True),
)
RUNS: Final = Table(
    "runs",
    "A run whose rows are all in the warehouse.",
    (
        Column("run_id", "text", "The run."),
        Column("attempt", "text", "The attempt that counts; rows of others count for nothing."),
        Column(
            "architecture", "integer", "1: Parquet in the lake first. 2: straight to BigQuery. 0: the feed."
        ),
        Column("engine", "text", "What read the files."),
        Column("source", "text", "The source as given."),
        Column("started_at", "timestamp", "When the attempt that counts began."),
        Column("finished_at", "timestamp", "When it had read everything."),
        Column("settled_at", "timestamp", "When all its rows were in the warehouse, and it began to count."),
        Column("shift_years", "integer", "Calendar years that dates were moved by."),
        Column("as_of", "datetime", "The moment that the run's answers are as of."),
        Column("read", "integer", "Rows read: versions and rejected."),
        Column("versions", "integer", "Versions of incidents."),
        Column("rejected", "integer", "Rows that can't be incidents."),
        Column("detail", "text", "JSON: files, rejected by reason, warnings by field."),
        # Behind the others, where BigQuery puts the columns that a table gets later.
        Column("layout", "text", "The layout of its files, by its name or its TOML file."),
        Column("department", "text", "The department that they are of."),
    ),
)
DEAD_LETTERS: Final = Table(
    "dead_letters",
    "A message of the feed that can't become an incident, or whose row the warehouse refused.",
    (
        REASON,
        Column("error", "text", "What is wrong with it, in words."),
        Column("payload", "text", "The message as it came, or its beginning; base64 where it is not UTF-8."),
        Column("encoding", "text", "How payload holds the message: utf-8 or base64."),
        Column("bytes", "integer", "Size of the message; where payload holds less, the topic has the whole."),
        Column("sha256", "text", "SHA-256 of the message, hexadecimal."),
        Column("received_at", "timestamp", "When it was published."),
        Column("loaded_at", "timestamp", "When the row was written."),
    ),
    partitions=Partitions("loaded_at", "DAY", HISTORY_DAYS),
)
AREAS: Final = Table(
    "areas",
    "An area of the department's city.",
    (
        Column("area", "integer", "Its number."),
        Column("name", "text", "Its name."),
        Column("residents", "integer", "Residents, census of 2020; null where they are not on file."),
    ),
)
DEPARTMENT: Final = Table(
    "department",
    "The department whose incidents the dataset holds, in one row.",
    (
        Column("department", "text", "The department."),
        Column("layout", "text", "The layout that the dataset was set up for, by its name or its TOML file."),
        Column("has_arrests", "boolean", "Whether its data say of each incident if there was an arrest."),
    ),
)
#: The tables of the warehouse's dataset.
TABLES: Final = (
    INCIDENT_VERSIONS,
    CURRENT_INCIDENTS,
    TOMBSTONES,
    REJECTS,
    RUNS,
    ATTEMPTS,
    REFRESHES,
    AREAS,
    DEPARTMENT,
    DEAD_LETTERS,
)
