"""The city as lookup tables: for each random 16-bit number an offence, place, block, location or minute.

Every distribution becomes a table of 65,536 entries, so that a draw is one array lookup, and the text of each
category is ready as bytes of fixed width padded with NUL. Nothing here depends on the seed: it is one city.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import profile
from .locations import LOCATIONS, TAIL
from .offences import OFFENCES
from .places import PLACES
from .streets import EAST_WEST, NORTH_SOUTH

Text = NDArray[np.bytes_]
Ints = NDArray[np.int64]
DRAWS = 65_536
_Streets = list[tuple[float, str]]
SITES_PER_PLACE = 64

# The street grid in the state plane, in feet: State and Madison, feet to a house number, the grid's slant.
_STATE_X, _MADISON_Y, _FEET, _SLANT = 1_176_300, 1_899_700, 6.64, 0.0277
# South of Roosevelt Road the numbers leave the even 800 to the mile: feet from Madison, and the number there.
_BENDS_FEET = (-74_300, -37_200, -23_700, -21_100, -17_100, -15_800, -10_600, -5_300, 0, 10_600, 50_400)
_BENDS_NUMBER = (-11_900, -6_300, -4_300, -3_900, -3_300, -3_100, -2_200, -1_200, 0, 1_600, 7_600)


def text(values: list[str]) -> Text:
    """Bytes of fixed width, padded with NUL."""
    return np.array([value.encode() for value in values], dtype=np.bytes_)


def quoted(value: str) -> str:
    """Return the value as the City's file writes it: in quotes only where it holds a comma."""
    return f'"{value}"' if "," in value else value


def draw_table(weights: list[float]) -> NDArray[np.int32]:
    """For each 16-bit number a category: shares as the weights, and each positive weight at least once."""
    exact = np.array(weights, dtype=np.float64) * (DRAWS / sum(weights))
    counts = np.maximum(np.floor(exact).astype(np.int64), (exact > 0).astype(np.int64))
    # The rounding is settled where it matters least: at the largest remainders, or the largest counts.
    for position in np.argsort(-(exact - counts), kind="stable")[: max(0, DRAWS - int(counts.sum()))]:
        counts[position] += 1
    counts[int(np.argmax(counts))] += DRAWS - int(counts.sum())
    return np.repeat(np.arange(len(weights), dtype=np.int32), counts)


def _blocks(source: str) -> list[tuple[str, list[str]]]:
    """Return the `= HEAD` sections of a table, each with its lines."""
    sections: list[tuple[str, list[str]]] = []
    for line in source.strip().splitlines():
        if line.startswith("= "):
            sections.append((line[2:], []))
        else:
            sections[-1][1].append(line)
    return sections


def _shares(line: str, separator: str = ";") -> dict[str, float]:
    """`NAME number` pairs."""
    pairs = (item.strip().rpartition(" ") for item in line.split(separator))
    return {name: float(number) for name, _, number in pairs}


def minutes(rhythm: str) -> NDArray[np.int32]:
    """For each 16-bit number a minute of the day, by a rhythm of the profile."""
    hours, marks = ([float(n) for n in part.split()] for part in rhythm.split("|"))
    on_hour, on_half, on_five, midnight, past_midnight, noon = marks
    within = np.full(60, (1000 - on_five) / 48)
    within[::5] = (on_five - on_hour - on_half) / 12
    within[[15, 45]] *= 2
    within[0], within[30] = on_hour, on_half
    day = np.zeros((24, 60))
    for hour, share in enumerate(hours):
        shape, left = within.copy(), share
        if hour == 0:
            shape[[0, 1]] = 0
            left -= midnight + past_midnight
        if hour == 12:
            shape[0] = 0
            left -= noon
        day[hour] = shape / shape.sum() * max(left, share * 0.1)
    day[0, 0], day[0, 1], day[12, 0] = midnight, past_midnight, noon
    return draw_table(list(day.ravel()))


