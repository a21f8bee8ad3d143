"""The share of a month's count that goes with unusual temperatures, by a file of daily ones."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.analysis.daily import DAY, kinds_of, slow_course
from crime_pipelines.analysis.day_series import after_shift, original_days
from crime_pipelines.domain.confidence import Z_95
from crime_pipelines.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Days with both a count and a temperature that are needed at least.
LEAST_DAYS: Final = 730
#: The temperatures that a city can have, in degrees Fahrenheit.
COLDEST, WARMEST = -80.0, 135.0
_DATES: Final = ("date", "day")
_MEANS: Final = ("meantemp", "tavg", "temperature", "meantemperature", "temp")
_EXTREMES: Final = (("maxtemp", "mintemp"), ("tmax", "tmin"))
_FORMS: Final = ("%Y-%m-%d", "%m/%d/%y", "%m/%d/%Y", "%Y%m%d")
_BLOCK: Final = 28
_NO_DATA: Final = "the temperatures cover too few days of this month"


def read_temperatures(path: Path) -> dict[date, float]:
    """Read daily mean temperatures.

    Args:
        path: a CSV file with a column of dates (`date`) and one of mean temperatures (`meanTemp`, `TAVG`,
            `temperature`), or two of the highest and the lowest (`TMAX` and `TMIN`); degrees Fahrenheit.

    Returns:
        Temperatures by day, in degrees Fahrenheit.

    Raises:
        InputError: the file can't be read, a day is there twice, or a value is no date or no temperature.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")), strict=True))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is no CSV file in UTF-8 ({error})") from error
    names = [re.sub(r"[^a-z0-9]", "", heading.lower()) for heading in (rows[0] if rows else [])]
    dated = next((names.index(name) for name in _DATES if name in names), None)
    means = [[names.index(name)] for name in _MEANS if name in names]
    halves = [[names.index(name) for name in pair] for pair in _EXTREMES if set(pair) <= set(names)]
    measured = next(iter([*means, *halves]), None)
    if dated is None or measured is None:
        raise InputError(
            f"{path}: needs a column 'date' and a column 'meanTemp' or 'TAVG' (or both 'TMAX' and 'TMIN'); "
            f"it has {', '.join(rows[0]) if rows else 'none'}"
        )
    found: dict[date, float] = {}
    for line, row in enumerate(rows[1:], 2):
        texts = [row[at].strip() if at < len(row) else "" for at in (dated, *measured)]
        if not all(texts):  # a day that was not measured
            continue
        day = _day(texts[0])
        if day is None:
            raise InputError(f"{path}, line {line}: {texts[0]!r} is no date such as 2018-01-31 or 1/31/18")
        if day in found:
            raise InputError(f"{path}, line {line}: {day} is there a second time")
        found[day] = _mean(texts[1:], f"{path}, line {line}")
    if not found:
        raise InputError(f"{path}: holds no temperature")
    if max(found.values()) < 50.0:
        raise InputError(f"{path}: no day is warmer than 50 degrees; temperatures must be in Fahrenheit")
    return found


def _day(text: str) -> date | None:
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _mean(texts: Sequence[str], where: str) -> float:
    try:
        values = [float(text) for text in texts]
    except ValueError:
        values = [WARMEST + 1]
    if not all(COLDEST <= value <= WARMEST for value in values):
        raise InputError(f"{where}: {', '.join(texts)} is no temperature in degrees Fahrenheit")
    return sum(values) / len(values)


def month_effects(
    rows: Sequence[tuple[Any, ...]], temperatures: Mapping[date, float]
) -> list[tuple[Any, ...]]:
    """Tell for each month how many incidents more or fewer go with its unusual temperatures.

    The logarithm of a day's count is its kind (weekday, time of the year, holiday) and a slow course, as in
    the daily forecasts, plus a slope on the distance of its temperature from the season's usual one.
    The slope's error allows for days that resemble the days before, by blocks of 28 days.

    Args:
        rows: (day, incidents, shift), ascending.
        temperatures: by day before any date shift, in degrees Fahrenheit.

    Returns:
        For each month (month, days, temperature, usual temperature, incidents, effect and its 95 % interval
        as shares of the incidents, change per 10 degrees and its interval, note); one row with a note alone
        where too few days have both. None without incidents.
    """
    import numpy as np

    if not rows:
        return []
    shift = max((row[2] or 0) for row in rows)
    first, counts = original_days([(day, number) for day, number, _ in rows], shift)
    days = [first + timedelta(days=at) for at in range(len(counts))]
    known = np.array([day in temperatures for day in days])
    if known.sum() < LEAST_DAYS:
        return [_refused(f"fewer than {LEAST_DAYS} days have both incidents and a temperature")]
    values = np.array([temperatures.get(day, np.nan) for day in days])
    described = kinds_of(first, len(days), DAY)
    unusual = values - _usual(values, known, described)
    design = np.column_stack([unusual / 10, described, slow_course(len(days), DAY)])[known]
    slope, error = _slope(design, np.log(counts[known] + 0.5), np.flatnonzero(known) // _BLOCK)
    per_ten = [float(np.expm1(each)) for each in (slope, slope - Z_95 * error, slope + Z_95 * error)]
    months: list[tuple[Any, ...]] = []
    of_month = Counter((day.year, day.month) for day in days)
    for year, month in sorted(of_month):
        inside = np.array([(day.year, day.month) == (year, month) for day in days])
        both = inside & known
        begins = after_shift(date(year, month, 1), shift)
        incidents = round(float(counts[inside].sum()))
        if both.sum() < 0.8 * of_month[year, month]:
            months.append((begins, int(both.sum()), None, None, incidents, *[None] * 3, *per_ten, _NO_DATA))
            continue
        distance = float(unusual[both].mean()) / 10
        ends = sorted(distance * (slope + side * Z_95 * error) for side in (-1, 1))
        effects = [1 - float(np.exp(-each)) for each in (distance * slope, *ends)]
        mean = float(values[both].mean())
        months.append(
            (begins, int(both.sum()), mean, mean - 10 * distance, incidents, *effects, *per_ten, None)
        )
    return months


def _usual(
    values: NDArray[np.float64], known: NDArray[np.bool_], described: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the usual temperature of each day's time of the year: three harmonics."""
    import numpy as np

    waves = np.column_stack([np.ones(len(values)), described[:, :6]])
    weights, *_ = np.linalg.lstsq(waves[known], values[known], rcond=None)
    usual: NDArray[np.float64] = waves @ weights
    return usual


def _slope(
    design: NDArray[np.float64], logs: NDArray[np.float64], blocks: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the first column's weight and its standard error; days of a block may resemble each other."""
    import numpy as np

    inverse = np.linalg.pinv(design.T @ design)
    weights = inverse @ design.T @ logs
    left = logs - design @ weights
    scores = np.zeros((int(blocks.max()) + 1, design.shape[1]))
    np.add.at(scores, blocks, design * left[:, np.newaxis])
    number = len(np.unique(blocks))
    variance = (inverse @ scores.T @ scores @ inverse)[0, 0] * number / (number - 1)
    return float(weights[0]), float(np.sqrt(variance))


def _refused(note: str) -> tuple[Any, ...]:
    return (*[None] * 11, note)
