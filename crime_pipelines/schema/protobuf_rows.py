"""Rows of a table as protocol buffers, for BigQuery's Storage Write API.

Types follow https://docs.cloud.google.com/bigquery/docs/supported-data-types: a date is a number of days and
a timestamp a number of microseconds since 1970-01-01, a datetime is text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from crime_pipelines.schema.columns import ColumnType, Table

_DAY: Final = date(1970, 1, 1).toordinal()
_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: One more than the greatest whole number that a column can hold, and the least without its sign.
_TOO_LARGE: Final = 1 << 63


class RowError(ValueError):
    """A row that its table can't hold; the text names columns, and no values."""


class RowEncoder:
    """Encodes rows of one table."""

    def __init__(self, table: Table) -> None:
        """Make the table's message type.

        Args:
            table: the table.
        """
        self.descriptor: DescriptorProto = table.protobuf_schema()
        pool = DescriptorPool()
        pool.Add(
            FileDescriptorProto(name=f"{table.name}.proto", syntax="proto2", message_type=[self.descriptor])
        )
        self._message = GetMessageClass(pool.FindMessageTypeByName(table.name))
        self._converted = {column.name: _CONVERTED[column.type] for column in table.columns}

    def encode(self, row: Mapping[str, Any]) -> bytes:
        """Encode a row, or a part of one: serialized parts that are joined make one row.

        Args:
            row: values by column; dates and times as such or as JSON has them, in ISO 8601. None, like a
                column that is not there, is null.

        Returns:
            The serialized message.

        Raises:
            RowError: the table lacks a column of the row, or a value is not of its column's type.
        """
        values = {}
        wrong = []
        for name, value in row.items():
            if value is None and name in self._converted:
                continue
            try:
                values[name] = self._converted[name](value)
            except KeyError:
                wrong.append(f"the table has no column {name}")
            except (AttributeError, TypeError, ValueError, OverflowError):
                wrong.append(f"{name} invalid")
        if wrong:
            raise RowError(", ".join(sorted(wrong)))
        serialized: bytes = self._message(**values).SerializeToString()
        return serialized


def _integer(value: Any) -> int:
    if type(value) is not int or not -_TOO_LARGE <= value < _TOO_LARGE:
        raise TypeError
    return value


def _decimal(value: Any) -> float:
    if type(value) not in (float, int):
        raise TypeError
    return float(value)


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not value.isascii():
        value.encode()  # a lone surrogate has no place in UTF-8
    return value


def _date(value: Any) -> int:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(day, datetime):
        raise TypeError
    return int(day.toordinal()) - _DAY


def _datetime(value: Any) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is not None:
        raise ValueError
    return str(moment.isoformat())


def _timestamp(value: Any) -> int:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is None:
        raise ValueError
    return int((moment - _MOMENT) // _MICROSECOND)


_CONVERTED: Final[dict[ColumnType, Callable[[Any], Any]]] = {
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "text": _text,
    "date": _date,
    "datetime": _datetime,
    "timestamp": _timestamp,
}
