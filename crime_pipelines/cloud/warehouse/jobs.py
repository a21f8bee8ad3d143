"""BigQuery jobs: queries, statements that replace rows, and jobs that are done once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.clients import patience_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.tables import full_name
from crime_pipelines.errors import PipelineError
from crime_pipelines.questions.model import as_json
from crime_pipelines.schema.columns import Column, Table

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, QueryJob, ScalarQueryParameter

#: A staged table that nobody deleted goes by itself.
_STAGED: Final = timedelta(hours=1)


def query(client: Client, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run a query and fetch its rows.

    Args:
        client: BigQuery.
        sql: the query, or a statement.
        parameters: the values of its named parameters; None counts as text.

    Returns:
        The rows; none for a statement.

    Raises:
        PipelineError: it failed.
    """
    return execute(client, sql, [_scalar(name, value) for name, value in parameters.items()])


def execute(client: Client, sql: str, parameters: list[ScalarQueryParameter]) -> list[tuple[Any, ...]]:
    """Run a query or a statement with typed parameters and fetch its rows.

    Args:
        client: BigQuery.
        sql: the query, or a statement.
        parameters: its named parameters.

    Returns:
        The rows; none for a statement.

    Raises:
        PipelineError: it failed.
    """
    return _run(client, sql, parameters)[0]


def billed_query(client: Client, sql: str) -> tuple[list[tuple[Any, ...]], int]:
    """Run a query, fetch its rows and say what it costs.

    Args:
        client: BigQuery.
        sql: the query.

    Returns:
        The rows, and the bytes that BigQuery bills; 0 for what it had in its cache.

    Raises:
        PipelineError: it failed.
    """
    rows, job = _run(client, sql, [])
    return rows, job.total_bytes_billed or 0


def _run(
    client: Client, sql: str, parameters: list[ScalarQueryParameter]
) -> tuple[list[tuple[Any, ...]], QueryJob]:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import QueryJobConfig

    retry = patience_of(client)
    try:
        job = client.query(sql, job_config=QueryJobConfig(query_parameters=parameters), retry=retry)
        return [tuple(row.values()) for row in job.result(retry=retry)], job
    except GoogleAPICallError as error:
        raise PipelineError(f"BigQuery: {error.message}") from error


def start_query(client: Client, sql: str, job_id: str, **parameters: Any) -> QueryJob:
    """Start a statement under an id of its own, for `once`.

    Args:
        client: BigQuery.
        sql: the statement.
        job_id: the job's id.
        parameters: the values of its named parameters; None counts as text.

    Returns:
        The job, started.

    Raises:
        google.api_core.exceptions.Conflict: there is a job of this id.
    """
    from google.cloud.bigquery import QueryJobConfig

    config = QueryJobConfig(query_parameters=[_scalar(name, value) for name, value in parameters.items()])
    # An id belongs to one attempt at a job: the library must not try again under the same.
    return client.query(sql, job_config=config, job_id=job_id, job_retry=None, retry=patience_of(client))


def once(client: Client, job_id: str, start: Callable[[str], Any], problem: Callable[[], str]) -> None:
    """Run a job under an id that follows from what it does, and wait until what it is to do is done.

    Args:
        client: BigQuery.
        job_id: the id; a number is put behind it, which grows where an earlier job of the same id failed or
            what it did is gone.
        start: starts the job of an id.
        problem: looks at what the job was to do; what is wrong with it, or an empty text.

    Raises:
        PipelineError: the job failed, or what it was to do is not as it should be.
    """
    from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound

    retry = patience_of(client)
    for number in count():
        name = f"{job_id}-{number}"
        own = False
        try:
            job = client.get_job(name, retry=retry)
        except NotFound:
            try:
                job, own = start(name), True
            except Conflict:  # another delivery of the same event got there in between
                job = client.get_job(name, retry=retry)
            except GoogleAPICallError as error:
                raise PipelineError(f"BigQuery job {name}: {error.message}") from error
        try:
            job.result(retry=retry)
        except GoogleAPICallError as error:
            if own:
                raise PipelineError(f"BigQuery job {name}: {error.message}") from error
            continue
        wrong = problem()
        if not wrong:
            return
        if own:
            raise PipelineError(wrong)


