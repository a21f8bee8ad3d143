"""Forms of a mapping: from a department's columns to the text that the rules read.

Each form stands twice: `text` for the fields of one row, and `sql` for columns of a table. Both take texts as
they stand in the file, and neither judges them: a text that a form does not know is passed on as it is, for
the rules to read or to reject.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol

from crime_pipelines.domain.dates import SPACES
from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.text import clean, clean_sql, fold, fold_sql, literal

_TO_SPACE: Final = str.maketrans(dict.fromkeys(SPACES, " "))
_REST: Final = "[ -~]*"
#: A moment and the zone behind it.
_ZONED: Final = (
    "([0-9A-Za-z/:. ,-]*:[0-9]+([.][0-9]+)?( [AaPp][Mm])?)"
    " ?([Uu][Tt][Cc]|[Gg][Mm][Tt]|[Zz]|[+-][0-9]{2}(:?[0-9]{2})?)"
)
#: A day and what stands behind it.
_DAY: Final = f"([0-9]+[-/.][0-9]+[-/.][0-9]+)[T ]{_REST}"
_ORDERED: Final = f"([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{4}})([T ]{_REST})?"
#: Hours and minutes, leading zeros left out: `100` is 01:00, `1` is 00:01.
_HOURS_MINUTES: Final = "([0-9]{1,4})([.]0+)?"
_SHORT_HOUR: Final = f"[0-9]:{_REST}"


class Form(Protocol):
    """A form of a mapping.

    Attributes:
        columns: the number of columns that it takes.
    """

    @property
    def columns(self) -> int:
        """The number of columns that it takes."""

    def text(self, texts: Sequence[str]) -> str:
        """Map the fields of one row.

        Args:
            texts: the text of each column, as it stands in the file.

        Returns:
            The text that the rules read; empty for none.
        """

    def ahead(self, columns: Sequence[str]) -> list[str]:
        """Express in SQL what `sql` needs more than once.

        Args:
            columns: a SQL expression of each column's text.

        Returns:
            SQL expressions, to be named in a SELECT of their own.
        """

    def sql(self, columns: Sequence[str], ahead: Sequence[str], dialect: Dialect) -> str:
        """Return the SQL rule of `text`.

        Args:
            columns: as for `ahead`.
            ahead: the names of what `ahead` expresses.
            dialect: the engine's words.

        Returns:
            A SQL expression of text, NULL or empty for none.
        """


@dataclass(frozen=True, slots=True)
class Plain:
    """The text of one column as it stands."""

    columns: ClassVar[int] = 1

    def text(self, texts: Sequence[str]) -> str:
        """Map the fields of one row; see `Form.text`."""
        return texts[0]

    def ahead(self, columns: Sequence[str]) -> list[str]:
        """Express nothing; see `Form.ahead`."""
        return []

    def sql(self, columns: Sequence[str], ahead: Sequence[str], dialect: Dialect) -> str:
        """Return the SQL rule of `text`; see `Form.sql`."""
        return columns[0]


@dataclass(frozen=True, slots=True)
class Fixed:
    """One and the same text for every row.

    Attributes:
        value: the text.
    """

    value: str
    columns: ClassVar[int] = 0

    def text(self, texts: Sequence[str]) -> str:
        """Map the fields of one row; see `Form.text`."""
        return self.value

    def ahead(self, columns: Sequence[str]) -> list[str]:
        """Express nothing; see `Form.ahead`."""
        return []

    def sql(self, columns: Sequence[str], ahead: Sequence[str], dialect: Dialect) -> str:
        """Return the SQL rule of `text`; see `Form.sql`."""
        return literal(self.value)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A text and the one that it stands for: an offence and its type, a status and its arrest.

    Attributes:
        entries: each text, folded (see `text.fold`), and what it stands for.
        beginnings: likewise beginnings of texts, asked in this order where no entry has the whole text.
        otherwise: what all other texts stand for; None leaves them as they are.
    """

    entries: tuple[tuple[str, str], ...]
    beginnings: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None
    columns: ClassVar[int] = 1
    _found: dict[str, str] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        """Prepare the look-up."""
        object.__setattr__(self, "_found", dict(self.entries))

    def text(self, texts: Sequence[str]) -> str:
        """Map the fields of one row; see `Form.text`."""
        folded = fold(texts[0])
        if folded is None:
            return ""
        if folded in self._found:
            return self._found[folded]
        for beginning, value in self.beginnings:
            if folded.startswith(beginning):
                return value
        return texts[0] if self.otherwise is None else self.otherwise

    def ahead(self, columns: Sequence[str]) -> list[str]:
        """Express the folded text; see `Form.ahead`."""
        return [fold_sql(columns[0])]

    def sql(self, columns: Sequence[str], ahead: Sequence[str], dialect: Dialect) -> str:
        """Return the SQL rule of `text`; see `Form.sql`."""
        folded = ahead[0]
        # Not `IN`, which DuckDB makes a join of every row.
        cases = [f"WHEN {folded} = {literal(key)} THEN {literal(value)}" for key, value in self.entries]
        cases += [
            f"WHEN SUBSTR({folded}, 1, {len(key)}) = {literal(key)} THEN {literal(value)}"
            for key, value in self.beginnings
        ]
        other = columns[0] if self.otherwise is None else literal(self.otherwise)
        return f"CASE WHEN {folded} IS NULL THEN NULL {' '.join(cases)} ELSE {other} END"


