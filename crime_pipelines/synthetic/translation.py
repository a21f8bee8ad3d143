"""Rows of the City's layout, written anew in the layout of another department."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime

from crime_pipelines.domain.dates import parse_datetime
from crime_pipelines.domain.fields import FIELDS, Kind
from crime_pipelines.domain.layouts.forms import Fixed, Form, Lookup, Moment
from crime_pipelines.domain.layouts.headings import match_headings
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.text import fold
from crime_pipelines.domain.values import flag

from .rows import HEADER

#: A text that stands for whatever a look-up does not list.
_UNLISTED = "OTHER"
#: Before what an API says of a row, which no file holds.
_SYSTEM = ":"
_Write = Callable[[str, int], Sequence[str]]
_Meaning = Callable[[str], object]


class Translation:
    """The columns of a department's file, and what of a row of the City's layout stands in each.

    Of fields that share a column the first of the schema fills it. Areas are the department's, in turn;
    types, locations, places and times are those of the City's rows.

    Attributes:
        headings: the headings of the file.
    """

    def __init__(self, layout: Layout, newline: str) -> None:
        """Prepare it.

        Args:
            layout: the department's layout.
            newline: the end of a line.
        """
        self._newline = newline
        places = {name: column.positions[0] for name, column in match_headings(HEADER.split(",")).columns}
        self.headings: list[str] = []
        self._columns: list[tuple[int, int, _Write, Sequence[int]]] = []
        for field in FIELDS:
            mapping = layout.mappings.get(field.name)
            if mapping is None or field.name not in places:
                continue
            names = [heading.names[0] for heading in mapping.headings]
            fresh = [at for at, name in enumerate(names) if name not in self.headings]
            if not fresh or any(name.startswith(_SYSTEM) for name in names):
                continue
            self.headings += [names[at] for at in fresh]
            areas = [str(area.number) for area in layout.areas.all] if field.kind is Kind.AREA else None
            write = _writer(mapping.form, flag if field.kind is Kind.FLAG else fold, areas)
            self._columns.append((places[field.name], places["id"], write, fresh))

    def header(self) -> str:
        """Return the first line, without its end."""
        return self._lines([self.headings]).removesuffix(self._newline)

    def translate(self, chunk: bytes | bytearray) -> bytes:
        """Write rows anew.

        Args:
            chunk: whole rows of the City's layout.

        Returns:
            As many rows of the department's.
        """
        rows = csv.reader(io.StringIO(chunk.decode(), newline=""), strict=True)
        return self._lines([self._row(row) for row in rows]).encode()

    def _row(self, row: Sequence[str]) -> list[str]:
        written: list[str] = []
        for place, identity, write, fresh in self._columns:
            texts = write(row[place], int(row[identity]))
            written += [texts[at] for at in fresh]
        return written

    def _lines(self, rows: Sequence[Sequence[str]]) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=self._newline).writerows(rows)
        return text.getvalue()


def _writer(form: Form, meaning_of: _Meaning, areas: Sequence[str] | None) -> _Write:
    """Return what writes a text of the City's so that a form reads it, a text for each column."""
    if isinstance(form, Fixed):
        return lambda text, turn: ()
    if isinstance(form, Moment):
        return lambda text, turn: _moment(form, text)
    write = _looked_up(form, meaning_of) if isinstance(form, Lookup) else lambda text, turn: text
    if areas is None:
        return lambda text, turn: [write(text, turn)]
    return lambda text, turn: [write(_area(text, areas), turn)]


def _area(text: str, areas: Sequence[str]) -> str:
    number = int(text or 0)
    return areas[(number - 1) % len(areas)] if number else ""


def _looked_up(form: Lookup, meaning_of: _Meaning) -> Callable[[str, int], str]:
    """Return what finds a text that stands for another, one after the other where several do."""
    stands_for: dict[object, list[str]] = {}
    for text, meaning in (*form.entries, *form.beginnings):
        # A beginning may be that of a text that stands for something else.
        if form.text([text]) == meaning:
            stands_for.setdefault(meaning_of(meaning), []).append(text)
    if form.otherwise is not None and form.text([_UNLISTED]) == form.otherwise:
        stands_for.setdefault(meaning_of(form.otherwise), [_UNLISTED])

    def find(text: str, turn: int) -> str:
        texts = stands_for.get(meaning_of(text)) or [text]
        return texts[turn % len(texts)]

    return find


def _moment(form: Moment, text: str) -> Sequence[str]:
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(f"{text!r} is no moment")
    day = _day(form, moment)
    if form.has_time_column:
        time = str(moment.hour * 100 + moment.minute) if form.hours_minutes else f"{moment:%H:%M:%S}"
        return day, time
    return [f"{day} {moment:%H:%M:%S}{' UTC' if form.zone_is_label else ''}"]


def _day(form: Moment, moment: datetime) -> str:
    if form.day_first:
        return f"{moment:%d/%m/%Y}"
    return f"{moment:%Y-%m-%d}" if form.zone_is_label else f"{moment:%m/%d/%Y}"
