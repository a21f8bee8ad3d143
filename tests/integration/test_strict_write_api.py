"""The local cloud's Storage Write API refuses what Google's refuses, over its own protocol and client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")
pytest.importorskip("google.cloud.bigquery_storage_v1", reason="needs the extra beam: make dev")

from google.api_core.exceptions import (
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from crime_pipelines.cloud.clients import BIGQUERY_STORAGE_EMULATOR, warehouse_client, write_client
from crime_pipelines.localcloud.calls.accounts import email
from crime_pipelines.localcloud.calls.record import Call, recorded
from crime_pipelines.localcloud.emulators import Emulators
from tests.cloud.local import PROJECT, fresh_settings

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
FIELDS = {"id": "int64", "moment": "string", "block": "string"}
Request = types.AppendRowsRequest


def stream_of(table: str) -> str:
    return f"projects/{PROJECT}/datasets/written/tables/{table}/streams/_default"


@pytest.fixture(scope="module")
def warehouse(cloud: Emulators) -> Iterator[bigquery.Client]:
    with closing(warehouse_client(fresh_settings())) as made:
        made.create_dataset("written")
        make_table(made, "rows", "INTEGER REQUIRED", "DATETIME", "STRING")
        yield made


@pytest.fixture
def client(warehouse: bigquery.Client) -> Iterator[BigQueryWriteClient]:
    with write_client() as made:
        yield made


def make_table(client: bigquery.Client, name: str, *kinds: str) -> None:
    schema = [
        bigquery.SchemaField(column, kind.split()[0], mode="REQUIRED" if " " in kind else "NULLABLE")
        for column, kind in zip(FIELDS, kinds, strict=False)
    ]
    table = bigquery.Table(f"{PROJECT}.written.{name}", schema=schema)
    if len(kinds) > 1:
        table.time_partitioning = bigquery.TimePartitioning(type_="MONTH", field="moment")
    client.create_table(table)


class Writer:
    """Makes requests of rows whose fields are of these types."""

    def __init__(self, fields: dict[str, str] = FIELDS, stream: str = stream_of("rows")) -> None:
        number = FieldDescriptorProto.Type.Value
        self.descriptor = DescriptorProto(
            name="Row",
            field=[
                FieldDescriptorProto(name=name, number=at, type=number(f"TYPE_{kind.upper()}"), label=1)
                for at, (name, kind) in enumerate(fields.items(), 1)
            ],
        )
        pool = DescriptorPool()
        pool.Add(FileDescriptorProto(name="row.proto", syntax="proto2", message_type=[self.descriptor]))
        self.message = GetMessageClass(pool.FindMessageTypeByName("Row"))
        self.stream = stream

    def request(
        self, *rows: dict[str, Any], stream: str | None = None, schema: bool = True, **more: Any
    ) -> Request:
        made = Request(write_stream=self.stream if stream is None else stream, **more)
        made.proto_rows.rows.serialized_rows = [self.message(**row).SerializeToString() for row in rows]
        if schema:
            made.proto_rows.writer_schema.proto_descriptor = self.descriptor
        return made


def answers(client: BigQueryWriteClient, *requests: Request) -> list[types.AppendRowsResponse]:
    return list(client.append_rows(iter(requests), retry=None, timeout=60))


def count(warehouse: bigquery.Client, table: str = "rows") -> int:
    ((rows,),) = warehouse.query_and_wait(f"SELECT COUNT(*) FROM written.{table}")
    return int(rows)


def test_rows_are_appended_and_later_requests_need_no_name(
    warehouse: bigquery.Client, client: BigQueryWriteClient
) -> None:
    before, writer = count(warehouse), Writer()
    told = answers(
        client,
        writer.request({"id": 1, "moment": str(NOW)}, {"id": 2}),
        writer.request({"id": 3}, stream="", schema=False),
    )
    for answer in told:
        assert answer.write_stream == stream_of("rows")
        plain = types.AppendRowsResponse.pb(answer)
        assert plain.WhichOneof("response") == "append_result"
        assert not plain.append_result.HasField("offset")
    assert count(warehouse) == before + 3


FAR = str(NOW + timedelta(days=1095))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"id": 1, "moment": FAR}, "366 days in the future relative to the current date"),
        ({"id": 1, "moment": str(NOW - timedelta(days=1830))}, "within 1825 days in the past"),
        ({"id": 1, "moment": "yesterday"}, "field moment"),
        ({"block": "x"}, "Missing required field: id"),
    ],
)
def test_of_a_request_with_a_refused_row_nothing_is_appended(
    warehouse: bigquery.Client, client: BigQueryWriteClient, wrong: dict[str, Any], said: str
) -> None:
    before, writer = count(warehouse), Writer()
    refused, taken = answers(
        client, writer.request({"id": 1}, wrong), writer.request({"id": 1}, stream="", schema=False)
    )
    assert refused.error.code == 3
    assert refused.error.message.startswith("Errors found while processing rows.")
    ((index, code, message),) = [(each.index, each.code, each.message) for each in refused.row_errors]
    assert (index, code) == (1, types.RowError.RowErrorCode.FIELDS_ERROR)
    assert said in message
    assert not taken.error.code, "the connection goes on"
    assert count(warehouse) == before + 1


def test_an_offset_is_refused_on_the_default_stream(client: BigQueryWriteClient) -> None:
    (told,) = answers(client, Writer().request({"id": 1}, offset=0))
    assert (told.error.code, "Offset" in told.error.message) == (3, True)


LARGE = [{"id": number, "block": "x" * 1_000_000} for number in range(11)]
ENDING: dict[str, tuple[Request, type[GoogleAPICallError], str]] = {
    "no stream": (Writer().request({"id": 1}, stream=""), InvalidArgument, "write_stream must be specified"),
    "no schema": (Writer().request({"id": 1}, schema=False), InvalidArgument, "writer_schema must be"),
    "no rows": (Request(write_stream=stream_of("rows")), InvalidArgument, "Rows must be specified"),
    "too large": (Writer().request(*LARGE), InvalidArgument, "request too large: .* limit 10485760"),
    "a field more": (
        Writer({**FIELDS, "more": "string"}).request({"id": 1}), InvalidArgument, "extra fields: 'more'",
    ),
    "another type": (
        Writer({"id": "string"}).request({"id": "1"}), InvalidArgument,
        r"mismatched with BigQuery field at Row\.id, the proto field type string, BigQuery field type INT",
    ),
    "a name that is none": (Writer().request({"id": 1}, stream="rows"), InvalidArgument, "rows"),
    "no table": (Writer().request({"id": 1}, stream=stream_of("nothing")), NotFound, "nothing"),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDING)
def test_a_request_that_does_not_fit_ends_the_connection(
    warehouse: bigquery.Client, client: BigQueryWriteClient, case: str
) -> None:
    before = count(warehouse)
    request, kind, said = ENDING[case]
    with pytest.raises(kind, match=said) as ended:
        answers(client, request)
    assert count(warehouse) == before
    if case == "a field more":
        (detail,) = ended.value.details
        error = types.StorageError.pb()()
        assert detail.Unpack(error)
        assert error.code == types.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS


#: By column type: the type of the field, what is sent, and what BigQuery then holds.
STORED: list[tuple[str, str, Any, Any]] = [
    ("BOOL", "bool", False, False),
    ("BYTES", "bytes", b"\x00\xff", b"\x00\xff"),
    ("DATE", "int32", -719_162, date(1, 1, 1)),
    ("DATE", "string", "9999-12-31", date(9999, 12, 31)),
    ("DATETIME", "string", "0001-01-01T00:00:00", datetime(1, 1, 1)),
    ("DATETIME", "string", "9999-12-31T23:59:59.999999", datetime(9999, 12, 31, 23, 59, 59, 999_999)),
    ("DATETIME", "int64", 0x1F3A17EFBF0_0000 | 1, None),
    ("FLOAT64", "double", 41.88, 41.88),
    ("INT64", "int64", -(2**63), -(2**63)),
    ("NUMERIC", "string", "1.000000001", Decimal("1.000000001")),
    ("NUMERIC", "bytes", (-1_500_000_000).to_bytes(8, "little", signed=True), Decimal("-1.5")),
    ("STRING", "string", "Straße", "Straße"),
    ("TIME", "string", "23:59:59.5", time(23, 59, 59, 500_000)),
    ("TIMESTAMP", "int64", -62_135_596_800_000_000, datetime(1, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize("number", range(len(STORED)), ids=lambda number: "-".join(STORED[number][:2]))
def test_every_type_is_stored_as_it_was_sent(
    warehouse: bigquery.Client, client: BigQueryWriteClient, number: int
) -> None:
    kind, sent_as, sent, stored = STORED[number]
    name = f"of_{number}"
    make_table(warehouse, name, kind)
    told = answers(client, Writer({"id": sent_as}, stream_of(name)).request({"id": sent}, {}))
    if stored is None:
        assert [error.index for error in told[0].row_errors] == [0], "no such date"
        return
    assert not told[0].error.code
    rows = warehouse.query_and_wait(f"SELECT id FROM written.{name} ORDER BY id IS NULL")
    assert [row[0] for row in rows] == [stored, None]


@pytest.mark.parametrize("by", ["the API", "a statement"])
def test_a_connection_outlives_a_new_column_and_is_told_of_it_once(
    warehouse: bigquery.Client, client: BigQueryWriteClient, by: str
) -> None:
    name = by.replace(" ", "_")
    make_table(warehouse, name, "INTEGER")
    writer = Writer({"id": "int64"}, stream_of(name))

    def requests() -> Iterator[Request]:
        yield writer.request({"id": 1})
        table = warehouse.get_table(f"{PROJECT}.written.{name}")
        if by == "the API":
            table.schema = [*table.schema, bigquery.SchemaField("more", "STRING")]
            warehouse.update_table(table, ["schema"])
        else:
            warehouse.query_and_wait(f"ALTER TABLE `{PROJECT}.written.{name}` ADD COLUMN more STRING")
        yield writer.request({"id": 2}, stream="", schema=False)
        yield writer.request({"id": 3}, stream="", schema=False)

    told = list(client.append_rows(requests(), retry=None, timeout=60))
    assert [[field.name for field in answer.updated_schema.fields] for answer in told] == [
        [],
        ["id", "more"],
        [],
    ]
    assert count(warehouse, name) == 3


def test_a_connection_may_write_to_several_tables_if_it_names_them(
    warehouse: bigquery.Client, client: BigQueryWriteClient
) -> None:
    make_table(warehouse, "second", "INTEGER")
    before, second = count(warehouse), Writer({"id": "int64"}, stream_of("second"))
    requests = [Writer().request({"id": 1}), second.request({"id": 1}), Writer().request({"id": 1})]
    assert [answer.error.code for answer in answers(client, *requests)] == [0, 0, 0]
    assert (count(warehouse), count(warehouse, "second")) == (before + 2, 1)
    with pytest.raises(InvalidArgument, match="write_stream must be specified"):
        answers(client, *requests, second.request({"id": 1}, stream="", schema=False))


def test_accounts_are_told_apart_and_their_calls_recorded(
    cloud: Emulators, warehouse: bigquery.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Writer().request({"id": 1})
    cloud.access.write_text(json.dumps({"written.rows": [email("stream", PROJECT)]}))
    try:
        for account, within in (("stream", True), ("charts", False)):
            monkeypatch.setenv(
                BIGQUERY_STORAGE_EMULATOR, cloud.environment_of(account)[BIGQUERY_STORAGE_EMULATOR]
            )
            with write_client() as client:
                if within:
                    assert [answer.error.code for answer in answers(client, request)] == [0]
                else:
                    with pytest.raises(PermissionDenied, match="TABLES_UPDATE_DATA"):
                        answers(client, request)
    finally:
        cloud.access.unlink()
    assert Call("stream", "bigquery.tables.updateData", "table/written/rows") in recorded(cloud.calls)


def test_nobody_without_a_token_gets_past_the_doors(cloud: Emulators) -> None:
    import grpc

    trust = grpc.ssl_channel_credentials((cloud.access.parent / "certificate.pem").read_bytes())
    address = cloud.endpoints["BigQuery storage (gRPC, TLS)"]
    with grpc.secure_channel(address, trust) as channel:
        transport = BigQueryWriteClient.get_transport_class("grpc")(channel=channel)
        with pytest.raises(Unauthenticated):
            answers(BigQueryWriteClient(transport=transport), Writer().request({"id": 1}))
