"""Files in another layout than their headings say: rows of another width, day and month swapped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from crime_pipelines.domain.dates import parse_datetime
from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.records.csv_records import (
    BrokenQuotingError,
    OpenQuoteError,
    fields_of,
    split_record,
)
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.domain.text import clean
from crime_pipelines.errors import InputError
from crime_pipelines.sources import SourceFile

#: The share of a file's dates that are rejected and can be read once day and month are swapped.
_SWAPPED: Final = 0.3
#: A day above it can't be a month.
_MONTHS: Final = 12
_SHOWN: Final = 160
_DAY_AND_MONTH: Final = (
    (re.compile(r"(\d{1,2})/(\d{1,2})/"), r"\2/\1/"),
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)"), r"\1-\3-\2"),
)


def refuse_wrong_layout(
    files: Sequence[SourceFile], rows: Mapping[str, int], rejects: Mapping[tuple[str, str], int]
) -> None:
    """Refuse files whose rows do not mean what their headings say.

    Args:
        files: the files.
        rows: the rows of each file, by name.
        rejects: rejected rows by file and reason.

    Raises:
        InputError: a file has rows of another width than its headings throughout, or dates with day and month
            swapped.
    """
    for file in files:
        total = rows.get(file.uri, 0)
        malformed = rejects.get((file.uri, Reason.MALFORMED_ROW), 0)
        if total and malformed == total:
            _refuse_other_width(file)
        if rejects.get((file.uri, Reason.BAD_DATE), 0) >= max(_SWAPPED * (total - malformed), 1):
            _refuse_swapped_days(file)


def _refuse_other_width(file: SourceFile) -> None:
    width = len(file.headings)
    widths: set[int] = set()
    first = ""
    with file.open_rows() as pieces:
        for record in records(pieces, width):
            try:
                widths.add(len(split_record(record.text)))
            except (BrokenQuotingError, OpenQuoteError):
                return
            first = first or record.text
            if len(widths) > 1:
                return
    for found in widths - {width}:
        cause = "; one more than the headings is how R writes row names: write with row.names = FALSE"
        raise InputError(
            f"{file.uri}: its rows have {_fields(found)}, its headings {_fields(width)}"
            f"{cause if found == width + 1 else ''}; the first row is {first[:_SHOWN]!r}"
        )


def _fields(number: int) -> str:
    return f"{number:,} field{'' if number == 1 else 's'}"


def _refuse_swapped_days(file: SourceFile) -> None:
    dates = swapped = 0
    example = ""
    for text in texts_of(file, "occurred_at"):
        dates += 1
        moment = parse_datetime(text)
        if moment is None:
            if parse_datetime(_with_day_and_month_swapped(text)) is not None:
                swapped += 1
                example = example or text
        elif moment.day > _MONTHS:
            return
    if swapped and swapped >= _SWAPPED * dates:
        raise InputError(
            f"{file.uri}: day and month are swapped: {swapped:,} of {dates:,} dates, such as {example!r}, "
            "can be read only with the day first; write dates as MM/DD/YYYY or YYYY-MM-DD, or say so in a "
            'layout (order = "day first") and name it with --layout'
        )


def _with_day_and_month_swapped(text: str) -> str:
    for pattern, swap in _DAY_AND_MONTH:
        if pattern.match(text):
            return pattern.sub(swap, text, count=1)
    return text


def texts_of(file: SourceFile, field: str) -> Iterator[str]:
    """Read the texts of one field, row by row.

    Args:
        file: the file.
        field: the field, which the file has.

    Yields:
        The trimmed text of each sound row that has one.

    Raises:
        InputError: the file can't be read.
    """
    column = dict(file.columns)[field]
    with file.open_rows() as pieces:
        for record in records(pieces, len(file.headings)):
            fields = fields_of(record.text, len(file.headings)) if record.sound else None
            text = clean(column.text(fields)) if fields else None
            if text:
                yield text