@dataclass(frozen=True, slots=True)
class Moment:
    """A date with its time, from one column or from a column of days and one of times.

    Attributes:
        day_first: whether the day comes before the month; None takes the date as it is written.
        zone_is_label: whether a zone behind the time is left out, as the time is local all the same.
        has_time_column: whether the time stands in a second column; then what stands behind the day in the
            first is no time.
        hours_minutes: whether the second column has hours and minutes in one number, such as 1730.
    """

    day_first: bool | None = None
    zone_is_label: bool = False
    has_time_column: bool = False
    hours_minutes: bool = False

    @property
    def columns(self) -> int:
        """One column, or two."""
        return 2 if self.has_time_column else 1

    def text(self, texts: Sequence[str]) -> str:
        """Map the fields of one row; see `Form.text`."""
        moment = _spaced(texts[0])
        if self.zone_is_label and (zoned := _PATTERNS[_ZONED].fullmatch(moment)):
            moment = zoned[1]
        if self.has_time_column and (day := _PATTERNS[_DAY].fullmatch(moment)):
            moment = day[1]
        if self.day_first is not None and (parts := _PATTERNS[_ORDERED].fullmatch(moment)):
            one, other, year, rest = parts.groups("")
            moment = f"{other}/{one}/{year}{rest}" if self.day_first else f"{one}/{other}/{year}{rest}"
        time = self._clock(_spaced(texts[1])) if self.has_time_column else ""
        return f"{moment} {time}" if moment and time else moment

    def _clock(self, time: str) -> str:
        if self.hours_minutes and (digits := _PATTERNS[_HOURS_MINUTES].fullmatch(time)):
            return f"{digits[1]:0>4}"[:2] + ":" + f"{digits[1]:0>4}"[2:]
        return f"0{time}" if _PATTERNS[_SHORT_HOUR].fullmatch(time) else time

    def ahead(self, columns: Sequence[str]) -> list[str]:
        """Express the trimmed texts; see `Form.ahead`."""
        return [f"TRANSLATE({clean_sql(column)}, '{SPACES}', '{' ' * len(SPACES)}')" for column in columns]

    def sql(self, columns: Sequence[str], ahead: Sequence[str], dialect: Dialect) -> str:
        """Return the SQL rule of `text`; see `Form.sql`."""
        moment = ahead[0]
        if self.zone_is_label:
            moment = _rewritten(moment, _ZONED, [1], dialect)
        if self.has_time_column:
            moment = _rewritten(moment, _DAY, [1], dialect)
        if self.day_first is not None:
            day, month = (1, 2) if self.day_first else (2, 1)
            moment = _rewritten(moment, _ORDERED, [month, "/", day, "/", 3, 4], dialect)
        if not self.has_time_column:
            return moment
        time = self._clock_sql(ahead[1], dialect)
        return f"CASE WHEN {ahead[1]} IS NULL THEN {moment} ELSE {moment} || ' ' || {time} END"

    def _clock_sql(self, time: str, dialect: Dialect) -> str:
        short = f"WHEN {dialect.matches(time, _SHORT_HOUR)} THEN '0' || {time}"
        number = f"LPAD(REGEXP_EXTRACT({time}, '{_HOURS_MINUTES}', 1), 4, '0')"
        whole = f"WHEN {dialect.matches(time, _HOURS_MINUTES)} THEN " if self.hours_minutes else ""
        clock = f"{whole}SUBSTR({number}, 1, 2) || ':' || SUBSTR({number}, 3, 2) " if whole else ""
        return f"CASE {clock}{short} ELSE {time} END"


_PATTERNS: Final = {
    pattern: re.compile(pattern, re.ASCII)
    for pattern in (_ZONED, _DAY, _ORDERED, _HOURS_MINUTES, _SHORT_HOUR)
}


def _spaced(text: str) -> str:
    return (clean(text) or "").translate(_TO_SPACE)


def _rewritten(text: str, pattern: str, parts: Sequence[int | str], dialect: Dialect) -> str:
    """Put a text together anew from the groups of a pattern; one that does not match stays as it is."""
    written = " || ".join(
        literal(part) if isinstance(part, str) else f"REGEXP_EXTRACT({text}, '^{pattern}$', {part})"
        for part in parts
    )
    return f"CASE WHEN {dialect.matches(text, pattern)} THEN {written} ELSE {text} END"
