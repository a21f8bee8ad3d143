"""CSV records: how a file is split into records (`csv_splitter` does it), and a record into fields.

The rules, for every engine:

- A field in quotes may hold commas, line breaks and doubled quotes. One space before its opening quote
  and any after its closing one mean nothing. A quote inside a field that does not begin with one is an
  ordinary character.
- Empty fields past the last heading mean nothing. Any other number of fields than there are headings
  makes the row malformed.
- Quoting is broken where text follows a closing quote, or where a quote never closes. Then the one
  physical line is malformed and reading goes on with the next: a stray quote costs its own row, not the
  rows that follow it up to the next quote.
- A record of more than `csv_splitter.GREATEST_RECORD` bytes is malformed, line by line.
- An empty line is no row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crime_pipelines.domain.text import literal

#: A field that ends before a comma or at the text's end: its content in quotes, or as it stands.
FIELD: Final = re.compile(r' ?"((?:[^"]|"")*+)" *+(?=,|\Z)|(?! ?")([^,]*+)')
#: A field whose quote does not close before the text's end.
OPEN_FIELD: Final = re.compile(r' ?"(?:[^"]|"")*+\Z')


class BrokenQuotingError(ValueError):
    """Text follows a closing quote."""


class OpenQuoteError(ValueError):
    """A quote is not closed by the end of the text."""


def split_record(text: str) -> list[str]:
    """Split a record into its fields.

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
        match = FIELD.match(text, position)
        if match is None:
            if OPEN_FIELD.match(text, position):
                raise OpenQuoteError("a quote is not closed")
            raise BrokenQuotingError("text follows a closing quote")
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end() + 1  # past the comma
        if position > len(text):
            return fields


def fields_of(text: str, width: int) -> list[str] | None:
    """Split a row into one field per heading.

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


def join_record(fields: Sequence[str | None]) -> str:
    """Join fields into a record in the one form that the project writes: RFC 4180, quotes only where needed.

    Args:
        fields: the fields' texts; None is written like an empty text.

    Returns:
        The record, without a line break.
    """
    return ",".join(_quoted(field or "") for field in fields)


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if re.search('[,"\n\r]', field) else field


def join_record_sql(columns: Sequence[str]) -> str:
    """Express `join_record` in SQL.

    Args:
        columns: SQL expressions of text.

    Returns:
        A SQL expression of the record.
    """
    signs = (",", '"', "\n", "\r")
    texts = ", ".join(
        f"CASE WHEN {' OR '.join(f'{column} LIKE {_containing(sign)}' for sign in signs)} "
        f"THEN '\"' || REPLACE({column}, '\"', '\"\"') || '\"' ELSE COALESCE({column}, '') END"
        for column in columns
    )
    # A chain of `||` would be as deep as there are columns, and engines bound the depth of an expression.
    return f"CONCAT_WS(',', {texts})"


def _containing(sign: str) -> str:
    return literal(f"%{sign}%")
