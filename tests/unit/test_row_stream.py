"""The client of the Storage Write API against a server of the same protocol that does as each test asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest

pytest.importorskip("google.cloud.bigquery_storage_v1", reason="needs the extra beam: make dev")
pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import grpc
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import Timestamp
from google.cloud.bigquery_storage_v1 import types
from google.rpc.code_pb2 import INTERNAL, INVALID_ARGUMENT, NOT_FOUND
from google.rpc.status_pb2 import Status

from crime_pipelines.beam.streaming.sinks import MOST_BYTES, MOST_HELD, MOST_ROWS, AppendRows
from crime_pipelines.cloud.clients import BIGQUERY_EMULATOR, BIGQUERY_STORAGE_EMULATOR
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse import row_stream
from crime_pipelines.cloud.warehouse.row_stream import RowStream
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.schema import Column, Table
from crime_pipelines.schema.protobuf_rows import RowEncoder

METHOD = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows"
NAME = "projects/p/datasets/crime/tables/t/streams/_default"
TABLE = Table(
    "t",
    "Rows.",
    (
        Column("id", "integer", "A number."),
        Column("name", "text", "A text."),
        Column("loaded_at", "timestamp", "When."),
    ),
)
ENCODER = RowEncoder(TABLE)
Request = types.AppendRowsRequest
Answer = types.AppendRowsResponse


class Server(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers with the next of its answers, or else takes the rows."""

    def __init__(self) -> None:
        self.script: deque[Callable[[Any, list[bytes]], Answer | None]] = deque()
        self.connections: list[list[Request]] = []
        self.taken: list[bytes] = []

    def service(self, handler_call_details: Any) -> Any:
        assert handler_call_details.method == METHOD
        return grpc.stream_stream_rpc_method_handler(self.handle, Request.deserialize, Answer.serialize)

    def handle(self, requests: Iterator[Request], context: Any) -> Iterator[Answer]:
        seen: list[Request] = []
        self.connections.append(seen)
        for request in requests:
            seen.append(request)
            rows = list(request.proto_rows.rows.serialized_rows)
            answer = self.script.popleft()(context, rows) if self.script else Answer(write_stream=NAME)
            if answer is None:
                return
            if not answer.error.code:
                self.taken += rows
            yield answer

    @property
    def sizes(self) -> list[int]:
        return [len(request.proto_rows.rows.serialized_rows) for seen in self.connections for request in seen]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    listening = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    listening.add_generic_rpc_handlers((made,))
    address = f"unix:{tmp_path}/s"
    listening.add_insecure_port(address)
    listening.start()
    monkeypatch.setenv(BIGQUERY_STORAGE_EMULATOR, address)
    monkeypatch.setattr(row_stream, "_FIRST_WAIT", 0.001)
    yield made
    listening.stop(None).wait()


@pytest.fixture
def stream(server: Server) -> Iterator[RowStream]:
    with closing(RowStream(Settings("p", retry_seconds=30), TABLE, ENCODER.descriptor)) as made:
        yield made


def rows_of(number: int) -> list[bytes]:
    return [ENCODER.encode({"id": each}) for each in range(number)]


def ends(code: grpc.StatusCode, text: str = "x") -> Callable[[Any, list[bytes]], None]:
    def end(context: Any, rows: list[bytes]) -> None:
        context.set_code(code)
        context.set_details(text)

    return end


def says(code: int, **errors: str) -> Callable[[Any, list[bytes]], Answer]:
    found = [types.RowError(index=int(number[1:]), message=text) for number, text in errors.items()]
    return lambda context, rows: Answer(
        error=Status(code=code, message="Value 41.88 is wrong"), row_errors=found
    )


def test_one_connection_serves_all_requests_and_names_its_stream_once(
    server: Server, stream: RowStream
) -> None:
    rows = rows_of(3)
    for row in rows:
        assert stream.append([row]) == {}
    assert stream.append([]) == {}
    assert server.taken == rows
    (requests,) = server.connections
    assert [request.write_stream for request in requests] == [NAME, "", ""]
    schemas = [request.proto_rows.writer_schema.proto_descriptor for request in requests]
    assert [[field.name for field in schema.field] for schema in schemas] == [list(TABLE.names), [], []]


@pytest.mark.parametrize(
    "fault",
    [
        *(
            ends(getattr(grpc.StatusCode, name), name)
            for name in (
                "ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE",
                "UNKNOWN",
            )
        ),
        lambda context, rows: None,  # the connection ends well, without an answer
        says(INTERNAL),
    ],
)  # fmt: skip
def test_a_passing_fault_is_tried_again(server: Server, stream: RowStream, fault: Any) -> None:
    rows = rows_of(5)
    assert stream.append(rows[:2]) == {}
    server.script += [fault, fault]
    assert stream.append(rows[2:]) == {}
    assert server.taken == rows


def test_a_server_that_stays_silent_is_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stream, "_ATTEMPTS", 100)
    over = Event()
    server.script.append(lambda context, rows: (over.wait(60) and None) or None)
    with closing(RowStream(Settings("p", retry_seconds=50), TABLE, ENCODER.descriptor)) as stream:
        assert stream.append(rows_of(1)) == {}
    over.set()
    assert server.taken == rows_of(1)
    assert len(server.connections) >= 2


def test_a_fault_that_does_not_pass_fails(server: Server) -> None:
    server.script.extend([ends(grpc.StatusCode.UNAVAILABLE, "gone for good")] * 10_000)
    with (
        closing(RowStream(Settings("p", retry_seconds=1), TABLE, ENCODER.descriptor)) as stream,
        pytest.raises(PipelineError, match=r"^t: BigQuery: gone for good$"),
    ):
        stream.append(rows_of(1))


