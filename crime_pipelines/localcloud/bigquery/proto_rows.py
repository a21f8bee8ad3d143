"""Rows of the Storage Write API: which field fits which column, and what its values mean.

Source: https://docs.cloud.google.com/bigquery/docs/supported-data-types. Enums, messages and repeated fields
are not served.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

MORE_FIELDS: Final = "Input schema has more fields than BigQuery schema"
_WHOLE: Final = frozenset(("int32", "int64", "uint32", "uint64"))
_EXACT: Final = _WHOLE | {"double", "float", "string", "bytes"}
#: The types of fields that a column takes.
FIELD_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "BIGNUMERIC": _EXACT,
    "BOOL": _WHOLE | {"bool"},
    "BYTES": frozenset(("bytes", "string")),
    "DATE": frozenset(("int32", "int64", "string")),
    "DATETIME": frozenset(("int64", "string")),
    "FLOAT64": frozenset(("double", "float")),
    "INT64": _WHOLE - {"uint64"},
    "JSON": frozenset(("string",)),
    "NUMERIC": _EXACT,
    "STRING": frozenset(("string",)),
    "TIME": frozenset(("int64", "string")),
    "TIMESTAMP": _WHOLE - {"uint64"},
}
_ALIASES: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "DECIMAL": "NUMERIC"}
_DAY: Final = dt.date(1970, 1, 1).toordinal()
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DIGITS: Final = {"NUMERIC": 9, "BIGNUMERIC": 38}


class SchemaMismatchError(Exception):
    """A writer's schema that does not fit the table."""

    def __init__(self, message: str, *, extra_fields: bool = False) -> None:
        """Say why.

        Args:
            message: BigQuery's sentence.
            extra_fields: whether it has fields that the table lacks.
        """
        super().__init__(message)
        self.extra_fields = extra_fields


class RowReader:
    """Reads the rows of a writer's schema into values of a table's columns."""

    def __init__(self, descriptor: DescriptorProto, columns: Mapping[str, str]) -> None:
        """Hold the schema against the table.

        Args:
            descriptor: the writer's schema.
            columns: the types of the table's columns by name, in BigQuery's words.

        Raises:
            SchemaMismatchError: the schema is no message of proto2, or does not fit.
        """
        try:
            pool = DescriptorPool()
            pool.Add(FileDescriptorProto(name="BqMessage.proto", syntax="proto2", message_type=[descriptor]))
            self._message = GetMessageClass(pool.FindMessageTypeByName(descriptor.name))
        except (TypeError, KeyError) as error:
            raise SchemaMismatchError(f"Invalid proto schema: {error}") from error
        names = {name.lower(): name for name in columns}
        extra = [field.name for field in descriptor.field if field.name.lower() not in names]
        if extra:
            raise SchemaMismatchError(f"{MORE_FIELDS}, extra fields: '{','.join(extra)}'", extra_fields=True)
        self._columns: dict[str, tuple[str, str, Callable[[Any], Any]]] = {}
        for field in descriptor.field:
            name = names[field.name.lower()]
            kind = _ALIASES.get(columns[name].upper(), columns[name].upper())
            sent = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
            repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
            if repeated or sent not in FIELD_TYPES.get(kind, ()):
                raise SchemaMismatchError(
                    f"The proto field mismatched with BigQuery field at {descriptor.name}.{field.name}, the "
                    f"proto field type {'repeated ' * repeated}{sent}, BigQuery field type {columns[name]}"
                )
            self._columns[field.name] = (name, kind, _VALUE.get(kind, _as_it_is))

    def read(self, rows: Sequence[bytes]) -> tuple[list[dict[str, Any]], dict[int, str]]:
        """Read rows.

        Args:
            rows: the serialized rows.

        Returns:
            Each row's values by column, without nulls; of those that can't be read, why, by their number.
        """
        values: list[dict[str, Any]] = []
        wrong: dict[int, str] = {}
        for number, serialized in enumerate(rows):
            message = self._message()
            row: dict[str, Any] = {}
            name = kind = ""
            try:
                message.ParseFromString(serialized)
                for field, value in message.ListFields():
                    name, kind, value_of = self._columns[field.name]
                    row[name] = value_of(value)
            except DecodeError:
                wrong[number] = "The row is no message of the writer's schema"
            except (ArithmeticError, TypeError, ValueError):
                wrong[number] = f"Cannot convert value of field {name} to {kind.lower()} (bad value)"
            values.append(row)
        return values, wrong


def unpacked(packed: int) -> dt.datetime:
    """Return a DATETIME in BigQuery's packed form.

    Args:
        packed: year, month, day, hour, minute and second in 14, 4, 5, 5, 6 and 6 bits, then the
            microseconds in 20.

    Returns:
        The same as a datetime.
    """
    rest, microsecond = divmod(packed, 1 << 20)
    parts = []
    for bits in (6, 6, 5, 5, 4):
        rest, part = divmod(rest, 1 << bits)
        parts.append(part)
    second, minute, hour, day, month = parts
    return dt.datetime(rest, month, day, hour, minute, second, microsecond)


def _as_it_is(value: Any) -> Any:
    return value


def _date(value: int | str) -> dt.date:
    return dt.date.fromisoformat(value) if isinstance(value, str) else dt.date.fromordinal(_DAY + value)


def _datetime(value: int | str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else unpacked(value)
    if moment.tzinfo is not None:
        raise ValueError(value)
    return moment


def _time(value: int | str) -> dt.time:
    if isinstance(value, str):
        return dt.time.fromisoformat(value)
    seconds, microsecond = divmod(value, 1 << 20)
    minutes, second = divmod(seconds, 1 << 6)
    hour, minute = divmod(minutes, 1 << 6)
    return dt.time(hour, minute, second, microsecond)


def _timestamp(value: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=value)


def _decimal(kind: str) -> Callable[[Any], Decimal]:
    def decimal(value: Any) -> Decimal:
        if isinstance(value, bytes):
            return Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-_DIGITS[kind])
        return Decimal(str(value))

    return decimal


def _text(value: bytes | str) -> str:
    if isinstance(value, bytes):
        raise TypeError  # so the library gives a text that is not UTF-8
    return value


def _json(value: str) -> str:
    json.loads(value)
    return value


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


_VALUE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "BIGNUMERIC": _decimal("BIGNUMERIC"),
    "BOOL": bool,
    "BYTES": _bytes,
    "DATE": _date,
    "DATETIME": _datetime,
    "JSON": _json,
    "NUMERIC": _decimal("NUMERIC"),
    "STRING": _text,
    "TIME": _time,
    "TIMESTAMP": _timestamp,
}
