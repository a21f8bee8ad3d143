"""Text whose fields are separated by tabs or semicolons.

With the two separators exchanged, byte for byte, it is comma-separated text, to which the rules of
`domain.records` apply; the fields are then exchanged back.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import IO, Any, Final

from crime_pipelines.domain.records.csv_records import fields_of, join_record
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.domain.records.record_boundaries import after_headings
from crime_pipelines.sources.formats.malformed import escaped_row
from crime_pipelines.sources.formats.packing import buffered
from crime_pipelines.sources.row_counter import count_rows

_PIECE: Final = 1 << 20
#: Headings of more bytes than this are no headings.
GREATEST_HEADINGS: Final = 1 << 16


@lru_cache
def _exchanges(separator: str) -> tuple[bytes, dict[int, str]]:
    codes = bytearray(range(256))
    codes[ord(",")], codes[ord(separator)] = ord(separator), ord(",")
    return bytes(codes), {ord(","): separator, ord(separator): ","}


def exchanged(text: bytes, separator: str) -> bytes:
    """Exchange a separator and the comma.

    Args:
        text: bytes.
        separator: the separator, an ASCII character.

    Returns:
        The bytes.
    """
    return text.translate(_exchanges(separator)[0])


def exchanged_text(text: str, separator: str) -> str:
    """Exchange a separator and the comma.

    Args:
        text: a text.
        separator: the separator.

    Returns:
        The text.
    """
    return text.translate(_exchanges(separator)[1])


def comma_rows(stream: IO[bytes], separator: str, width: int) -> Iterator[bytes]:
    """Read rows as comma-separated lines; the headings are not among them.

    Args:
        stream: the text.
        separator: what separates its fields.
        width: the number of headings.

    Yields:
        Each row with its line break, a malformed one as `malformed.escaped_row` writes it.

    Raises:
        LineTooLongError: a line is too long.
    """
    start = stream.read(GREATEST_HEADINGS + 1)

    def pieces() -> Iterator[bytes]:
        yield exchanged(start[after_headings(start) :], separator)
        for piece in iter(partial(stream.read, _PIECE), b""):
            yield exchanged(piece, separator)

    code = separator.encode()
    for record in records(pieces(), width):
        data = record.data
        if not record.sound:
            yield escaped_row(exchanged(data, separator)) + b"\n"
        elif b'"' not in data:
            # Fields beyond the headings are empty.
            fields = exchanged(data, separator).split(code)[:width]
            yield b",".join([b'"%b"' % field if b"," in field else field for field in fields]) + b"\n"
        else:
            text = data.decode("utf-8", "surrogateescape")
            texts = fields_of(text, width)
            if texts is None:
                raise AssertionError(f"a sound row has no {width} fields")
            line = join_record([exchanged_text(each, separator) for each in texts])
            yield line.encode("utf-8", "surrogateescape") + b"\n"


def separated_row(fields: list[str], separator: str) -> str:
    """Write fields as a row of separated text.

    Args:
        fields: the fields.
        separator: what separates them.

    Returns:
        The row, without a line break.
    """
    return exchanged_text(join_record([exchanged_text(field, separator) for field in fields]), separator)


def count_separated(stream: IO[bytes], separator: str, width: int) -> int:
    """Count rows, by other code than `comma_rows`.

    Args:
        stream: the text.
        separator: what separates its fields.
        width: the number of headings.

    Returns:
        Their number.

    Raises:
        LongLineError: a line is too long.
    """
    pieces = (exchanged(piece, separator) for piece in iter(partial(stream.read, _PIECE), b""))
    exchanged_stream: Any = buffered(pieces)
    if not isinstance(exchanged_stream, io.BufferedReader):
        raise TypeError("a buffered stream is read into")
    return count_rows(exchanged_stream, width, skip_headings=True).rows
