"""Formatting of numbers, dates and texts from the data."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from crime_pipelines.domain.periods.as_of import END_OF_DAY

#: What stands for a text that the data do not have.
NONE_STATED: Final = "(none stated)"
MINUS: Final = "\u2212"
#: Keeps a number and its sign on one line.
NBSP: Final = "\u00a0"
ELLIPSIS: Final = "\u2026"
REPLACEMENT: Final = "\ufffd"

#: English whatever the locale of the process, unlike `calendar.month_name`.
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_IN_WORDS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
#: Marks that turn the direction of the text around them, and so of what stands beside it.
_DIRECTION_MARKS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_ISOLATE: Final = "\u2068"
_END_ISOLATE: Final = "\u2069"
#: What belongs to the character before it and can't end a text that is cut: joiners and variants.
_DANGLING: Final = "\u200c\u200d\ufe0e\ufe0f"
_LARGEST_PERCENTAGE: Final = 1000


def count(number: int) -> str:
    """Return a whole number with thousands separators."""
    return f"{number:,}".replace("-", MINUS)


def counted(number: int, thing: str) -> str:
    """Return a number of things, such as ``1 incident`` or ``2,000 incidents``."""
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """Return a share of a whole as per cent, such as ``12.3 %``.

    Args:
        share: the share, 0 to 1.

    Returns:
        One decimal; but never a flat 0 or 100 for what is not exactly that.
    """
    rounded = f"{100 * share:.1f}"
    if rounded == "0.0" and share > 0:
        return f"under 0.1{NBSP}%"
    if rounded == "100.0":
        return f"100{NBSP}%" if share >= 1 else f"over 99.9{NBSP}%"
    return f"{'0' if rounded == '0.0' else rounded}{NBSP}%"


def percent_of(part: int, whole: int) -> str:
    """Return a part of a whole as per cent; see `percent`. Of nothing it is 0."""
    return percent(part / whole if whole else 0.0)


def change(share: float) -> str:
    """Return a relative change with its sign, such as ``+0.3 %``.

    Args:
        share: the change as a share: -0.03 is 3 % fewer.

    Returns:
        One decimal, more where one would hide which side of 0 the change is on.
    """
    percentage = 100 * share
    sign = "+" if percentage > 0 else MINUS if percentage < 0 else ""
    if abs(percentage) > _LARGEST_PERCENTAGE:
        return f"over {sign}{_LARGEST_PERCENTAGE:,}{NBSP}%"
    for digits in (1, 2, 3):
        rounded = f"{abs(percentage):.{digits}f}"
        if float(rounded):
            return f"{sign}{rounded}{NBSP}%"
    return f"0.0{NBSP}%" if not percentage else f"{sign}0.001{NBSP}% at most"


def p_value(p: float) -> str:
    """Return a p value, such as ``p = 0.14``.

    Args:
        p: 0 to 1.

    Returns:
        Two or three decimals; four beside 0.05, so that rounding never contradicts the verdict at 5 %.
    """
    if p < 0.001:
        return f"p{NBSP}<{NBSP}0.001"
    if p > 0.99:
        return f"p{NBSP}>{NBSP}0.99"
    digits = 4 if 0.045 <= p < 0.055 else 3 if p < 0.01 else 2
    return f"p{NBSP}={NBSP}{p:.{digits}f}"


def number(value: float) -> str:
    """Return a number of any size, such as ``0.1234`` or ``12,346``: four digits, or all before the point."""
    return (f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.4g}").replace("-", MINUS)


def in_words(whole: int) -> str:
    """Return a small whole number in words, such as ``six``; others in digits."""
    return _IN_WORDS[whole] if 0 <= whole < len(_IN_WORDS) else count(whole)


def rate(number: float) -> str:
    """Return a rate with two decimals, such as ``1.93``; a flat 0 only for none."""
    if not number:
        return "0"
    return "under 0.01" if number < 0.005 else f"{number:,.2f}"


def month(day: date) -> str:
    """Return a date's month, such as ``October 2021``."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def short_month(day: date) -> str:
    """Return a date's month for a chart, such as ``Oct 2021``."""
    return f"{_MONTHS[day.month - 1][:3]} {day.year}"


def day(moment: date) -> str:
    """Return a date, such as ``11 November 2021``."""
    return f"{moment.day} {month(moment)}"


def moment(at: datetime) -> str:
    """Write a date and its time of day; the date alone for a day's last second, which stands for the day."""
    return day(at) if at.time() == END_OF_DAY else f"{day(at)}, {at:%H:%M}"


def listed(parts: Sequence[str]) -> str:
    """Return an enumeration, such as ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def shown(text: object, limit: int | None = None) -> str:
    """Return a text from the data, fit to be shown inside a sentence, a cell or a chart.

    Escaping for HTML or SVG is left to whatever writes these.

    Args:
        text: the text; None where the data have none.
        limit: the greatest width, in columns of a fixed-width font; wide characters take two.

    Returns:
        The text in one line, without control characters and direction marks, isolated from its
        surroundings where it runs from right to left.
    """
    line = " ".join(str(text).split()) if text is not None else ""
    if not line:
        return NONE_STATED
    line = "".join(REPLACEMENT if _is_unfit(sign) else sign for sign in line)
    if limit is not None:
        line = _cut(line, limit)
    if any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in line):
        return f"{_ISOLATE}{line}{_END_ISOLATE}"
    return line


def _is_unfit(sign: str) -> bool:
    """Tell whether a character has no place in a page: a control, a surrogate, a direction mark."""
    return (
        unicodedata.category(sign) in ("Cc", "Cs")
        or sign in _DIRECTION_MARKS
        or ord(sign) & 0xFFFE == 0xFFFE
        or 0xFDD0 <= ord(sign) <= 0xFDEF
    )


def _cut(line: str, limit: int) -> str:
    taken = 0
    fits = 0  # where to cut so that the ellipsis has room
    for at, sign in enumerate(line):
        if taken + width(sign) <= limit - 1:
            fits = at + 1
        taken += width(sign)
        if taken > limit:
            return line[:fits].rstrip(_DANGLING + " ") + ELLIPSIS
    return line


def width(sign: str) -> int:
    """Return the width of a character, in columns of a fixed-width font."""
    if unicodedata.combining(sign) or sign in _DANGLING:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
