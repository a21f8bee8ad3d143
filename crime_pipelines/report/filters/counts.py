"""Counts for the report's filters, small enough to lie in the page."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.questions import Answer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HOURS: Final = 24
#: The lists that a group has a position in, and the numbers of a group in the page: these positions, and how
#: many cells it has.
LISTS: Final = ("type", "area", "district", "beat")
GROUP: Final = len(LISTS) + 1
#: The numbers of a cell: its period and hour, its incidents, those with an arrest.
CELL: Final = 3
_EPOCH: Final = date(1970, 1, 1)
_DAYS_FROM, _COUNTS = len(LISTS) + 1, len(LISTS) + 2
_SLOT, _INCIDENTS, _ARRESTS = range(CELL)


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts by type, area, police district, beat, period and hour of the day.

    The periods are months up to some month, and from there on days.

    Attributes:
        types: the types there are, the most frequent first; None for no type.
        areas: the areas there are, ascending, None (not known) last.
        districts: the police districts there are, ascending, None (not known) last.
        beats: the police beats there are, likewise.
        first_month: the first month with incidents: 12 times its year, and 0 for January to 11 for December.
        months: the number of months from the first with incidents to the last.
        whole_months: how many of them, from the first, are counted as a whole; the others by day.
        groups: for each type, area, district and beat that occur together their positions in these, and the
            number of their cells, shape (groups, 5).
        cells: for each group's periods and hours with incidents, ascending: 24 times the period from the
            first one plus the hour, the incidents, those with an arrest; shape (cells, 3).
    """

    types: list[str | None]
    areas: list[int | None]
    districts: list[str | None]
    beats: list[str | None]
    first_month: int
    months: int
    whole_months: int
    groups: NDArray[np.int64]
    cells: NDArray[np.int64]

    @classmethod
    def of(cls, answer: Answer) -> Counts:
        """Return the counts of an answer.

        Args:
            answer: the answer to `filter_counts`, with at least one row.

        Returns:
            Its counts.
        """
        import numpy as np

        by_type: dict[str | None, int] = {}
        for row in answer.rows:
            by_type[row[0]] = by_type.get(row[0], 0) + row[len(LISTS)]
        types = sorted(by_type, key=lambda name: (-by_type[name], name or ""))
        areas, districts, beats = (
            sorted({row[at] for row in answer.rows}, key=lambda value: (value is None, value or least))
            for at, least in ((1, 0), (2, ""), (3, ""))
        )
        positions: list[dict[Any, int]] = [
            {value: at for at, value in enumerate(values)} for values in (types, areas, districts, beats)
        ]
        groups = np.array(
            [
                [
                    *(position[value] for position, value in zip(positions, row[: len(LISTS)], strict=True)),
                    (row[_COUNTS].count(" ") + 1) // CELL,
                ]
                for row in answer.rows
            ],
            dtype=np.int64,
        )
        text = " ".join(row[_COUNTS] for row in answer.rows)
        cells = np.fromstring(text, dtype=np.int64, sep=" ").reshape(-1, CELL)
        of_group = np.repeat(np.arange(len(groups)), groups[:, GROUP - 1])
        slots = cells[:, _SLOT]
        cells = cells[np.argsort(of_group * (slots.max() - slots.min() + 1) + slots - slots.min())]
        days = cells[:, _SLOT] // HOURS
        first, last = (ordinal(_date(int(each))) for each in (days.min(), days.max()))
        days_from = answer.rows[0][_DAYS_FROM]
        whole = last - first + 1 if days_from is None else max(0, ordinal(days_from) - first)
        cells[:, _SLOT] = _places(first, whole, days) * HOURS + cells[:, _SLOT] % HOURS
        return cls(types, areas, districts, beats, first, last - first + 1, whole, groups, cells)

    @property
    def by_month(self) -> list[int]:
        """Incidents of each month, from the first to the last."""
        import numpy as np

        of_period = np.array([ordinal(begin) - self.first_month for begin in self._begins()])
        return self._by(of_period[self.cells[:, _SLOT] // HOURS], self.months)

    @property
    def by_hour(self) -> list[int]:
        """Incidents of each hour of the day."""
        return self._by(self.cells[:, _SLOT] % HOURS, HOURS)

    @property
    def by_area(self) -> list[int]:
        """Incidents of each area, in the order of `areas`."""
        import numpy as np

        of_cell = np.repeat(self.groups[:, LISTS.index("area")], self.groups[:, GROUP - 1])
        return self._by(of_cell, len(self.areas))

    @property
    def arrests(self) -> int:
        """Incidents with an arrest."""
        return int(self.cells[:, _ARRESTS].sum())

    @property
    def days_from(self) -> date | None:
        """The day from which on the periods are days; None if all of them are months."""
        return first_day(self.first_month + self.whole_months) if self.whole_months < self.months else None

    def _begins(self) -> list[date]:
        """Return the first day of each period, to the end of the last month."""
        months = [first_day(self.first_month + at) for at in range(self.whole_months)]
        if self.days_from is None:
            return months
        number = (first_day(self.first_month + self.months) - self.days_from).days
        return [*months, *(self.days_from + timedelta(at) for at in range(number))]

    def _by(self, places: NDArray[np.int64], number: int) -> list[int]:
        import numpy as np

        sums = np.bincount(places, weights=self.cells[:, _INCIDENTS], minlength=number)
        return [int(each) for each in sums]

    def packed(self) -> tuple[int, str]:
        """Return the counts as a text for the page.

        Returns:
            How many bytes a number takes, and all numbers (the groups' columns, then the cells', the first as
            distances from the group's cell before, or from 0; the first byte of all numbers, then the second,
            ...), deflated, in base 64.
        """
        import numpy as np

        cells = self.cells.copy()
        cells[1:, _SLOT] -= self.cells[:-1, _SLOT]
        first = np.concatenate([[0], np.cumsum(self.groups[:-1, GROUP - 1])])
        cells[first, _SLOT] = self.cells[first, _SLOT]
        numbers = np.concatenate([self.groups.T.ravel(), cells.T.ravel()]).astype("<u4")
        planes = numbers.view(np.uint8).reshape(-1, 4).T
        needed = max(1, sum(bool(plane.any()) for plane in planes))
        # Repeated bytes aside there is nothing to find in them: smaller than with any level, in less time.
        deflater = zlib.compressobj(strategy=zlib.Z_RLE)
        data = deflater.compress(planes[:needed].tobytes()) + deflater.flush()
        return needed, base64.b64encode(data).decode("ascii")


def ordinal(day: date) -> int:
    """Return a day's month as a number: 12 times its year, and 0 for January to 11 for December."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    """Return the first day of a month; see `ordinal`."""
    return date(month // 12, month % 12 + 1, 1)


def epoch_day(day: date) -> int:
    """Return a day as its distance from 1970-01-01, as the page's script counts days."""
    return (day - _EPOCH).days


def _date(day: int) -> date:
    return _EPOCH + timedelta(day)


def _places(first_month: int, whole: int, days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of periods, from the first one, by the days that they begin on."""
    import numpy as np

    begins = [epoch_day(first_day(first_month + at)) for at in range(whole)]
    days_from = epoch_day(first_day(first_month + whole))
    return np.where(days < days_from, np.searchsorted(begins, days), whole + days - days_from)
