"""A record of a CSV file: how a text is split into fields, and fields are joined into a text.

The rules, for every engine:

- A field in quotes may hold commas, line breaks and doubled quotes. One space before its opening quote
  and any after its closing one mean nothing. A quote inside a field that does not begin with one is an
  ordinary character.
- Empty fields past the last heading mean nothing. Any other number of fields than there are headings
  makes the row malformed.
- Quoting is broken where text follows a closing quote, or where a quote never closes. Then the one
  physical line is malformed and reading goes on with the next: a stray quote costs its own row, not the
  rows that follow it up to the next quote.
- An empty line is no row.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from crime_pipelines.domain.text import literal

#: A row of more bytes (in UTF-8) than this is malformed; so far a closing quote is looked for.
GREATEST_RECORD: Final = 1 << 18

_FIELD: Final = re.compile(r' ?"((?:[^"]|"")*)" *(?=,|\Z)|(?! ?")([^,]*)')
_OPEN: Final = re.compile(r' ?"(?:[^"]|"")*\Z')


class BrokenQuotingError(ValueError):
    """Text follows a closing quote."""


class OpenQuoteError(ValueError):
    """A quote is not closed by the end of the text."""


def split_record(text: str) -> list[str]:
    """The fields of a record.

    Args:
        text: the record, without the line break that ends it.

    Returns:
        The fields, quotes undone, nothing trimmed.

    Raises:
        BrokenQuotingError: text follows a closing quote.
        OpenQuoteError: a quote is not closed; with the next line added it may be.
    """
    if '"' not in text:
        return text.split(",")
    fields: list[str] = []
    position = 0
    while True:
        match = _FIELD.match(text, position)
        if match is None:
            if _OPEN.match(text, position):
                raise OpenQuoteError("a quote is not closed")
            raise BrokenQuotingError("text follows a closing quote")
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end() + 1  # past the comma
        if position > len(text):
            return fields


class Record(NamedTuple):
    """A row of a file.

    Attributes:
        text: the row as it stands in the file, without the line break that ends it.
        sound: whether it has a field for each heading (see `fields_of`); if not, it is malformed.
    """

    text: str
    sound: bool


def fields_of(text: str, width: int) -> list[str] | None:
    """The fields of a row, one per heading.

    Args:
        text: the row, without the line break that ends it.
        width: the number of headings.

    Returns:
        The fields, or None if the row has too few, too many, or broken quoting.

    Raises:
        OpenQuoteError: a quote is not closed; with the next line added it may be.
    """
    try:
        fields = split_record(text)
    except BrokenQuotingError:
        return None
    while len(fields) > width and not fields[-1]:
        fields.pop()
    return fields if len(fields) == width else None


def records(lines: Iterable[str], width: int) -> Iterator[Record]:
    """The rows of a file, malformed ones among them; memory is bounded by `GREATEST_RECORD`.

    Args:
        lines: the physical lines after the headings, each with its line break (``\\n``, ``\\r\\n`` or
            ``\\r``; the last may have none).
        width: the number of headings.

    Yields:
        Each row, in order. Joined, their texts are the file's text but for empty lines.
    """
    # Most rows have no quotes but around whole fields: one match tells that they are sound.
    field = '(?:[^",]*|"[^"]*")'
    plain = re.compile(f"{field}(?:,{field}){{{width - 1}}}").fullmatch
    source = iter(lines)
    ahead: deque[str] = deque()  # lines read in search of a closing quote that was not there
    while True:
        line = ahead.popleft() if ahead else next(source, None)
        if line is None:
            return
        body = line.rstrip("\r\n")
        if not body:
            continue
        if _too_long(body):
            yield Record(body, False)
            continue
        if plain(body):
            yield Record(body, True)
            continue
        try:
            yield Record(body, fields_of(body, width) is not None)
        except OpenQuoteError:
            yield _continued(line, source, ahead, width)


def _continued(line: str, source: Iterator[str], ahead: deque[str], width: int) -> Record:
    """The record that a line with an open quote begins; the lines it does not take are left in `ahead`."""
    text = line
    for taken, following in enumerate(chain(tuple(ahead), _kept(source, ahead)), start=1):
        text += following
        if _too_long(text):
            break
        if '"' not in following:
            continue
        body = text.rstrip("\r\n")
        try:
            sound = fields_of(body, width) is not None
        except OpenQuoteError:
            continue
        if not sound:
            break
        for _ in range(taken):
            ahead.popleft()
        return Record(body, True)
    return Record(line.rstrip("\r\n"), False)


def _too_long(text: str) -> bool:
    # A character takes at most four bytes: most texts need no encoding to be told short.
    return len(text) * 4 > GREATEST_RECORD and len(text.encode()) > GREATEST_RECORD


def _kept(source: Iterator[str], ahead: deque[str]) -> Iterator[str]:
    for line in source:
        ahead.append(line)
        yield line


def join_record(fields: Sequence[str | None]) -> str:
    """A record in the one way that the project writes them: RFC 4180, quotes only where they are needed.

    Args:
        fields: the fields' texts; None is written like an empty text.

    Returns:
        The record, without a line break.
    """
    return ",".join(_quoted(field or "") for field in fields)


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if re.search('[,"\n\r]', field) else field


def join_record_sql(columns: Sequence[str]) -> str:
    """The SQL face of `join_record`.

    Args:
        columns: SQL expressions of text.

    Returns:
        A SQL expression of the record.
    """
    signs = (",", '"', "\n", "\r")
    return " || ',' || ".join(
        f"CASE WHEN {' OR '.join(f'{column} LIKE {_containing(sign)}' for sign in signs)} "
        f"THEN '\"' || REPLACE({column}, '\"', '\"\"') || '\"' ELSE COALESCE({column}, '') END"
        for column in columns
    )


def _containing(sign: str) -> str:
    return literal(f"%{sign}%")
