"""Rows appended to a table by BigQuery's Storage Write API, as they come: its default stream.

The library's own `AppendRowsStream` is not used: it sleeps up to a second before it looks for an answer, and
a connection that ends starts a thread to replace it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type

from crime_pipelines.cloud.clients import write_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.columns import Table

if TYPE_CHECKING:
    from google.cloud.bigquery_storage_v1.types import AppendRowsRequest, AppendRowsResponse, RowError
    from google.protobuf.descriptor_pb2 import DescriptorProto

#: Seconds between two attempts, at first and at most.
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 15.0
#: A request without an answer is sent again after the time for all attempts divided by this.
_ATTEMPTS = 3
#: Faults that pass. A connection that has been idle for ten minutes, or whose server goes, ends with one.
_PASSING: Final = (
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.ServiceUnavailable,
    exceptions.Unknown,
)
#: How BigQuery begins to say that a table is not as declared, which is no row's fault.
_OTHER_SCHEMA: Final = (
    "Input schema has more fields than BigQuery schema",
    "The proto field mismatched with BigQuery field",
)


class RowStream:
    """The default stream of a table, over one connection that is opened when there are rows.

    Rows are appended at least once: an answer that is lost has them sent again. It serves one thread.
    """

    def __init__(self, settings: Settings, table: Table, descriptor: DescriptorProto) -> None:
        """Say where to.

        Args:
            settings: the settings.
            table: the table of the warehouse's dataset.
            descriptor: the type of the rows, as `schema.protobuf_rows` encodes them.
        """
        self._table, self._descriptor = table, descriptor
        self._silence = settings.retry_seconds / _ATTEMPTS
        self._name = (
            f"projects/{settings.project}/datasets/{settings.dataset}/tables/{table.name}/streams/_default"
        )
        self._columns = re.compile(rf"\b(?:{'|'.join(map(re.escape, table.names))})\b")
        self._client = write_client()
        # The library would wait for the first answer before it lets go of the call.
        vars(self._client.transport.append_rows)["_prefetch_first_result_"] = False
        self._retry = Retry(
            predicate=if_exception_type(*_PASSING),
            initial=_FIRST_WAIT,
            maximum=_LONGEST_WAIT,
            timeout=settings.retry_seconds,
        )
        self._requests: SimpleQueue[AppendRowsRequest | None] | None = None
        self._answers: Any = None

    def append(self, rows: Sequence[bytes]) -> dict[int, str]:
        """Append rows; those that are refused do not keep the others from being appended.

        Args:
            rows: the rows, serialized, within BigQuery's bounds for a request.

        Returns:
            Why rows were refused, by their number; without their values.

        Raises:
            PipelineError: BigQuery can't be reached, or the table is not there, is out of reach, or lacks a
                column.
        """
        refused: dict[int, str] = {}
        waiting = [list(range(len(rows)))] if rows else []
        while waiting:
            numbers = waiting.pop()
            try:
                errors = self._sent([rows[number] for number in numbers])
            except exceptions.InvalidArgument as error:
                # Something in it is at fault, and BigQuery does not say what.
                if len(numbers) == 1:
                    refused[numbers[0]] = f"BigQuery refuses the request ({error.code})"
                else:
                    middle = len(numbers) // 2
                    waiting += [numbers[:middle], numbers[middle:]]
                continue
            refused |= {numbers[index]: why for index, why in errors.items()}
            rest = [number for number in numbers if number not in refused]
            if errors and rest:
                waiting.append(rest)  # of a request with a refused row, nothing is appended
        return refused

    def close(self) -> None:
        """Close the connection."""
        self._disconnect()
        self._client.transport.close()  # type: ignore[no-untyped-call]

    def _sent(self, rows: Sequence[bytes]) -> dict[int, str]:
        """Send a request as often as its faults pass; return why rows were refused, by their index."""
        try:
            answer: AppendRowsResponse = self._retry(self._answer)(rows)
        except exceptions.RetryError as error:
            raise PipelineError(f"{self._table.name}: BigQuery: {_text(error.cause)}") from error
        except exceptions.InvalidArgument as error:
            if _text(error).startswith(_OTHER_SCHEMA):
                raise PipelineError(
                    f"{self._table.name}: BigQuery: {_text(error)}; add this release's columns to it"
                ) from error
            raise
        except exceptions.GoogleAPICallError as error:
            raise PipelineError(f"{self._table.name}: BigQuery: {_text(error)}") from error
        return {error.index: self._reason(error.message) for error in _row_errors(answer, rows)}

    def _reason(self, message: str) -> str:
        """Return which columns BigQuery's message names; it quotes values, which must not get into a log."""
        columns = sorted(set(self._columns.findall(message)))
        return ", ".join(f"{name} invalid" for name in columns) or "the row invalid"

    def _answer(self, rows: Sequence[bytes]) -> AppendRowsResponse:
        """Send one request and wait for its answer."""
        from google.cloud.bigquery_storage_v1.types import AppendRowsRequest

        request = AppendRowsRequest.pb(AppendRowsRequest())
        request.proto_rows.rows.serialized_rows.extend(rows)
        if self._requests is None:
            request.write_stream = self._name
            request.proto_rows.writer_schema.proto_descriptor.CopyFrom(self._descriptor)
            self._connect()
        self._requests.put(AppendRowsRequest.wrap(request))  # type: ignore[union-attr]
        silence = threading.Timer(self._silence, self._answers.cancel)
        silence.daemon = True
        silence.start()
        try:
            answer: AppendRowsResponse = next(self._answers)
        except StopIteration as error:
            self._disconnect()
            closed = exceptions.ServiceUnavailable("the connection was closed")  # type: ignore[no-untyped-call]
            raise closed from error
        except exceptions.GoogleAPICallError:
            self._disconnect()
            raise
        finally:
            silence.cancel()
        if answer.error.code and not _row_errors(answer, rows):
            raise exceptions.from_grpc_status(  # type: ignore[no-untyped-call]
                answer.error.code, answer.error.message
            )
        return answer

    def _connect(self) -> None:
        self._requests = SimpleQueue()
        self._answers = self._client.append_rows(
            _until_none(self._requests),
            retry=None,
            # by which Google finds the region
            metadata=(("x-goog-request-params", f"write_stream={self._name}"),),
        )

    def _disconnect(self) -> None:
        if self._requests is not None:
            self._requests.put(None)
            self._answers.cancel()
        self._requests = self._answers = None


def _row_errors(answer: AppendRowsResponse, rows: Sequence[bytes]) -> list[RowError]:
    return [error for error in answer.row_errors if 0 <= error.index < len(rows)]


def _until_none(queue: SimpleQueue[AppendRowsRequest | None]) -> Iterator[AppendRowsRequest]:
    while (request := queue.get()) is not None:
        yield request


def _text(error: Any) -> str:
    return str(getattr(error, "message", None) or error)
