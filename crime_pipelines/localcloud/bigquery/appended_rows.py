"""AppendRows of the Storage Write API, as strict as BigQuery documents it; the emulator keeps the rows.

A connection's first request names the stream and the writer's schema; later ones need neither, unless the
connection writes to several tables. A request over 10 MB and a schema that does not fit end the connection.
Of a request with a refused row nothing is appended, and the answer names its refused rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from typing import Any, Final

import pyarrow as pa

from crime_pipelines.localcloud.bigquery.proto_rows import MORE_FIELDS, RowReader, SchemaMismatchError
from crime_pipelines.localcloud.bigquery.schema_changes import adopt_altered
from crime_pipelines.localcloud.bigquery.streamed_rows import LARGEST_REQUEST, missing, rows_out_of_bounds

_DEFAULT: Final = "/streams/_default"
_INVALID: Final = 3  # google.rpc.Code


class _EndedError(Exception):
    """A request that ends its connection, as invalid."""

    def __init__(self, message: str, *, extra_fields: bool = False) -> None:
        super().__init__(message)
        self.extra_fields = extra_fields


class Connection:
    """One connection: the stream it is bound to, and the writer's schema."""

    def __init__(self, handler: Any, context: Any) -> None:
        """Nothing is bound yet.

        Args:
            handler: the emulator's handler of the service.
            context: the call's.
        """
        self._handler, self._context = handler, context
        self._types = import_module("google.cloud.bigquery_storage_v1").types
        self._stream: Any = None
        self._names: set[str] = set()
        self._descriptor: Any = None
        self._arrow_schema: bytes | None = None
        self._width = 0

    async def answers(self, requests: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Answer the requests, in the thread of the REST interface: the two share one connection of DuckDB.

        Args:
            requests: the requests, serialized.

        Yields:
            The answer to each, serialized, until one ends the connection.
        """
        try:
            async for request in requests:
                async with self._handler._ctx.engine.write_lock():
                    answer = self._answer(request)
                if answer is None:
                    return  # the context says why
                yield self._types.AppendRowsResponse.serialize(answer)
        except _EndedError as error:
            self._end(error)

    def _end(self, error: _EndedError) -> None:
        message = f"{error} Entity: {self._stream.name}" if self._stream else str(error)
        status = import_module("google.rpc.status_pb2").Status(code=_INVALID, message=message)
        if error.extra_fields:
            kinds = self._types.StorageError.StorageErrorCode
            detail = self._types.StorageError(
                code=kinds.SCHEMA_MISMATCH_EXTRA_FIELDS, entity=self._stream.name, error_message=str(error)
            )
            status.details.add().Pack(self._types.StorageError.pb(detail))
        self._context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        self._context.set_code(import_module("grpc").StatusCode.INVALID_ARGUMENT)
        self._context.set_details(message)

    def _answer(self, serialized: bytes) -> Any:
        if len(serialized) > LARGEST_REQUEST:
            raise _EndedError(f"AppendRows request too large: {len(serialized)} limit {LARGEST_REQUEST}")
        request = self._types.AppendRowsRequest.pb(
            self._types.AppendRowsRequest.deserialize(serialized), coerce=False
        )
        if not self._bound(request.write_stream):
            return None
        if request.HasField("offset") and self._stream.name.endswith(_DEFAULT):
            return self._error("Offset must not be specified when appending to the default stream.")
        place = (self._stream.project_id, self._stream.dataset_id, self._stream.table_id)
        table = adopt_altered(self._handler._ctx, place)
        fields = table.schema_.fields
        grown = 0 < self._width < len(fields)
        self._width = len(fields)
        kind = request.WhichOneof("rows")
        if kind == "proto_rows":
            rows, wrong = self._proto_rows(request.proto_rows, {field.name: field.type for field in fields})
        elif kind == "arrow_rows":
            rows, wrong = self._arrow_rows(request.arrow_rows, fields), {}
        else:
            raise _EndedError("Rows must be specified.")
        wrong = missing(table, rows) | rows_out_of_bounds(table, rows) | wrong
        if wrong:
            return self._refused(wrong)
        return self._appended(request, table, rows, grown=grown)

    def _bound(self, name: str) -> bool:
        """Bind the connection to the stream of a request; tell whether there is one, within reach."""
        if not name and len(self._names) != 1:
            raise _EndedError("The write_stream must be specified.")
        if name and (self._stream is None or name != self._stream.name):
            if any(not each.endswith(_DEFAULT) for each in self._names):
                raise _EndedError("A connection writes to several streams only if all are default streams.")
            if not import_module("bqemulator.grpc_api.write_servicer")._is_valid_stream_name(name):
                raise _EndedError(f"Invalid stream name. Entity: {name}")
            found = self._handler._bind_stream_to_target(name, self._context)
            if found is None:
                return False
            self._stream, self._descriptor, self._arrow_schema, self._width = found[0], None, None, 0
            self._names.add(name)
        return True

    def _proto_rows(
        self, sent: Any, columns: Mapping[str, str]
    ) -> tuple[list[dict[str, Any]], dict[int, str]]:
        if sent.HasField("writer_schema"):
            self._descriptor = sent.writer_schema.proto_descriptor
        if self._descriptor is None:
            raise _EndedError("The writer_schema must be specified in the first request of a connection.")
        try:
            # Each time: the table may have changed since.
            reader = RowReader(self._descriptor, columns)
        except SchemaMismatchError as error:
            raise _EndedError(str(error), extra_fields=error.extra_fields) from error
        return reader.read(sent.rows.serialized_rows)

    def _arrow_rows(self, sent: Any, fields: Any) -> list[dict[str, Any]]:
        if sent.HasField("writer_schema"):
            self._arrow_schema = sent.writer_schema.serialized_schema
        if self._arrow_schema is None:
            raise _EndedError("The writer_schema must be specified in the first request of a connection.")
        schema = pa.ipc.read_schema(pa.py_buffer(self._arrow_schema))
        batch = pa.ipc.read_record_batch(pa.py_buffer(sent.rows.serialized_record_batch), schema)
        extra = set(schema.names) - {field.name for field in fields}
        if extra:
            raise _EndedError(f"{MORE_FIELDS}, extra fields: '{','.join(sorted(extra))}'", extra_fields=True)
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows

    def _appended(self, request: Any, table: Any, rows: list[dict[str, Any]], *, grown: bool) -> Any:
        servicer = import_module("bqemulator.grpc_api.write_servicer")
        schema = servicer._table_arrow_schema(table)
        try:
            columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            return self._error(f"Cannot convert value: {error}")
        offset = request.offset.value if request.HasField("offset") else None
        most = self._handler._ctx.settings.write_api_max_stream_rows
        answer = self._types.AppendRowsResponse.deserialize(
            self._handler._perform_append(self._stream, pa.table(columns, schema=schema), offset, most)
        )
        plain = self._types.AppendRowsResponse.pb(answer)
        if plain.HasField("append_result") and self._stream.name.endswith(_DEFAULT):
            plain.append_result.ClearField("offset")
        if grown:
            answer.updated_schema = servicer._table_meta_to_proto_schema(table)
        return answer

    def _error(self, message: str, rows: Mapping[int, str] | None = None) -> Any:
        kind = self._types.RowError.RowErrorCode.FIELDS_ERROR
        return self._types.AppendRowsResponse(
            write_stream=self._stream.name,
            error=import_module("google.rpc.status_pb2").Status(
                code=_INVALID, message=f"{message} Entity: {self._stream.name}"
            ),
            row_errors=[
                self._types.RowError(index=number, code=kind, message=text)
                for number, text in sorted((rows or {}).items())
            ],
        )

    def _refused(self, rows: Mapping[int, str]) -> Any:
        return self._error(
            "Errors found while processing rows. Please refer to the row_errors field for details. "
            "The list may not be complete because of the size limitations.",
            rows,
        )
