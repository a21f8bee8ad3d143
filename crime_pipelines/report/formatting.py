"""Formatting of numbers, dates and texts from the data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Final

from crime_pipelines.domain.night import END_HOUR, LATE_NIGHT, START_HOUR
from crime_pipelines.domain.periods.as_of import END_OF_DAY
from crime_pipelines.support.locales import writing

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
#: Percentages and times of day in our own wordings. What is formatted here has a locale's signs already, and
#: texts from the data hold plain spaces alone.
_PERCENTAGE: Final = re.compile(rf"(?<![\d.,])(\d+){NBSP}%")
_TIMES: Final = re.compile(r"00:00, 00:01 (?:or|and) 12:00|00:00 and 00:01")
_MEASURE: Final = re.compile(r"(?<![\d.,])(\d+\.\d+)(?= (?:a week|days|km)\b)")
_RESIDENTS: Final = "1,000 residents"
_TIME: Final = re.compile(r"(\d\d):(\d\d)")


def in_locale(wording: str) -> str:
    """Write a wording of our own as the reader's locale does, if one was chosen.

    Args:
        wording: the wording, which may hold whole percentages, the late-night hours, and times.

    Returns:
        The same with the locale's signs.
    """
    way = writing()
    if way is None:
        return wording
    text = _PERCENTAGE.sub(lambda found: way.percent(found[1]), wording)
    text = _TIMES.sub(lambda found: _TIME.sub(lambda at: clock(int(at[1]), int(at[2])), found[0]), text)
    text = _MEASURE.sub(lambda found: way.number(found[1]), text)
    text = text.replace(_RESIDENTS, f"{way.number('1,000')} residents")
    return text.replace(LATE_NIGHT, f"{clock(START_HOUR)}-{clock(END_HOUR)}")


def finalized(value: object) -> object:
    """Write what a template shows as `in_locale` does; what is marked up is left alone."""
    return in_locale(value) if type(value) is str else value


def clock(hour: int, minute: int = 0) -> str:
    """Return a time of day, such as ``22:00``."""
    way = writing()
    return way.time(time(hour, minute)) if way else f"{hour:02d}:{minute:02d}"


def hour_mark(hour: int) -> str:
    """Return an hour beside a clock's face, such as ``06``; ``6 am`` where the day has twice twelve hours."""
    return clock(hour) if has_am_pm() else f"{hour:02d}"


def has_am_pm() -> bool:
    """Tell whether the reader's day has twice twelve hours."""
    way = writing()
    return way is not None and way.has_am_pm


def fixed(value: float, digits: int) -> str:
    """Return a number with so many decimals, such as ``1,234.50``."""
    return _number(f"{value:,.{digits}f}")


def percent_sign() -> str:
    """Return what stands behind a number of per cent on an axis."""
    way = writing()
    return way.percent_sign if way else f"{NBSP}%"


def chart_numbers() -> dict[str, Any] | None:
    """Return the signs of a chart's numbers, as Vega takes them; None for its own."""
    way = writing()
    return way.chart_numbers if way else None


def _number(text: str) -> str:
    way = writing()
    return way.number(text) if way and "e" not in text else text


def _percentage(text: str) -> str:
    way = writing()
    return way.percent(text) if way else f"{text}{NBSP}%"


def count(number: int) -> str:
    """Return a whole number with thousands separators."""
    return _number(f"{number:,}").replace("-", MINUS)


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
        return f"under {_percentage('0.1')}"
    if rounded == "100.0":
        return _percentage("100") if share >= 1 else f"over {_percentage('99.9')}"
    return _percentage("0" if rounded == "0.0" else rounded)


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
        return f"over {sign}{_percentage(f'{_LARGEST_PERCENTAGE:,}')}"
    for digits in (1, 2, 3):
        rounded = f"{abs(percentage):.{digits}f}"
        if float(rounded):
            return f"{sign}{_percentage(rounded)}"
    return _percentage("0.0") if not percentage else f"{sign}{_percentage('0.001')} at most"


def p_value(p: float) -> str:
    """Return a p value, such as ``p = 0.14``.

    Args:
        p: 0 to 1.

    Returns:
        Two or three decimals; four beside 0.05, so that rounding never contradicts the verdict at 5 %.
    """
    if p < 0.001:
        return f"p{NBSP}<{NBSP}{_number('0.001')}"
    if p > 0.99:
        return f"p{NBSP}>{NBSP}{_number('0.99')}"
    digits = 4 if 0.045 <= p < 0.055 else 3 if p < 0.01 else 2
    return f"p{NBSP}={NBSP}{fixed(p, digits)}"


def number(value: float) -> str:
    """Return a number of any size, such as ``0.1234`` or ``12,346``: four digits, or all before the point."""
    return _number(f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.4g}").replace("-", MINUS)


def in_words(whole: int) -> str:
    """Return a small whole number in words, such as ``six``; others in digits."""
    return _IN_WORDS[whole] if 0 <= whole < len(_IN_WORDS) else count(whole)


def rate(number: float) -> str:
    """Return a rate with two decimals, such as ``1.93``; a flat 0 only for none."""
    if not number:
        return "0"
    return f"under {_number('0.01')}" if number < 0.005 else fixed(number, 2)


def month(day: date) -> str:
    """Return a date's month, such as ``October 2021``."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def short_month(day: date) -> str:
    """Return a date's month for a chart, such as ``Oct 2021``."""
    return f"{_MONTHS[day.month - 1][:3]} {day.year}"


def day(moment: date) -> str:
    """Return a date, such as ``11 November 2021``."""
    way = writing()
    return way.day(moment, _MONTHS[moment.month - 1]) if way else f"{moment.day} {month(moment)}"


def moment(at: datetime) -> str:
    """Write a date and its time of day; the date alone for a day's last second, which stands for the day."""
    return day(at) if at.time() == END_OF_DAY else f"{day(at)}, {clock(at.hour, at.minute)}"


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
