"""The local cloud's BigQuery refuses what Google's refuses, over BigQuery's own protocols."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.api_core.exceptions import BadRequest, Conflict, Forbidden, GoogleAPICallError
from google.cloud import bigquery
from google.oauth2.credentials import Credentials

from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.localcloud.emulators import Emulators
from tests.cloud.local import PROJECT, fresh_settings

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)


@pytest.fixture(scope="module")
def client(cloud: Emulators) -> Iterator[bigquery.Client]:
    with closing(warehouse_client(fresh_settings())) as made:
        made.create_dataset("strict")
        schema = [
            bigquery.SchemaField("id", "INTEGER"),
            bigquery.SchemaField("moment", "DATETIME"),
            bigquery.SchemaField("block", "STRING"),
        ]
        for name, required in (("rows", False), ("filtered", True)):
            table = bigquery.Table(f"{PROJECT}.strict.{name}", schema=schema)
            table.time_partitioning = bigquery.TimePartitioning(type_="MONTH", field="moment")
            table.require_partition_filter = required
            assert bool(made.create_table(table).require_partition_filter) is required
        yield made


def put(client: bigquery.Client, *moments: datetime | str) -> list[dict[str, object]]:
    rows = [{"id": number, "moment": str(moment)} for number, moment in enumerate(moments)]
    found: list[dict[str, object]] = client.insert_rows_json(f"{PROJECT}.strict.rows", rows)
    return found


def count(client: bigquery.Client) -> int:
    ((rows,),) = client.query_and_wait("SELECT COUNT(*) FROM strict.rows")
    return int(rows)


def test_streamed_rows_out_of_bounds_fail_their_request(client: bigquery.Client) -> None:
    before = count(client)
    assert put(client, NOW, NOW + timedelta(days=300), NOW - timedelta(days=1800)) == []
    refused = put(client, NOW, NOW + timedelta(days=1095))
    assert [(each["index"], each["errors"][0]["reason"]) for each in refused] == [
        (0, "stopped"),
        (1, "invalid"),
    ]
    assert "366 days in the future relative to the current date" in refused[1]["errors"][0]["message"]
    assert count(client) == before + 3


def test_streamed_rows_are_refused_with_their_own_reason(client: bigquery.Client) -> None:
    rows = [{"id": "x"}, {"id": 1, "no": 2}, {"id": 1, "moment": "yesterday"}]
    refused = client.insert_rows_json(f"{PROJECT}.strict.rows", rows)
    assert [each["errors"][0]["location"] for each in refused] == ["id", "no", "moment"]
    assert {each["errors"][0]["reason"] for each in refused} == {"invalid"}


def test_a_streamed_row_without_a_required_value_is_refused(client: bigquery.Client) -> None:
    schema = [bigquery.SchemaField("id", "INTEGER", mode="REQUIRED"), bigquery.SchemaField("text", "STRING")]
    table = client.create_table(bigquery.Table(f"{PROJECT}.strict.required", schema=schema))
    refused = client.insert_rows_json(table, [{"id": 1}, {"text": "x"}, {"id": None}])
    assert [each["errors"][0]["message"] for each in refused] == [
        "",
        *["Missing required field: id."] * 2,
    ]
    assert client.insert_rows_json(table, [{"id": 1}]) == []


def test_load_jobs_and_statements_write_any_partition(client: bigquery.Client) -> None:
    before = count(client)
    client.query_and_wait("INSERT INTO strict.rows (id, moment) VALUES (1, DATETIME '1950-01-01 00:00:00')")
    assert count(client) == before + 1


def test_a_request_over_ten_megabytes_is_refused(client: bigquery.Client) -> None:
    rows = [{"id": number, "block": "x" * 1_000_000} for number in range(11)]
    with pytest.raises(GoogleAPICallError, match="exceeds the limit: 10485760 bytes"):
        client.insert_rows_json(f"{PROJECT}.strict.rows", rows)


def test_a_job_id_is_taken_once(client: bigquery.Client) -> None:
    client.query("SELECT 1", job_id="only-once", job_retry=None).result()
    with pytest.raises(Conflict, match="Already Exists: Job"):
        client.query("SELECT 1", job_id="only-once", job_retry=None)
    with pytest.raises(BadRequest):
        client.query("SELECT id FROM strict.filtered", job_id="refused-first", job_retry=None)
    client.query("SELECT 1", job_id="refused-first", job_retry=None).result()


def test_a_required_partition_filter_is_required(client: bigquery.Client) -> None:
    with pytest.raises(BadRequest, match=r"without a filter over column\(s\) 'moment'"):
        client.query_and_wait("SELECT COUNT(*) FROM strict.filtered")
    client.query_and_wait("SELECT COUNT(*) FROM strict.filtered WHERE moment >= DATETIME '2020-01-01'")
    table = client.get_table(f"{PROJECT}.strict.filtered")
    table.require_partition_filter = False
    client.update_table(table, ["require_partition_filter"])
    client.query_and_wait("SELECT COUNT(*) FROM strict.filtered")


@pytest.mark.parametrize("by", ["the API", "a statement"])
def test_a_column_is_added_and_filled(client: bigquery.Client, by: str) -> None:
    name = f"{PROJECT}.strict.{by.replace(' ', '_')}"
    table = client.create_table(bigquery.Table(name, schema=[bigquery.SchemaField("id", "INTEGER")]))
    assert client.insert_rows_json(table, [{"id": 1}]) == []
    if by == "the API":
        table.schema = [*table.schema, bigquery.SchemaField("text", "STRING")]
        client.update_table(table, ["schema"])
    else:
        client.query_and_wait(f"ALTER TABLE `{name}` ADD COLUMN text STRING")
    wide = client.get_table(name)
    assert [field.name for field in wide.schema] == ["id", "text"]
    assert client.insert_rows_json(wide, [{"id": 2, "text": "x"}, {"id": 3}]) == []
    rows = client.query_and_wait(f"SELECT id, text FROM `{name}` ORDER BY id")
    assert [tuple(row) for row in rows] == [(1, None), (2, "x"), (3, None)]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ([("moment", "DATETIME", "NULLABLE")], "Field id is missing in new schema"),
        ([("id", "STRING", "NULLABLE"), ("moment", "DATETIME", "NULLABLE")], "Field id has changed type"),
        (
            [
                ("id", "INT64", "NULLABLE"),
                ("moment", "DATETIME", "NULLABLE"),
                ("block", "STRING", "NULLABLE"),
                ("more", "STRING", "REQUIRED"),
            ],
            "Cannot add required fields to an existing schema",
        ),
    ],
)
def test_a_schema_that_would_lose_or_change_a_column_is_refused(
    client: bigquery.Client, schema: list[tuple[str, str, str]], said: str
) -> None:
    table = client.get_table(f"{PROJECT}.strict.rows")
    table.schema = [bigquery.SchemaField(*field) for field in schema]
    with pytest.raises(BadRequest, match=said):
        client.update_table(table, ["schema"])


def test_tables_and_columns_can_be_out_of_an_accounts_reach(
    cloud: Emulators, client: bigquery.Client
) -> None:
    def account(name: str) -> bigquery.Client:
        return bigquery.Client(PROJECT, Credentials(f"{name}@{PROJECT}.iam.gserviceaccount.com"))

    charts = f"crime-charts@{PROJECT}.iam.gserviceaccount.com"
    cloud.access.write_text(json.dumps({"strict.rows": [charts], "strict.rows.block": []}))
    try:
        with closing(account("crime-charts")) as one, closing(account("crime-stream")) as other:
            one.query_and_wait("SELECT COUNT(*), MAX(id) FROM strict.rows")
            with pytest.raises(Forbidden, match="policy tag on columns"):
                one.query_and_wait("SELECT block FROM strict.rows")
            with pytest.raises(Forbidden, match="policy tag on columns"):
                one.query_and_wait("SELECT * FROM strict.rows")
            with pytest.raises(Forbidden, match="Access Denied: Table"):
                other.query_and_wait("SELECT id FROM strict.rows")
            with pytest.raises(Forbidden, match="Access Denied: Table"):
                put(other, NOW)
    finally:
        cloud.access.unlink()


def test_a_table_is_read_as_of_a_moment_or_refused(client: bigquery.Client) -> None:
    name = f"{PROJECT}.strict.history"
    client.create_table(bigquery.Table(name, schema=[bigquery.SchemaField("id", "INTEGER")]))

    def ids(moment: datetime) -> list[int]:
        then = f"FOR SYSTEM_TIME AS OF TIMESTAMP '{moment.isoformat(sep=' ')}'"
        return [row[0] for row in client.query(f"SELECT id FROM strict.history {then} ORDER BY id").result()]

    def moment() -> datetime:
        ((now,),) = client.query_and_wait("SELECT CURRENT_TIMESTAMP()")
        found: datetime = now
        return found

    client.query_and_wait("INSERT INTO strict.history VALUES (1)")
    of_statement = moment()
    assert client.insert_rows_json(name, [{"id": 2}]) == []
    of_first = moment()
    assert ids(of_first) == [1, 2]
    assert client.insert_rows_json(name, [{"id": 3}]) == []
    of_last = moment()
    assert (ids(of_statement), ids(of_last)) == ([1], [1, 2, 3])
    client.query_and_wait("DELETE FROM strict.history WHERE id = 1")
    assert (ids(of_statement), ids(moment())) == ([1], [2, 3])
    for lost in (of_first, of_last):
        with pytest.raises(GoogleAPICallError, match="the local cloud keeps no copy of"):
            ids(lost)