@dataclass(frozen=True)
class City:
    """Lookup tables; the first index is a category, the second, where there is one, a 16-bit draw."""

    offence: NDArray[np.int32]  # (draw)
    offence_text: Text  # IUCR, type, description; old names, then all again with the new ones
    fbi_text: Text
    rhythm: NDArray[np.int32]  # (offence)
    reported: NDArray[np.bool_]  # (offence)
    areas: NDArray[np.int32]  # (offence): which of the three rows of `place`
    kind: NDArray[np.int32]  # (offence): its row of `location`
    arrest: NDArray[np.int32]  # (offence): of 65,536
    domestic: NDArray[np.int32]
    minute: NDArray[np.int32]  # (rhythm, draw)
    location: NDArray[np.int32]  # (type, draw)
    location_text: Text
    place: NDArray[np.int32]  # (areas, draw)
    place_text: Text  # beat, district, ward, area; then without ward and area; then with area 0
    places: int
    site: NDArray[np.int32]  # (draw): a site within a place
    block_text: Text
    site_x: Ints
    site_y: Ints
    along_x: NDArray[np.bool_]


def _offences() -> dict[str, Any]:
    names, old, new, fbi, weights = [], [], [], [], []
    rhythm, areas, kind, arrest, domestic, reported = [], [], [], [], [], []
    rhythms = list(profile.RHYTHMS)
    for head, lines in _blocks(OFFENCES):
        name, column, beat = head.split("|")
        names.append(name)
        for line in lines:
            iucr, description, code, weight, arrests, homes = line.split("|")
            old.append(f"{iucr},{name},{quoted(description)},")
            renamed = profile.NEW_NAME if name == profile.OLD_NAME else name
            new.append(f"{iucr},{renamed},{quoted(description)},")
            fbi.append(f"{code},")
            weights.append(float(weight))
            rhythm.append(rhythms.index(beat))
            reported.append(beat in profile.REPORTED)
            areas.append("pvn".index(column))
            kind.append(len(names) - 1)
            arrest.append(round(int(arrests) * DRAWS / 100))
            domestic.append(round(int(homes) * DRAWS / 100))
    return {
        "names": names,
        "offence": draw_table(weights),
        "offence_text": text(old + new),
        "fbi_text": text(fbi),
        "rhythm": np.array(rhythm, dtype=np.int32),
        "reported": np.array(reported),
        "areas": np.array(areas, dtype=np.int32),
        "kind": np.array(kind, dtype=np.int32),
        "arrest": np.array(arrest, dtype=np.int32),
        "domestic": np.array(domestic, dtype=np.int32),
    }


def _locations(names: list[str]) -> tuple[NDArray[np.int32], Text]:
    tail = _shares(" ".join(TAIL.split()))
    by_type = {head: _shares(" ".join(" ".join(lines).split())) for head, lines in _blocks(LOCATIONS)}
    known = list(dict.fromkeys([*tail, *(name for shares in by_type.values() for name in shares)]))
    tables = []
    for name in names:
        shares = by_type.get(name, {})
        rest = {place: weight for place, weight in tail.items() if place not in shares}
        left = max(2.0, 1000 - sum(shares.values())) / sum(rest.values())
        tables.append(draw_table([shares.get(place, rest.get(place, 0) * left) for place in known]))
    return np.stack(tables), text(["," if place == "-" else f"{quoted(place)}," for place in known])


def _streets() -> tuple[_Streets, _Streets]:
    """Streets by number, ascending: running north and south, and running east and west."""
    upright = [(number, name) for name, number in _shares(" ".join(NORTH_SOUTH.split()), ",").items()]
    level = [(number, name) for name, number in _shares(" ".join(EAST_WEST.split()), ",").items()]
    for number in range(13, 139):
        last = "TH" if number % 100 in (11, 12, 13) else {1: "ST", 2: "ND", 3: "RD"}.get(number % 10, "TH")
        level.append((-100.0 * number, f"{number}{last} ST"))
    return sorted(upright), sorted(level)


def _block(number: float, negative: str, positive: str, street: str) -> str:
    hundred = int(abs(number)) // 100
    head = f"{hundred:03d}XX" if hundred else "0000X"
    return f"{head} {negative if number < 0 else positive} {street},"


