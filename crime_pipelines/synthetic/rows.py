"""Rows as bytes: every field from a table of text, side by side in a record of fixed width padded with NUL.

Taking the NULs out makes the CSV text. That is five times as fast as joining strings row by row. A COPY of
joined tables in DuckDB is no faster, and its bytes would change with its version.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import profile
from .city import DRAWS, City, Ints, Text, build, draw_table, text
from .days import Days, clock

CHUNK = 32_768  # rows made at once: small enough for the caches, and part of what fixes the bytes
_DRAWS_PER_ROW = 16
_FIRST_ID = 8_400_000
_SPARE = 160  # room in a record for what a defect adds
HEADER = (
    "ID,Case Number,Date,Block,IUCR,Primary Type,Description,Location Description,Arrest,Domestic,Beat,"
    "District,Ward,Community Area,FBI Code,X Coordinate,Y Coordinate,Year,Updated On,"
    "Latitude,Longitude,Location"
)

# The state plane to degrees, in 1e-9 degrees and around a middle point, fitted to Chicago's incidents.
_MIDDLE_X, _MIDDLE_Y = 1_164_000, 1_886_000
_MIDDLE_LAT, _MIDDLE_LON = 41_842_792_900, 87_673_698_500


@dataclass(frozen=True)
class Plan:
    """All that the rows are made from; chunks are made from it in any order, on any thread."""

    rows: int
    seed: int
    defects: int
    newline: str
    city: City
    days: Days
    tables: dict[str, Text]
    lag: Ints  # (draw): days from incident to publication
    refresh: Ints  # (draw): a day before which nothing of this draw is published

    @property
    def chunks(self) -> int:
        """Return the number of chunks; the last one takes the rest in, so that none is tiny."""
        return max(1, self.rows // CHUNK)

    def bounds(self, chunk: int) -> tuple[int, int]:
        """Return the first row of a chunk and the one after its last."""
        return chunk * CHUNK, self.rows if chunk == self.chunks - 1 else (chunk + 1) * CHUNK


def _numbers(below: int) -> Text:
    return np.arange(below).astype(f"S{len(str(below - 1))}")


_GROUPS = [f"{n:03d}" for n in range(1000)]
# The last group of a coordinate ends without zeros, as numbers do; all zeros do not occur.
_SHORT = ["001", *(group.rstrip("0") for group in _GROUPS[1:])]


@cache
def _digits() -> dict[str, Text]:
    """Return the text of numbers and times that is the same in every file; not to be written to."""
    return {
        "id_low": text([f"{n:04d}," for n in range(10_000)]),
        "thousands": text(_GROUPS),
        "comma": text([f"{group}," for group in _GROUPS]),
        "whole": _numbers(2000),
        "clock": text([f"{clock(second)}," for second in range(86_400)]),
        "flags": text(["false,false,", "true,false,", "false,true,", "true,true,"]),
        "lat": text([f"{n // 1000}.{n % 1000:03d}" for n in range(41_000, 43_000)]),
        "lon": text([f"-{n // 1000}.{n % 1000:03d}" for n in range(87_000, 89_000)]),
        "lat_end": text([f"{group}," for group in _SHORT]),
        "lon_end": text([f'{group},"(' for group in _SHORT]),
        "pair_middle": text([f"{group}, " for group in _SHORT]),
    }


def prepare(days: Days, rows: int, seed: int, defects: int, newline: str) -> Plan:
    """Return the tables for a file of so many rows, of which so many have a defect."""
    most_id = (_FIRST_ID + (rows | 63) * 8 // 5) // 10_000 + 1
    most_case = (rows + 100_001) // 1000 + 1
    tables = {
        **_digits(),
        "id_high": _numbers(most_id),
        "case_high": _numbers(most_case),
        "pair_end": text([f'{group})"{newline}' for group in _SHORT]),
    }
    shares = [share for _, share in profile.REFRESHES]
    lag_share = (1 - sum(shares)) / sum(weight for _, weight in profile.LAGS)
    which = draw_table([*shares, *(weight * lag_share for _, weight in profile.LAGS)])
    lags = np.array([7] * len(shares) + [lag for lag, _ in profile.LAGS], dtype=np.int64)
    refreshes = np.concatenate([days.refreshes, np.zeros(len(profile.LAGS), dtype=np.int64)])
    return Plan(rows, seed, defects, newline, build(), days, tables, lags[which], refreshes[which])


def layout(plan: Plan) -> list[tuple[str, Text]]:
    """Return the fields of a record in order, each with the table that its text comes from."""
    table, city, days = plan.tables, plan.city, plan.days
    return [
        ("id_high", table["id_high"]), ("id_low", table["id_low"]),
        ("case", days.case_text), ("case_high", table["case_high"]), ("case_low", table["comma"]),
        ("date", days.date_text), ("time", table["clock"]),
        ("block", city.block_text), ("offence", city.offence_text), ("location", city.location_text),
        ("flags", table["flags"]), ("place", city.place_text), ("fbi", city.fbi_text),
        ("x_high", table["whole"]), ("x_low", table["comma"]),
        ("y_high", table["whole"]), ("y_low", table["comma"]),
        ("year", days.year_text), ("updated", days.updated_text),
        ("lat", table["lat"]), ("lat_middle", table["thousands"]), ("lat_end", table["lat_end"]),
        ("lon", table["lon"]), ("lon_middle", table["thousands"]), ("lon_end", table["lon_end"]),
        ("lat_2", table["lat"]), ("lat_middle_2", table["thousands"]), ("pair_middle", table["pair_middle"]),
        ("lon_2", table["lon"]), ("lon_middle_2", table["thousands"]), ("pair_end", table["pair_end"]),
    ]  # fmt: skip


@dataclass(frozen=True)
class Records:
    """A chunk of records: `data` is one block of memory of rows of `width` bytes."""

    data: bytearray
    width: int
    updated: Ints  # day of publication, by row
    first: int


def records(plan: Plan, chunk: int, whole: NDArray[np.int64]) -> Records:
    """Return the records of a chunk.

    Args:
        plan: the file's plan.
        chunk: number of the chunk, from 0.
        whole: rows of the chunk, counted from its first, that must have coordinates.
    """
    city, days = plan.city, plan.days
    first, end = plan.bounds(chunk)
    count = end - first
    raw: Any = np.random.PCG64(np.random.SeedSequence([plan.seed, 2, chunk])).random_raw(
        count * _DRAWS_PER_ROW // 4
    )
    draws = raw.astype("<u8", copy=False).view("<u2").reshape(_DRAWS_PER_ROW, count)
    row = np.arange(first, end, dtype=np.int64)
    ends = np.clip(days.ends, first, end)
    day = np.repeat(np.arange(days.count, dtype=np.int64), ends - np.concatenate([[first], ends[:-1]]))
    odd = draws[9].astype(np.int64) | (draws[10].astype(np.int64) << 16)

    offence, second = _offence_and_time(city, days, day, draws)
    updated = np.maximum(plan.refresh[draws[6]], day + plan.lag[draws[6]])
    kind = city.kind[offence]
    location = city.location.ravel()[kind * DRAWS + draws[7]]
    place = city.place.ravel()[city.areas[offence] * DRAWS + draws[3]]
    site = place.astype(np.int64) * 64 + city.site[draws[4]]
    flags = (draws[1] < city.arrest[offence]) + 2 * (draws[2] < city.domestic[offence])

    along = (draws[5] & 511).astype(np.int64) - 256
    beside = (draws[5] >> 9).astype(np.int64) % 32 - 16
    x = city.site_x[site] + np.where(city.along_x[site], along, beside)
    y = city.site_y[site] + np.where(city.along_x[site], beside, along)
    lat = _MIDDLE_LAT + (2_744_209 * (y - _MIDDLE_Y) - 20_733 * (x - _MIDDLE_X)) // 1000
    lon = _MIDDLE_LON - (3_670_311 * (x - _MIDDLE_X) + 28_739 * (y - _MIDDLE_Y)) // 1000

    # Ids follow the order of reports, which is roughly that of the incidents: shuffled within 64, with gaps.
    shuffled = (row & ~np.int64(63)) | ((row * 37 + 11 * (row >> 6)) & 63)
    identity = _FIRST_ID + shuffled * 8 // 5
    case = row + days.case_before[day]
    names = city.offence_text.shape[0] // 2
    odd_place = odd - profile.NO_COORDINATES - profile.ZERO_COORDINATES
    place = np.where((odd_place >= 0) & (odd_place < profile.NO_AREA), place + city.places, place)
    zero_area = (odd_place >= profile.NO_AREA) & (odd_place < profile.NO_AREA + profile.AREA_ZERO)
    place = np.where(zero_area, place + 2 * city.places, place)

    lat_parts, lon_parts = _groups(lat, 41), _groups(lon, 87)
    values: dict[str, NDArray[Any]] = {
        "id_high": identity // 10_000, "id_low": identity % 10_000,
        "case": day, "case_high": case // 1000, "case_low": case % 1000,
        "date": day, "time": second,
        "block": site, "offence": offence + names * (day >= days.renamed), "location": location,
        "flags": flags, "place": place, "fbi": offence,
        "x_high": x // 1000, "x_low": x % 1000, "y_high": y // 1000, "y_low": y % 1000,
        "year": day, "updated": updated,
        "lat": lat_parts[0], "lat_middle": lat_parts[1], "lat_end": lat_parts[2],
        "lon": lon_parts[0], "lon_middle": lon_parts[1], "lon_end": lon_parts[2],
        "lat_2": lat_parts[0], "lat_middle_2": lat_parts[1], "pair_middle": lat_parts[2],
        "lon_2": lon_parts[0], "lon_middle_2": lon_parts[1], "pair_end": lon_parts[2],
    }  # fmt: skip
    fields = layout(plan)
    kinds: Any = [(name, table.dtype) for name, table in fields]
    if plan.defects:
        kinds.append(("spare", f"S{_SPARE}"))
    dtype = np.dtype(kinds)
    data = bytearray(count * dtype.itemsize)
    out: Any = np.frombuffer(data, dtype=dtype)
    for name, table in fields:
        out[name] = table.take(values[name], mode="clip")
    odd[whole] = 2**32
    _without_coordinates(out, np.flatnonzero(odd < profile.NO_COORDINATES), plan.newline)
    zero = (odd >= profile.NO_COORDINATES) & (odd < profile.NO_COORDINATES + profile.ZERO_COORDINATES)
    _zero_coordinates(out, np.flatnonzero(zero), plan.newline)
    return Records(data, dtype.itemsize, updated, first)


def _offence_and_time(city: City, days: Days, day: Ints, draws: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Offence and second of the day for each row, in order of time within each day."""
    offence = city.offence[draws[0]]
    second = city.minute.ravel()[city.rhythm[offence] * DRAWS + draws[8]].astype(np.int64) * 60
    odd = draws[11].astype(np.int64) | (draws[12].astype(np.int64) << 16)
    second += np.where(odd < profile.WITH_SECONDS, 1 + odd % 59, 0)
    unknown = days.first_of_month[day] & city.reported[offence] & (draws[13] < profile.PLACEHOLDER_ON_FIRST)
    placeholders = np.array(profile.PLACEHOLDER_SECONDS, dtype=np.int64)
    second = np.where(unknown, placeholders[draws[14] % len(placeholders)], second)
    # The random bits between keep rows of the same second in no order.
    key = np.sort(((day * 86_400 + second) << 26) | (draws[15].astype(np.int64) << 10) | offence)
    return key & 1023, (key >> 26) % 86_400


