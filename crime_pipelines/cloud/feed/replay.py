"""A file played as a feed: each row a message."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from typing import Final

from crime_pipelines.domain.messages import write_message
from crime_pipelines.domain.records.csv_records import fields_of
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.sources import SourceFile

#: With a speed, messages go out this many times a second.
_TICKS: Final = 10


def messages_of(file: SourceFile) -> Iterator[bytes]:
    """Return the rows of a file as messages.

    Args:
        file: the file, looked at.

    Yields:
        A message in the API layout for each row; a malformed row goes as it stands, for the pipeline to
        judge it.

    Raises:
        InputError: the file can't be read.
    """
    width = len(file.headings)
    with file.open_rows() as rows:
        for record in records(rows, width):
            fields = fields_of(record.text, width) if record.sound else None
            if fields is None:
                yield record.text.encode()
            else:
                yield write_message({name: column.text(fields) for name, column in file.columns})


def shuffled(messages: Iterable[bytes], seed: int) -> list[bytes]:
    """Messages in random order.

    Args:
        messages: the messages; all of them are held in memory.
        seed: the same seed gives the same order.

    Returns:
        The messages.
    """
    mixed = list(messages)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - an order, not a secret
    return mixed


def paced(messages: Iterable[bytes], speed: float) -> Iterator[bytes]:
    """Messages at a steady speed.

    Args:
        messages: the messages.
        speed: messages a second.

    Yields:
        The messages, no sooner than their turn comes.
    """
    begun = time.monotonic()
    batch = max(1, int(speed / _TICKS))
    for number, message in enumerate(messages):
        if number % batch == 0:
            time.sleep(max(0.0, begun + number / speed - time.monotonic()))
        yield message
