"""Numbers, dates and times as a locale writes them. The language stays English, and so do names of months.

Without a locale, pages and terminal write `12.3 %`, `11 November 2021` and `22:00-04:00`, whoever reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.errors import InputError

if TYPE_CHECKING:
    from babel.numbers import NumberPattern

#: The parts of a date that a locale may put in another order.
_PARTS: Final = "yMd"
_QUOTED: Final = re.compile("'[^']*'")
#: The hours of a day that has 24, and what follows them.
_HOURS: Final = re.compile("H+([^Hm]*)m")


class Writing:
    """The way in which a locale of CLDR writes numbers, dates and times."""

    def __init__(self, name: str) -> None:
        """Look a locale up.

        Args:
            name: its name, such as ``de-DE`` or ``en_GB``.

        Raises:
            InputError: there is no such locale.
        """
        from babel import Locale, UnknownLocaleError

        try:
            self._locale = Locale.parse(name.replace("_", "-"), sep="-")
        except (UnknownLocaleError, ValueError) as error:
            raise InputError(
                f"--locale {name}: there is no such locale; give a language and a country, such as en-GB, "
                f"de-DE or ja-JP"
            ) from error

    @property
    def tag(self) -> str:
        """Its name for browsers, with Western digits as here."""
        return f"{str(self._locale).replace('_', '-')}-u-nu-latn"

    def number(self, text: str) -> str:
        """Write a number.

        Args:
            text: the number, rounded, as Python writes it; thousands may be separated.

        Returns:
            The same digits with this locale's signs.
        """
        return self._written(self._locale.decimal_formats[None], Decimal(text.replace(",", "")))

    def percent(self, text: str) -> str:
        """Write a percentage.

        Args:
            text: the number before the sign, as for `number`.

        Returns:
            It with its sign.
        """
        value = Decimal(text.replace(",", ""))
        return self._written(self._locale.percent_formats[None], value.scaleb(-2), -2)

    @property
    def percent_sign(self) -> str:
        """The text behind a number of per cent on an axis, where its sign can't stand before it."""
        return self.percent("7").partition("7")[2] or "\u00a0%"

    def _written(self, pattern: NumberPattern, value: Decimal, shift: int = 0) -> str:
        digits = max(0, shift - int(value.as_tuple().exponent))
        own = copy(pattern)
        own.frac_prec = (digits, digits)
        if self._locale.number_symbols["latn"]["group"] == "'":  # Babel takes it for a quote and drops it
            return str(own.apply(value, "en")).replace(",", "\u2019")
        return str(own.apply(value, self._locale))

    def day(self, at: date, month: str) -> str:
        """Write a date in this locale's order.

        Args:
            at: the date.
            month: the name of its month.

        Returns:
            Such as ``11 November 2021``, ``November 11, 2021`` or ``2021 November 11``.
        """
        parts = {"d": str(at.day), "M": month, "y": str(at.year)}
        pattern = _QUOTED.sub("", self._locale.date_formats["long"].pattern)
        order = [sign for sign in dict.fromkeys(pattern) if sign in _PARTS]
        comma = "," if order == ["M", "d", "y"] else ""
        return " ".join(parts[sign] + (comma if sign == "d" else "") for sign in order)

    @cached_property
    def _hours_end(self) -> str | None:
        """The signs between hours and minutes; None where the day has twice twelve hours."""
        found = _HOURS.search(self._locale.time_formats["short"].pattern)
        return found[1].replace("'", "") if found else None

    @property
    def has_am_pm(self) -> bool:
        """True where the day has twice twelve hours."""
        return self._hours_end is None

    def time(self, at: time) -> str:
        """Write a time of day.

        Args:
            at: the time.

        Returns:
            Such as ``22:30``, ``22.30`` or ``22 h 30``; ``10:30 pm``, or ``10 pm`` at the
            full hour, where the day has twice twelve hours.
        """
        if self._hours_end is not None:
            return f"{at:%H}{self._hours_end}{at:%M}"
        minutes = f":{at:%M}" if at.minute else ""
        return f"{at.hour % 12 or 12}{minutes} {'am' if at.hour < 12 else 'pm'}"

    @property
    def chart_numbers(self) -> dict[str, Any]:
        """Its signs as Vega takes them: the format locale of D3."""
        signs = self._locale.number_symbols["latn"]
        grouping = self._locale.decimal_formats[None].grouping
        return {
            "decimal": signs["decimal"],
            "thousands": signs["group"].replace("'", "\u2019"),
            "grouping": list(dict.fromkeys(grouping)),
            "currency": ["", ""],
        }


class _Process:
    """The locale of this process, in all its threads: that of a command line."""

    way: Writing | None = None


#: The locale within a `written_as`, and whether there is one: other threads and tasks don't see it.
_CHOSEN: Final[ContextVar[tuple[Writing | None] | None]] = ContextVar("locale", default=None)


def writing() -> Writing | None:
    """Return the way to write numbers, dates and times; None for our own."""
    chosen = _CHOSEN.get()
    return _Process.way if chosen is None else chosen[0]


def write_as(name: str | None) -> None:
    """Choose the locale for this process, in all its threads.

    Args:
        name: its name; None for our own way.

    Raises:
        InputError: there is no such locale.
    """
    _Process.way = Writing(name) if name else None


@contextmanager
def written_as(name: str | None) -> Iterator[None]:
    """Write as a locale does, for a while, in this thread or task alone.

    Threads that are started meanwhile follow the process, unless they run in a copy of this context.

    Args:
        name: as for `write_as`.

    Yields:
        Nothing.

    Raises:
        InputError: there is no such locale.
    """
    token = _CHOSEN.set((Writing(name) if name is not None else None,))
    try:
        yield
    finally:
        _CHOSEN.reset(token)
