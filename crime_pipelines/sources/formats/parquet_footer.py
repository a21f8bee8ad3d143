"""The footer of a Parquet file: its columns and the number of its rows, by the format's specification.

Rows are read by DuckDB; their number is taken from here, so that the two can be held against each other.
Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, in the compact
protocol of Thrift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any, Final

from crime_pipelines.errors import InputError
from crime_pipelines.sources.formats.packing import DamagedError

MAGIC: Final = b"PAR1"
_ENCRYPTED: Final = b"PARE"
#: A footer of more bytes is no footer of a file of incidents.
_GREATEST_FOOTER: Final = 64 << 20
#: Thrift's compact types.
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
#: Fields of `FileMetaData` and of `SchemaElement`.
_SCHEMA, _ROWS, _NAME, _CHILDREN = 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Footer:
    """Facts that the footer of a Parquet file states.

    Attributes:
        columns: the names of its columns at the top level.
        rows: the number of its rows.
    """

    columns: tuple[str, ...]
    rows: int


def read_footer(stream: IO[bytes], uri: str) -> Footer:
    """Read the footer of a Parquet file.

    Args:
        stream: the file as stored, which can be sought in.
        uri: the file, as named to the user.

    Returns:
        The footer.

    Raises:
        InputError: the file is encrypted.
        DamagedError: it is damaged or cut short.
    """
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 8))
    tail = stream.read(8)
    if tail[4:] == _ENCRYPTED:
        raise InputError(f"{uri}: is encrypted Parquet; write it without encryption")
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or length > min(size - 12, _GREATEST_FOOTER):
        raise DamagedError(f"{uri}: is damaged Parquet (it has no footer at its end)")
    stream.seek(size - 8 - length)
    try:
        metadata = _Thrift(stream.read(length)).struct()
        return Footer(_columns(metadata[_SCHEMA]), int(metadata[_ROWS]))
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamagedError(
            f"{uri}: is damaged Parquet (its footer can't be read); get the file again"
        ) from error


def _columns(schema: list[dict[int, Any]]) -> tuple[str, ...]:
    """Return the children of the first element, the root; each is followed by what lies below it."""
    names: list[str] = []
    at = 1
    while at < len(schema):
        names.append(schema[at][_NAME].decode("utf-8"))
        left = 1
        while left:
            left += schema[at].get(_CHILDREN, 0) - 1
            at += 1
    if len(names) != schema[0].get(_CHILDREN, 0):
        raise ValueError("not as many columns as the schema says")
    return tuple(names)


class _Thrift:
    """Values in Thrift's compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._whole()
            fields[number] = self._value(head & 15)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind < _DOUBLE:
            return self._whole()
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind == _BINARY:
            return self._bytes(self._number())
        if kind in (_LIST, _SET):
            head = self._byte()
            size = self._number() if head >> 4 == 15 else head >> 4
            return [self._element(head & 15) for _ in range(self._checked(size))]
        if kind == _MAP:
            size = self._checked(self._number())
            kinds = self._byte() if size else 0
            return [(self._element(kinds >> 4), self._element(kinds & 15)) for _ in range(size)]
        if kind == _STRUCT:
            return self.struct()
        raise ValueError(f"no type {kind}")

    def _element(self, kind: int) -> Any:
        return self._byte() == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind)

    def _checked(self, size: int) -> int:
        if size > len(self._data) - self._at:
            raise ValueError("more elements than bytes")
        return size

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._at += self._checked(size)
        return self._data[self._at - size : self._at]

    def _number(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number
            if shift > 63:
                raise ValueError("a number of too many bytes")

    def _whole(self) -> int:
        number = self._number()
        return (number >> 1) ^ -(number & 1)