@pytest.mark.parametrize(
    "fault",
    [
        ends(grpc.StatusCode.PERMISSION_DENIED, "the reason"),
        ends(grpc.StatusCode.NOT_FOUND, "the reason"),
        ends(grpc.StatusCode.UNAUTHENTICATED, "the reason"),
        ends(grpc.StatusCode.INVALID_ARGUMENT, "The proto field mismatched with BigQuery field: the reason"),
        lambda context, rows: Answer(error=Status(code=NOT_FOUND, message="the reason")),
    ],
)
def test_what_no_row_can_cause_fails_at_once_and_refuses_no_row(
    server: Server, stream: RowStream, fault: Any
) -> None:
    server.script.append(fault)
    with pytest.raises(PipelineError, match=r"t: BigQuery: .*the reason"):
        stream.append(rows_of(3))
    assert server.sizes == [3]
    assert stream.append(rows_of(2)) == {}


def test_refused_rows_are_left_out_and_named_without_their_values(server: Server, stream: RowStream) -> None:
    rows = rows_of(6)
    # the list may be incomplete
    server.script += [
        says(INVALID_ARGUMENT, _1="Field loaded_at: value 41.88 of name", _4="41.88"),
        says(INVALID_ARGUMENT, _0="Missing required field: id"),
    ]
    assert stream.append(rows) == {
        1: "loaded_at invalid, name invalid",
        4: "the row invalid",
        0: "id invalid",
    }
    assert server.taken == [rows[2], rows[3], rows[5]]
    assert server.sizes == [6, 4, 3]


def test_a_request_of_refused_rows_alone_is_over(server: Server, stream: RowStream) -> None:
    server.script.append(says(INVALID_ARGUMENT, _0="id", _1="id"))
    assert stream.append(rows_of(2)) == dict.fromkeys(range(2), "id invalid")
    assert server.sizes == [2]


@pytest.mark.parametrize(
    "refusal",
    [
        says(INVALID_ARGUMENT),
        says(INVALID_ARGUMENT, _999="id"),  # of no row that was sent
        lambda context, rows: Answer(
            error=Status(code=INVALID_ARGUMENT), row_errors=[types.RowError(index=-1, message="id")]
        ),
        ends(grpc.StatusCode.INVALID_ARGUMENT, "AppendRows request too large: 3 limit 2"),
    ],
)
def test_a_request_refused_as_a_whole_is_halved_down_to_the_row_at_fault(
    server: Server, stream: RowStream, refusal: Any
) -> None:
    rows = rows_of(8)

    def judge(context: Any, sent: list[bytes]) -> Answer | None:
        answer: Answer | None = refusal(context, sent) if rows[5] in sent else Answer()
        return answer

    server.script.extend([judge] * 50)
    assert stream.append(rows) == {5: "BigQuery refuses the request (400)"}
    assert sorted(server.taken) == sorted(rows[:5] + rows[6:])


def test_a_table_that_has_grown_is_no_fault(server: Server, stream: RowStream) -> None:
    wider = types.TableSchema(fields=[types.TableFieldSchema(name="more", type_="STRING", mode="NULLABLE")])
    server.script.append(lambda context, rows: Answer(updated_schema=wider))
    assert stream.append(rows_of(2)) == {}
    assert stream.append(rows_of(1)) == {}
    assert server.sizes == [2, 1]


def test_rows_meant_for_an_emulator_do_not_go_to_google(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BIGQUERY_EMULATOR, "http://127.0.0.1:1")
    monkeypatch.delenv(BIGQUERY_STORAGE_EMULATOR)
    with pytest.raises(InputError, match=f"{BIGQUERY_STORAGE_EMULATOR} is not"):
        RowStream(Settings("p"), TABLE, ENCODER.descriptor)


def element(number: int) -> dict[str, Any]:
    return {"id": number, "name": "x" * (number // 10_000)}


def test_batches_are_bounded_in_rows_and_bytes_and_stamped(server: Server) -> None:
    sink = AppendRows(Settings("p", retry_seconds=30), TABLE, element)
    numbers = [*range(MOST_ROWS * 2 + 1), *[20_000_000_000 + n for n in range(5)], MOST_BYTES * 10_000]
    refused = []
    sink.setup()
    for bundle in (numbers[:3], numbers[3:]):
        sink.start_bundle()
        for number in bundle:
            refused += list(sink.process(number, Timestamp.now(), GlobalWindow()))
        refused += [each.value for each in sink.finish_bundle()]
    sink.teardown()
    assert [number for number, _ in refused] == numbers[-1:]
    assert server.sizes[:3] == [3, 500, 498 + 2]
    assert sum(server.sizes) == len(server.taken) == len(numbers) - 1
    (requests,) = server.connections
    assert max(len(Request.serialize(request)) for request in requests) < MOST_BYTES + 50_000
    stamp = len(ENCODER.encode({"loaded_at": "2026-11-30T00:00:00+00:00"}))
    assert server.taken[1].startswith(ENCODER.encode(element(1)))
    assert len(server.taken[1]) == len(ENCODER.encode(element(1))) + stamp


def test_batches_are_bounded_in_what_their_elements_hold(server: Server) -> None:
    sink = AppendRows(Settings("p", retry_seconds=30), TABLE, element, lambda number: MOST_HELD // 3 * number)
    sink.setup()
    sink.start_bundle()
    for number in (1, 2, 1, 1, 1, 9, 0):
        assert not list(sink.process(number, Timestamp.now(), GlobalWindow()))
    assert not list(sink.finish_bundle())
    sink.teardown()
    assert server.sizes == [2, 3, 1, 1]
