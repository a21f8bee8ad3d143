"""The columns that a file's fields are likely to be made of, by their headings and by what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crime_pipelines.sources.proposals.columns import MOST, ColumnSample

#: Words of headings, by field: the earlier, the better.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(words.split())
    for name, words in {
        "id": "id key num number no nbr incident case report complaint event",
        "occurred_at": "occurred occ occur occurrence incident from fr start begin date",
        "primary_type": "primary offense offence ofns crime crm category type charge desc",
        "location_description": "premises premise premis prem location loc place typ type",
        "arrest": "arrest arrested disposition status clearance cleared resolution outcome",
        "community_area": (
            "area precinct pct community district division neighborhood neighbourhood sector zone borough "
            "boro ward beat region"
        ),
        "updated_on": "updated update modified changed edited",
        "block": "block address street location",
        "latitude": "latitude lat y",
        "longitude": "longitude lon long lng x",
    }.items()
}
#: Words that say that a column is about something else.
_OTHERS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in {
        "occurred_at": (
            "reported rptd rpt report to end until updated update modified created entered closed birth "
            "load arrest"
        ),
        "primary_type": "location loc premise premis prem weapon status law juris",
        "location_description": "weapon status crime crm ofns offense offence",
        "community_area": "code crm transit housing census computed",
    }.items()
}
_DATES: Final = frozenset(("date", "dt", "day", "time", "tm", "hour", "datetime", "timestamp"))
_CRIMES: Final = re.compile(
    "THEFT|LARCENY|BURGLARY|ROBBERY|ASSAULT|BATTERY|HOMICIDE|MURDER|FRAUD|NARCOTIC|DRUG|VANDAL|MISCHIEF|HARR?ASS"
    "|ARSON|RAPE|TRESPASS|STOLEN|SHOPLIFT|STALKING|KIDNAP|FORGERY|CRIMINAL"
)
_PLACES: Final = re.compile(
    "STREET|SIDEWALK|RESIDENCE|APARTMENT|DWELLING|HOUSE|STORE|PARKING|SCHOOL|RESTAURANT|BUILDING|BANK|HOTEL|STATION"
    "|GARAGE|ALLEY|DRIVEWAY|HOME|OFFICE|BAR\\b|SHOP"
)
_ADDRESS: Final = re.compile("[0-9].* [A-Z]")
#: More kinds than that are no types, and no areas.
_MOST_KINDS: Final = 400
_THEFTS: Final = re.compile(r"LARCENY|\bTHEFT|SHOPLIFT|PICK-?POCKET|PURSE|BI(KE|CYCLE).*STOLEN")
_NO_THEFTS: Final = re.compile("IDENTITY|SERVICE|EMBEZZ|BUNCO|FRAUD|BOAT|OFFENSES RELATED")
_VEHICLES: Final = re.compile(
    r"(MOTOR )?VEHICLE.*(THEFT|STOLEN)|AUTO(MOBILE)? THEFT|(THEFT|LARCENY) OF (A )?(MOTOR )?VEH"
)
_NO_ARREST: Final = re.compile(r"\b(NO|NOT|NON|WITHOUT)\b")


@dataclass
class Choice:
    """The columns that fields are likely to be made of.

    Attributes:
        columns: the column of each field; that of `occurred_at` holds the day.
        time: the column of its time, where that is another.
        area_names: the names of areas by number, where another column has them.
        thefts: types that are thefts, folded.
        vehicle_thefts: types that are thefts of motor vehicles.
        arrests: texts that say that there was an arrest; none where the column holds yes and no.
    """

    columns: dict[str, ColumnSample] = field(default_factory=dict)
    time: ColumnSample | None = None
    area_names: dict[str, str] = field(default_factory=dict)
    thefts: list[str] = field(default_factory=list)
    vehicle_thefts: list[str] = field(default_factory=list)
    arrests: list[str] = field(default_factory=list)


def choose(columns: Sequence[ColumnSample], rows: Iterable[Sequence[str]]) -> Choice:
    """Choose the columns of each field.

    Args:
        columns: the columns of a file.
        rows: the rows of the sample, to pair areas with their names.

    Returns:
        The choice; a field that no column looks like is not in it.
    """
    chosen = Choice()
    found = chosen.columns

    def take(name: str, fits: Callable[[ColumnSample], float]) -> None:
        free = [each for each in columns if each not in found.values() and each is not chosen.time]
        best = max(free, key=lambda each: _score(name, each, fits), default=None)
        if best is not None and _score(name, best, fits) > 0:
            found[name] = best

    take("id", lambda each: 2.0 * each.is_key)
    _take_moment(columns, chosen)
    take("primary_type", _looks_like_type)
    take("location_description", _looks_like_place)
    take("arrest", _looks_like_arrest)
    take("community_area", _looks_like_area)
    take(
        "updated_on", lambda each: 1.0 * (each.is_date and each.has_times and _named("updated_on", each) > 0)
    )
    take("latitude", lambda each: float(_named("latitude", each) > 0 and each.are_within(-90, 90)))
    take("longitude", lambda each: float(_named("longitude", each) > 0 and each.are_within(-180, 180)))
    take("block", lambda each: float(_named("block", each) > 0 and each.share(_ADDRESS.search) > 0.5))
    if types := found.get("primary_type"):
        _sort_types(types, chosen)
    if (arrest := found.get("arrest")) and not arrest.is_flag:
        chosen.arrests = [text for text in arrest.counts if _says_arrest(text)]
    if area := found.get("community_area"):
        chosen.area_names = _names_of(area, columns, rows)
    return chosen


def _named(name: str, column: ColumnSample) -> float:
    """Return how well a heading's words fit a field, 0 to 1; below 0 where they say something else."""
    if not _OTHERS.get(name, frozenset()).isdisjoint(column.words):
        return -1.0
    words = _NAMES[name]
    return max(
        (1 - words.index(word) / (2 * len(words)) for word in column.words if word in words), default=0.0
    )


