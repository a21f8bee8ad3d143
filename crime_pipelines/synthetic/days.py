"""The number of incidents of each day of the range, and the text of its days.

The counts add up to the rows asked for, so any run of rows knows its days without the rows before it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import profile
from .city import Ints, Text, text

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # case numbers use no I and no O
_FIRST_CASE = 100_001


@dataclass(frozen=True)
class Days:
    """The days of the range; the first index is the day, counted from the first one."""

    first: date
    count: int
    ends: Ints  # rows up to and including the day
    case_before: Ints  # what to add to a row's number for its case number, which starts anew each year
    date_text: Text  # `MM/DD/YYYY `
    case_text: Text  # the two letters of the year
    year_text: Text  # `YYYY,`
    first_of_month: NDArray[np.bool_]
    renamed: int  # first day of the new name of a type
    refreshes: NDArray[np.int64]  # days
    updated_text: Text  # `MM/DD/YYYY hh:mm:ss AM,`, beyond the range too


def end_of(first_day: date, years: int) -> date:
    """Return the day after the range."""
    try:
        return first_day.replace(year=first_day.year + years)
    except ValueError:
        return first_day.replace(year=first_day.year + years, day=28)


def clock(seconds: int) -> str:
    """Seconds of a day as `hh:mm:ss AM`."""
    hour, rest = divmod(seconds, 3600)
    return f"{hour % 12 or 12:02d}:{rest // 60:02d}:{rest % 60:02d} {'AM' if hour < 12 else 'PM'}"


def _weights(days: list[date], rows: int, seed: int, change: float) -> list[int]:
    """Whole numbers in proportion to the incidents expected on each day."""
    raw = np.random.PCG64(np.random.SeedSequence([seed, 1])).random_raw(2 * len(days))
    shorts: Any = raw.astype("<u8").view("<u2").reshape(-1, 4).astype(np.int64)
    # Four uniform numbers add up to nearly a normal one, and on every machine to the same.
    normal = (shorts.sum(axis=1) - 131_070) / 37_837.0
    wobble, noise = normal[: len(days)], normal[len(days) :]
    # Counts scatter as if each incident chose its day by itself.
    scatter = min(0.5, (len(days) / max(rows, 1)) ** 0.5)
    state, memory, weights = 0.0, profile.WOBBLE_MEMORY, []
    middle = [date(2001, month, 15).timetuple().tm_yday for month in range(1, 13)]
    season = np.interp(
        [day.timetuple().tm_yday for day in days],
        [middle[-1] - 365, *middle, middle[0] + 365],
        [profile.MONTHS[-1], *profile.MONTHS, profile.MONTHS[0]],
    )
    for position, day in enumerate(days):
        state = memory * state + (1 - memory**2) ** 0.5 * float(wobble[position])
        weight = float(season[position]) * profile.WEEKDAYS[day.weekday()]
        weight *= (1 + change) ** (position / 365.25) * (1 + profile.WOBBLE * state)
        if day.day == 1:
            weight *= profile.NEW_YEAR if day.month == 1 else profile.FIRST_OF_MONTH
        weights.append(max(0.0, weight * (1 + scatter * float(noise[position]))))
    # Rounded, so that no last bit of a power can move a row to another day.
    unit = max(weights) / 1e9
    return [round(weight / unit) + 1 for weight in weights]


def plan(first_day: date, years: int, rows: int, seed: int, change: float) -> Days:
    """Return the days of a range of whole years.

    Args:
        first_day: the first day.
        years: how many years from it.
        rows: incidents in all.
        seed: which of the possible ranges.
        change: the change from year to year, as a share.
    """
    days = [first_day + timedelta(n) for n in range((end_of(first_day, years) - first_day).days)]
    weights = _weights(days, rows, seed, change)
    total, running, ends = sum(weights), 0, []
    for weight in weights:
        running += weight
        ends.append(running * rows // total)
    starts = [0, *ends[:-1]]
    year_start: dict[int, int] = {}
    for day, start in zip(days, starts, strict=True):
        year_start.setdefault(day.year, start)
    longest = profile.LONGEST_LAG + 1
    published = [first_day + timedelta(n) for n in range(len(days) + longest + 100)]
    # One export a day, at some time of the afternoon.
    stamps = [clock(56_400 + (n * 7919) % 2400) for n in range(len(published))]
    return Days(
        first=first_day,
        count=len(days),
        ends=np.array(ends, dtype=np.int64),
        case_before=np.array([_FIRST_CASE - year_start[day.year] for day in days], dtype=np.int64),
        date_text=text([f"{day.month:02d}/{day.day:02d}/{day.year:04d} " for day in days]),
        case_text=text([_letters(day.year) for day in days]),
        year_text=text([f"{day.year:04d}," for day in days]),
        first_of_month=np.array([day.day == 1 for day in days]),
        renamed=round(len(days) * profile.RENAMED_AT),
        refreshes=np.array([round(len(days) * at) for at, _ in profile.REFRESHES], dtype=np.int64),
        updated_text=text(
            [f"{d.month:02d}/{d.day:02d}/{d.year:04d} {s}," for d, s in zip(published, stamps, strict=True)]
        ),
    )


def _letters(year: int) -> str:
    """HV for 2012, HW for 2013, ... HZ, JA for 2017."""
    number = (LETTERS.index("H") * 24 + LETTERS.index("V") + year - 2012) % (24 * 24)
    return LETTERS[number // 24] + LETTERS[number % 24]