def replacing(target: str, values: Mapping[str, str], source: str, going: str = "TRUE") -> str:
    """Write one statement that replaces rows; readers see all of it or nothing.

    The table itself stays, with its schema, descriptions and rights.

    Args:
        target: the table's full name.
        values: the expression of each column, over a row `fresh` of the source.
        source: the rows to put in: a query in brackets, or a table's full name.
        going: which rows go: a condition on a row `kept` of the table.

    Returns:
        A MERGE statement.
    """
    return (
        f"MERGE {target} AS kept\nUSING {source} AS fresh\nON FALSE\n"
        f"WHEN NOT MATCHED BY SOURCE AND {going} THEN DELETE\n"
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(f'`{name}`' for name in values)})\n"
        f"VALUES ({', '.join(values.values())})"
    )


def replace_rows(
    client: Client,
    target: str,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Any, ...]],
    going: str = "TRUE",
) -> None:
    """Put rows in the place of others.

    Args:
        client: BigQuery.
        target: the table's full name.
        columns: its columns.
        rows: the values of each column, row by row.
        going: which rows go, as `replacing` takes it; its parameters are the first row's columns.

    Raises:
        PipelineError: BigQuery refuses.
    """
    from google.cloud.bigquery import ScalarQueryParameter

    selects, parameters = [], []
    for number, row in enumerate(rows):
        names = [each.name if number == 0 else f"{each.name}__{number}" for each in columns]
        selects.append(
            "SELECT "
            + ", ".join(f"@{name} AS `{each.name}`" for name, each in zip(names, columns, strict=True))
        )
        parameters += [
            ScalarQueryParameter(name, each.standard_type, value)
            for name, each, value in zip(names, columns, row, strict=True)
        ]
    if not selects:
        nothing = ", ".join(f"CAST(NULL AS {each.standard_type}) AS `{each.name}`" for each in columns)
        selects.append(f"SELECT {nothing} FROM UNNEST([1]) WHERE FALSE")
    source = "\nUNION ALL\n".join(selects)
    values = {each.name: f"fresh.`{each.name}`" for each in columns}
    execute(client, replacing(target, values, f"({source})", going), parameters)


def load_in_place(client: Client, settings: Settings, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Replace the rows of a table of the answers in one statement, from one that a load job fills.

    They may be too many for the parameters of a statement, and a load job that replaced the table would drop
    the policy tags of its columns.

    Args:
        client: BigQuery.
        settings: the settings.
        table: the table.
        rows: the values of its columns, row by row.

    Raises:
        PipelineError: BigQuery refuses.
    """
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import LoadJobConfig, SourceFormat
    from google.cloud.bigquery import Table as BigQueryTable

    staged = Table(f"staging_{table.name}_{token_hex(6)}", table.description, table.columns)
    name = f"{settings.project}.{settings.staging_dataset}.{staged.name}"
    made = BigQueryTable(name, schema=staged.bigquery_schema())
    made.expires = datetime.now(UTC) + _STAGED
    records = [dict(zip(table.names, map(as_json, row), strict=True)) for row in rows]
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


def _scalar(name: str, value: Any) -> ScalarQueryParameter:
    from google.cloud.bigquery import ScalarQueryParameter

    match value:
        case bool():
            kind = "BOOL"
        case int():
            kind = "INT64"
        case float():
            kind = "FLOAT64"
        case datetime():
            kind = "DATETIME" if value.tzinfo is None else "TIMESTAMP"
        case date():
            kind = "DATE"
        case _:
            kind = "STRING"
    return ScalarQueryParameter(name, kind, value)