def _groups(value: Ints, whole: int) -> tuple[Ints, Ints, Ints]:
    """Part a coordinate in 1e-9 degrees: thousandths of a degree above `whole`, and two groups of digits."""
    thousandths, rest = np.divmod(value, 1_000_000)
    middle, last = np.divmod(rest, 1000)
    return thousandths - whole * 1000, middle, last


_POSITION = (
    "x_high", "x_low", "y_high", "y_low", "lat", "lat_middle", "lat_end", "lon", "lon_middle", "lon_end",
    "lat_2", "lat_middle_2", "pair_middle", "lon_2", "lon_middle_2", "pair_end",
)  # fmt: skip


def _replace_position(out: Any, rows: NDArray[np.intp], values: dict[str, str]) -> None:
    if len(rows):
        for name in _POSITION:
            out[name][rows] = values.get(name, "").encode()


def _without_coordinates(out: Any, rows: NDArray[np.intp], newline: str) -> None:
    """Leave the position of these rows empty."""
    commas = dict.fromkeys(("x_low", "y_low", "lat_end", "lon_end"), ",")
    _replace_position(out, rows, {**commas, "pair_end": newline})


def _zero_coordinates(out: Any, rows: NDArray[np.intp], newline: str) -> None:
    """Give these rows the City's placeholder: 0, 0 in the state plane, which lies in Missouri."""
    values = {
        "x_low": "0,", "y_low": "0,",
        "lat": "36.619", "lat_middle": "446", "lat_end": "395,",
        "lon": "-91.686", "lon_middle": "565", "lon_end": '684,"(',
        "lat_2": "36.619", "lat_middle_2": "446", "pair_middle": "395, ",
        "lon_2": "-91.686", "lon_middle_2": "565", "pair_end": f'684)"{newline}',
    }  # fmt: skip
    _replace_position(out, rows, values)
