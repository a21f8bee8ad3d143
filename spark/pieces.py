"""The records of a file that is read in one piece. Executors import this: the domain, and nothing beside."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from crime_pipelines.domain.records import fields_of, records

BYTE_ORDER_MARK = "\ufeff"
#: A row's fields (None for a malformed one), the file's path, and the row as it stands in the file.
Piece = tuple[list[str] | None, str, str]


def records_of(rows: Iterable[tuple[str, str]], width: int) -> Iterator[Piece]:
    """The records of one file, without its headings.

    Args:
        rows: the file's text cut at every ``\\n``, each piece with the file's path.
        width: the number of headings.

    Yields:
        Each record.
    """
    source = iter(rows)
    first = next(source, None)
    if first is None:
        return
    path = first[1]
    lines = _physical_lines(first[0].removeprefix(BYTE_ORDER_MARK), source)
    next(lines)  # the headings
    for record in records(lines, width):
        yield (fields_of(record.text, width) if record.sound else None), path, record.text


def _physical_lines(first: str, rest: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Lines with their breaks."""
    text: str | None = first
    while text is not None:
        yield from io.StringIO(text + "\n", newline="") if "\r" in text else (text + "\n",)
        following = next(rest, None)
        text = None if following is None else following[0]
