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
#: The numbers that a code of `filter_counts` can have on a day: two for each hour.
_CODES_OF_DAY: Final = 2 * HOURS
_PIECE: Final = 1_000_000
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
        texts = [row[_COUNTS] for row in answer.rows]
        sizes = np.array([text.count(" ") + 1 for text in texts])
        codes = np.fromstring(" ".join(texts), dtype=np.int64, sep=" ")
        sizes, codes, repeats, times = _without_times(sizes, codes)
        since, until = (int(end) // _CODES_OF_DAY for end in (codes.min(), codes.max()))
        first, last = ordinal(_date(since)), ordinal(_date(until))
        days_from = answer.rows[0][_DAYS_FROM]
        whole = last - first + 1 if days_from is None else max(0, ordinal(days_from) - first)
        places = _places(first, whole, since, until)
        shifts = (places - np.arange(since, until + 1)) * _CODES_OF_DAY
        for begin in range(0, len(codes), _PIECE):  # bounds what is held beside the codes
            piece = codes[begin : begin + _PIECE]
            piece += shifts[piece // _CODES_OF_DAY - since]
        lengths, cells = _added(sizes, codes, int(places[-1] + 1) * HOURS, repeats, times)
        groups = np.array(
            [
                [
                    *(position[value] for position, value in zip(positions, row[: len(LISTS)], strict=True)),
                    length,
                ]
                for row, length in zip(answer.rows, lengths, strict=True)
            ],
            dtype=np.int64,
        )
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

        size, number = self.groups.size, len(self.cells)
        numbers = np.empty(size + self.cells.size, dtype="<u4")
        numbers[:size] = self.groups.T.ravel()
        columns = numbers[size:].reshape(CELL, number)
        columns[:] = self.cells.T
        slots = self.cells[:, _SLOT]
        columns[_SLOT, 1:] -= slots[:-1].astype("<u4")
        first = np.concatenate([[0], np.cumsum(self.groups[:-1, GROUP - 1])])
        columns[_SLOT, first] = slots[first]
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
    return date.fromordinal(day + 1)


def _places(first_month: int, whole: int, since: int, until: int) -> NDArray[np.int64]:
    """Return the places of the periods of a range of days, from the first period; days from 0001-01-01."""
    import numpy as np

    days = np.arange(since, until + 1)
    begins = [first_day(first_month + at).toordinal() - 1 for at in range(whole + 1)]
    by_month = np.searchsorted(begins, days, side="right") - 1
    return np.where(days < begins[whole], by_month, whole + days - begins[whole])


def _without_times(
    sizes: NDArray[np.int64], codes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Take the negative numbers out of the codes: each says for how many incidents the code before it stands.

    Args:
        sizes: how many numbers each group has.
        codes: the numbers.

    Returns:
        How many codes each group has, the codes, the places of those that stand for several incidents, and
        for how many each of these stands.
    """
    import numpy as np

    negative = np.flatnonzero(codes < 0)
    if not len(negative):
        return sizes, codes, negative, negative
    groups = np.searchsorted(np.cumsum(sizes), negative, side="right")
    left = sizes - np.bincount(groups, minlength=len(sizes))
    return left, np.delete(codes, negative), negative - np.arange(1, len(negative) + 1), -codes[negative]


def _added(
    sizes: NDArray[np.int64],
    codes: NDArray[np.int64],
    slots: int,
    repeats: NDArray[np.int64],
    times: NDArray[np.int64],
) -> tuple[list[int], NDArray[np.int64]]:
    """Add up incidents of the same group, period and hour.

    Args:
        sizes: how many codes each group has.
        codes: twice the slot of an incident, and 1 more if there was an arrest; overwritten.
        slots: the number of slots.
        repeats: the places of codes that stand for several incidents.
        times: for how many each of them stands.

    Returns:
        How many cells each group has, and the cells; see `Counts`.
    """
    import numpy as np

    codes += np.repeat(np.arange(len(sizes)) * (2 * slots), sizes)
    repeated = codes[repeats]
    codes.sort()
    begins = np.concatenate([[0], np.flatnonzero((codes[1:] ^ codes[:-1]) > 1) + 1])
    cells = np.empty((CELL, len(begins)), dtype=np.int64)
    of_cell, cells[_SLOT] = np.divmod(codes[begins] >> 1, slots)
    if len(repeats):
        incidents = np.ones(len(codes), dtype=np.int64)
        np.add.at(incidents, np.searchsorted(codes, repeated), times - 1)
        cells[_INCIDENTS] = np.add.reduceat(incidents, begins)
        codes = np.where(codes & 1, incidents, 0)
    else:
        cells[_INCIDENTS] = np.diff(begins, append=len(codes))
        codes &= 1
    cells[_ARRESTS] = np.add.reduceat(codes, begins)
    return np.bincount(of_cell, minlength=len(sizes)).tolist(), cells.T