def _sites(centres: list[tuple[int, int]]) -> tuple[Text, Ints, Ints, NDArray[np.bool_]]:
    """Blocks around each place's centre, on the nearest street to a scattered point."""
    bits = np.random.PCG64(77).random_raw(len(centres) * SITES_PER_PLACE)
    # Sums of four bytes scatter like a normal curve, and the same on every machine.
    east = sum(((bits >> np.uint64(8 * k)) & np.uint64(255)).astype(np.int64) for k in range(4)) - 510
    north = sum(((bits >> np.uint64(8 * k)) & np.uint64(255)).astype(np.int64) for k in range(4, 8)) - 510
    middle = np.repeat(np.array(centres, dtype=np.int64), SITES_PER_PLACE, axis=0)
    x, y = middle[:, 0] + east * 5, middle[:, 1] + north * 5
    upright, level = _streets()
    across = (x - _STATE_X + _SLANT * (y - _MADISON_Y)) / _FEET
    # The slant of the rows of blocks, a little less than that of the columns.
    up = np.interp(y - _MADISON_Y - 0.0175 * (x - _STATE_X), _BENDS_FEET, _BENDS_NUMBER)
    along_x = (bits >> np.uint64(3)) % np.uint64(2) == 0

    def nearest(streets: _Streets, at: NDArray[np.float64]) -> tuple[list[str], NDArray[np.float64]]:
        numbers = np.array([number for number, _ in streets])
        right = np.clip(np.searchsorted(numbers, at), 1, len(numbers) - 1)
        best = np.where(at - numbers[right - 1] <= numbers[right] - at, right - 1, right)
        return [streets[i][1] for i in best], numbers[best]

    columns, column_at = nearest(upright, across)
    rows, row_at = nearest(level, up)
    # A block lies on its street: the point moves there.
    x = np.where(along_x, x, x + np.rint((column_at - across) * _FEET).astype(np.int64))
    moved = np.interp(row_at, _BENDS_NUMBER, _BENDS_FEET) - np.interp(up, _BENDS_NUMBER, _BENDS_FEET)
    y = np.where(along_x, y + np.rint(moved).astype(np.int64), y)
    names = [
        _block(a, "W", "E", row) if level_street else _block(b, "S", "N", column)
        for level_street, a, b, row, column in zip(along_x, across, up, rows, columns, strict=True)
    ]
    return text(names), x, y, along_x


@cache
def build() -> City:
    """Return the tables of the city, made once: a tenth of a second; not to be written to."""
    offences = _offences()
    names = offences.pop("names")
    location, location_text = _locations(names)
    weights: list[list[float]] = [[], [], []]
    whole, bare, zero, centres = [], [], [], []
    for line in _place_lines():
        number, _, residents, *rates, places = line.split("|")
        parts = [place.split() for place in places.split(",")]
        listed = sum(int(share) for _, _, share, _, _ in parts)
        for beat, ward, share, x, y in parts:
            for row, rate in enumerate(rates):
                weights[row].append(int(residents) * float(rate) * int(share) / listed)
            whole.append(f"{beat},0{beat[:2]},{ward},{number},")
            bare.append(f"{beat},0{beat[:2]},,,")
            zero.append(f"{beat},0{beat[:2]},{ward},0,")
            centres.append((int(x) * 100, int(y) * 100))
    block_text, site_x, site_y, along_x = _sites(centres)
    return City(
        **offences,
        minute=np.stack([minutes(rhythm) for rhythm in profile.RHYTHMS.values()]),
        location=location,
        location_text=location_text,
        place=np.stack([draw_table(row) for row in weights]),
        place_text=text(whole + bare + zero),
        places=len(whole),
        # Some blocks see far more than others.
        site=draw_table([1 / (position + 6) for position in range(SITES_PER_PLACE)]),
        block_text=block_text,
        site_x=site_x,
        site_y=site_y,
        along_x=along_x,
    )


def _place_lines() -> list[str]:
    """Return a line for each area: in the table a long one goes on below, after a comma."""
    return PLACES.strip().replace(",\n", ",").splitlines()
