"""The columns of a file, and what their values look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from crime_pipelines.domain.dates import is_date_alone, parse_datetime
from crime_pipelines.domain.layouts.forms import Moment
from crime_pipelines.domain.layouts.personal import is_personal
from crime_pipelines.domain.records.csv_records import fields_of
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.domain.text import clean, fold
from crime_pipelines.domain.values import decimal, flag, identifier
from crime_pipelines.sources.file import SourceFile

#: So many rows are looked at.
SAMPLE: Final = 50_000
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?[AaPp][Mm])?")
_HOURS_MINUTES: Final = re.compile(r"([0-9]{0,2}?)([0-5]?[0-9])([.]0+)?")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})[-/.][0-9]{4}\b")
_ZERO: Final = re.compile(r"[T ]0{1,2}:00(:00([.]0+)?)?$|[T ]12:00(:00)? AM$")
#: The share of a column's values that must look alike.
MOST: Final = 0.95


@dataclass(frozen=True)
class ColumnSample:
    """A column of a file, as far as it was looked at.

    Attributes:
        position: its position.
        heading: its heading.
        values: its values, trimmed; empty ones are left out.
        rows: the rows looked at.
    """

    position: int
    heading: str
    values: Sequence[str]
    rows: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its heading, in lower case."""
        return tuple(word.lower() for word in _WORD.findall(self.heading))

    @cached_property
    def counts(self) -> Counter[str]:
        """Its values, folded, and how often each occurs."""
        return Counter(folded for value in self.values if (folded := fold(value)))

    @property
    def filled(self) -> float:
        """The share of rows in which it has a value."""
        return len(self.values) / self.rows if self.rows else 0.0

    def share(self, holds: Callable[[str], object]) -> float:
        """Return the share of its values for which something holds; 0 without values."""
        total = sum(self.counts.values())
        return sum(number for text, number in self.counts.items() if holds(text)) / total if total else 0.0

    @cached_property
    def is_key(self) -> bool:
        """Tell whether it numbers the rows: whole numbers, none twice."""
        return self.filled >= MOST and len(self.counts) == len(self.values) and self.share(identifier) >= MOST

    @cached_property
    def is_text(self) -> bool:
        """Tell whether it holds names rather than numbers or codes."""
        return self.share(lambda text: sum(letter.isalpha() for letter in text) >= 3) >= MOST

    @cached_property
    def is_number(self) -> bool:
        """Tell whether it holds whole numbers."""
        return self.share(identifier) >= MOST

    @cached_property
    def is_flag(self) -> bool:
        """Tell whether it holds yes and no."""
        return self.share(lambda text: flag(text) is not None) >= MOST

    @cached_property
    def is_clock(self) -> bool:
        """Tell whether it holds times of day such as 17:30."""
        return self.share(_CLOCK.fullmatch) >= MOST

    @cached_property
    def is_hours_minutes(self) -> bool:
        """Tell whether it holds times of day such as 1730."""
        return self.share(_is_hours_minutes) >= MOST and len(self.counts) > 1

    @cached_property
    def has_zone(self) -> bool:
        """Tell whether its dates bear a time zone."""
        return self.share(_has_zone) >= MOST

    @cached_property
    def day_first(self) -> bool | None:
        """Tell whether the day comes before the month; None where dates can be read as they are."""
        parts = [match for text in self.counts if (match := _YEAR_LAST.match(text))]
        if len(parts) < MOST * len(self.counts):
            return None
        if any(int(match[1]) > 12 for match in parts):
            return True
        return None if all(match[2] == "/" for match in parts) else False

    def _read(self, text: str) -> str:
        return Moment(day_first=self.day_first, zone_is_label=self.has_zone).text([text])

    @cached_property
    def is_date(self) -> bool:
        """Tell whether it holds days, with or without a time."""
        return self.share(self._is_date) >= MOST

    def _is_date(self, text: str) -> bool:
        read = self._read(text)
        return parse_datetime(read) is not None or is_date_alone(read)

    @cached_property
    def has_times(self) -> bool:
        """Tell whether its dates have times that mean something."""
        timed = [text for text in self.counts if parse_datetime(self._read(text))]
        return len(timed) >= MOST * len(self.counts) and not all(_ZERO.search(text) for text in timed)

    def are_within(self, least: float, greatest: float) -> bool:
        """Tell whether it holds decimal numbers between two."""

        def holds(text: str) -> bool:
            number = decimal(text)
            return number is not None and least <= number <= greatest

        return self.share(holds) >= MOST


def _has_zone(text: str) -> bool:
    bare = Moment(zone_is_label=True).text([text])
    return bare != text and parse_datetime(bare) is not None


def _is_hours_minutes(text: str) -> bool:
    match = _HOURS_MINUTES.fullmatch(text)
    return match is not None and int(match[1] or 0) < 24


def sampled(file: SourceFile) -> list[ColumnSample]:
    """Look at the columns of a file.

    Args:
        file: the file.

    Returns:
        Its columns, but for those about persons, which are not read. Of several with the same heading the
        first alone.

    Raises:
        InputError: it can't be read.
    """
    wanted: dict[str, int] = {}
    for at, heading in enumerate(file.headings):
        if heading.strip() and not is_personal(heading):
            wanted.setdefault(heading.strip(), at)
    values: dict[int, list[str]] = {at: [] for at in wanted.values()}
    rows = 0
    for fields in first_rows(file, SAMPLE):
        rows += 1
        for at, found in values.items():
            if (text := clean(fields[at])) is not None:
                found.append(text)
    return [ColumnSample(at, heading, values[at], rows) for heading, at in wanted.items()]


def first_rows(file: SourceFile, most: int | None = None) -> Iterator[tuple[str, ...]]:
    """Read the sound rows of a file.

    Args:
        file: the file.
        most: at most so many; None for all.

    Yields:
        The fields of each.

    Raises:
        InputError: it can't be read.
    """
    width = len(file.headings)
    with file.open_rows() as pieces:
        split = (fields_of(record.text, width) for record in records(pieces, width) if record.sound)
        yield from islice((tuple(fields) for fields in split if fields is not None), most)