def _score(name: str, column: ColumnSample, fits: Callable[[ColumnSample], float]) -> float:
    fit = fits(column)
    return fit + _named(name, column) if fit > 0 else 0.0


def _take_moment(columns: Sequence[ColumnSample], chosen: Choice) -> None:
    days = [each for each in columns if each.is_date and each.filled >= MOST]
    times = [each for each in columns if (each.is_clock or each.is_hours_minutes) and each.filled >= MOST]

    def worth(day: ColumnSample, time: ColumnSample | None) -> float:
        if time is None:
            return 2 * day.has_times + _named("occurred_at", day)
        own, others = (set(each.words) - _DATES for each in (day, time))
        is_time = not _DATES.isdisjoint(time.words)
        return 1.5 * (own == others) + is_time + _named("occurred_at", day) - day.has_times

    pairs = [(day, None) for day in days if day.has_times] + [(day, time) for day in days for time in times]
    if not pairs:
        pairs = [(day, None) for day in days]
    if pairs:
        day, chosen.time = max(pairs, key=lambda pair: worth(*pair))
        chosen.columns["occurred_at"] = day


def _looks_like_type(column: ColumnSample) -> float:
    if not column.is_text or not 1 < len(column.counts) <= _MOST_KINDS:
        return 0.0
    share = column.share(_CRIMES.search)
    # of two columns about the offence the one with fewer kinds
    return 2 * share + 0.5 * (1 - len(column.counts) / _MOST_KINDS) if share > 0.2 else 0.0


def _looks_like_place(column: ColumnSample) -> float:
    if not column.is_text or len(column.counts) > _MOST_KINDS:
        return 0.0
    share = column.share(_PLACES.search)
    return 2 * share if share > 0.2 else 0.0


def _looks_like_arrest(column: ColumnSample) -> float:
    named = _named("arrest", column)
    if column.is_flag:
        return 1.0 * (not {"arrest", "arrested"}.isdisjoint(column.words))
    says = any(map(_says_arrest, column.counts))
    return 1.0 * (named > 0 and len(column.counts) <= _MOST_KINDS and says)


def _says_arrest(text: str) -> bool:
    return "ARREST" in text and not _NO_ARREST.search(text)


def _looks_like_area(column: ColumnSample) -> float:
    if (
        _named("community_area", column) <= 0
        or column.filled < 0.5
        or not 0 < len(column.counts) <= _MOST_KINDS
    ):
        return 0.0
    if not column.is_number and not column.is_text:
        return 0.0
    # a number that has few values is surer than a name, which may be spelled in several ways
    return column.filled + 0.2 * column.is_number


def _sort_types(types: ColumnSample, chosen: Choice) -> None:
    for text in sorted(types.counts):
        if _VEHICLES.search(text):
            chosen.vehicle_thefts.append(text)
        elif _THEFTS.search(text) and not _NO_THEFTS.search(text) and text != "THEFT":
            chosen.thefts.append(text)
    chosen.vehicle_thefts = [text for text in chosen.vehicle_thefts if text != "MOTOR VEHICLE THEFT"]


def _names_of(
    area: ColumnSample, columns: Sequence[ColumnSample], rows: Iterable[Sequence[str]]
) -> dict[str, str]:
    """Find the names of areas in a column of names beside their numbers."""
    if not area.is_number:
        return {}
    stem = {*area.words} - {"no", "num", "number", "code", "cd", "id"}
    named = [each for each in columns if stem < {*each.words} and each.is_text]
    if not named:
        return {}
    names: dict[str, str] = {}
    for fields in rows:
        number, name = fields[area.position].strip(), fields[named[0].position].strip()
        if number and name and names.setdefault(number, name) != name:
            return {}
    return names
