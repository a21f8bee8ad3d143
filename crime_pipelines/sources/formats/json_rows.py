"""Rows of JSON: an array of objects, as the City's API gives, or an object on each line."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import IO, Any, Final, NoReturn

from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.domain.records.csv_splitter import GREATEST_LINE, GREATEST_RECORD
from crime_pipelines.errors import InputError
from crime_pipelines.sources.formats.form import Content
from crime_pipelines.sources.formats.malformed import escaped_row
from crime_pipelines.sources.formats.packing import DamagedError

_PIECE: Final = 1 << 20
_MARK: Final = "\ufeff"
#: Numbers stay as they are written.
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_SPACE: Final = re.compile(r"[ \t\r\n]*+")
#: What `surrogateescape` makes of a byte that is not UTF-8, encoded.
_ESCAPED: Final = re.compile(rb"\xed[\xb2\xb3][\x80-\xbf]")
_QUOTED: Final = re.compile('["\n\r]')

#: A row: its object, or its text where it is malformed.
JsonRow = Mapping[str, Any] | str


def json_rows(stream: IO[bytes], content: Content, uri: str) -> Iterator[JsonRow]:
    """Read the objects of a file.

    Args:
        stream: its text.
        content: whether it is an array or an object on each line.
        uri: the file, as named to the user.

    Yields:
        Each object. A line that is no object, or an object of too many bytes, is given as text.

    Raises:
        InputError: the array is no JSON, holds something else than objects, or a text that is too long.
    """
    return _array(stream, uri) if content is Content.JSON_ARRAY else _lines(stream, uri)


def comma_row(row: JsonRow, headings: Sequence[str]) -> bytes:
    """Write a row as a comma-separated line.

    Args:
        row: the row.
        headings: the keys, in the order of the fields.

    Returns:
        The line with its line break, a malformed row as `malformed.escaped_row` writes it.
    """
    if isinstance(row, str):
        return escaped_row(_bytes(row)) + b"\n"
    fields = [_text(row.get(heading)) for heading in headings]
    line = ",".join(fields)
    if line.count(",") != len(fields) - 1 or _QUOTED.search(line):
        line = join_record(fields)
    return _bytes(line) + b"\n"


def object_text(headings: Sequence[str], fields: Sequence[str]) -> str:
    """Write a row of text fields as a JSON object.

    Args:
        headings: the keys.
        fields: their values.

    Returns:
        The object; keys without a value are left out.
    """
    row = {heading: field for heading, field in zip(headings, fields, strict=True) if field}
    return json.dumps(row, ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair of surrogates, escaped in the file
        data = text.encode("utf-8", "surrogatepass")
        return _ESCAPED.sub(lambda found: bytes([(found[0][1] & 1) << 6 | found[0][2]]), data)


def _lines(stream: IO[bytes], uri: str) -> Iterator[JsonRow]:
    for number, line in enumerate(_split(stream), start=1):
        if len(line) > GREATEST_LINE:
            raise InputError(f"{uri}: line {number:,} has more than {GREATEST_LINE:,} bytes")
        text = (
            line.decode("utf-8", "surrogateescape").removeprefix(_MARK if number == 1 else "").strip(" \t\r")
        )
        if text:
            yield _row(text, len(line))


def _split(stream: IO[bytes]) -> Iterator[bytes]:
    left = b""
    for piece in iter(partial(stream.read, _PIECE), b""):
        *lines, left = (left + piece).split(b"\n")
        yield from lines
        if len(left) > GREATEST_LINE:
            break
    yield left


def _row(text: str, size: int) -> JsonRow:
    if size > GREATEST_RECORD:
        return text
    try:
        row = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return text
    return row if isinstance(row, dict) else text


def _array(stream: IO[bytes], uri: str) -> Iterator[JsonRow]:
    text = _Text(stream)
    number = 0
    sign = text.next_sign()
    while sign == "[":
        text.skip(1)
        sign = text.next_sign()
        while sign != "]":
            if sign != "{":
                _refuse(uri, number, "an object should begin there")
            row, size = text.value(uri, number)
            number += 1
            yield row if size <= GREATEST_RECORD else text.last
            sign = text.next_sign()
            if sign == ",":
                text.skip(1)
                sign = text.next_sign()
                if sign == "]":
                    _refuse(uri, number, "a comma ends it")
            elif sign != "]":
                _refuse(uri, number, "a comma should follow" if sign else "it ends too early")
        text.skip(1)
        sign = text.next_sign()  # pages of the API, one after another
    if sign:
        _refuse(uri, number, "something follows the array")


def _refuse(uri: str, number: int, why: str) -> NoReturn:
    raise DamagedError(f"{uri}: is damaged JSON behind {number:,} objects ({why})")


class _Text:
    """A JSON text that is read on as needed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._start = 0
        self._ended = False
        if self.next_sign() == _MARK:
            self.skip(1)

    @property
    def last(self) -> str:
        return self._text[self._start : self._at]

    def next_sign(self) -> str:
        """Return the next character that is no space; none at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def skip(self, number: int) -> None:
        self._at += number

    def value(self, uri: str, number: int) -> tuple[Mapping[str, Any], int]:
        """Return the object that begins here, and about how many bytes it has."""
        while True:
            try:
                row, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                _refuse(uri, number, "it is nested too deeply")
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > GREATEST_LINE:
                    _refuse(uri, number, f"no object of at most {GREATEST_LINE:,} bytes: {error.msg}")
                if not self._read_on():
                    _refuse(uri, number, f"it ends too early, or: {error.msg}")
            else:
                self._start, self._at = self._at, end
                size = end - self._start
                if size <= GREATEST_RECORD < 4 * size:
                    size = len(_bytes(self.last))
                return row, size

    def _read_on(self) -> bool:
        """Read more, at least as much as is held, so that the time is linear."""
        if self._ended:
            return False
        data = self._stream.read(max(_PIECE, len(self._text) - self._at))
        self._ended = not data
        self._text = self._text[self._at :] + self._decoder.decode(data, self._ended)
        self._at = 0
        return True
