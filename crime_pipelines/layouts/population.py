"""Residents of the areas, from a file of a user's own."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from crime_pipelines.domain.areas import community_area
from crime_pipelines.domain.layouts.area_table import GREATEST_RESIDENTS
from crime_pipelines.domain.layouts.model import Area, Areas
from crime_pipelines.errors import InputError

_NUMBERS: Final = ("communityarea", "area", "areanumber", "number")
_RESIDENTS: Final = ("residents", "population")
#: A census's column, such as ``pop_2020``; of several the latest counts.
_OF_YEAR: Final = re.compile(r"pop(?:ulation)?(\d{4})", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,3}(,\d{3})+|\d+", re.ASCII)


def read_population(path: Path, areas: Areas) -> Areas:
    """Read how many residents each area has.

    Args:
        path: a CSV file with a column for the area's number (`area` or `community_area`) and one for its
            residents (`residents`, `population` or, the latest of several, `pop_YEAR`).
        areas: the areas there are.

    Returns:
        The areas with these residents.

    Raises:
        InputError: the file can't be read, an area is missing, unknown or there twice, or a number is not a
            whole number above 0.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is no CSV file in UTF-8 ({error})") from error
    at_number, at_residents = _columns(path, rows[0] if rows else [])
    residents: dict[int, int] = {}
    for line, row in enumerate(rows[1:], 2):
        if not any(row):
            continue
        texts = [row[at].strip() if at < len(row) else "" for at in (at_number, at_residents)]
        number = community_area(texts[0], areas)
        if number is None:
            raise InputError(f"{path}, line {line}: {texts[0]!r} is no area of this department")
        if number in residents:
            raise InputError(f"{path}, line {line}: area {number} is there a second time")
        whole = int(texts[1].replace(",", "")) if _WHOLE.fullmatch(texts[1]) else 0
        if not 1 <= whole <= GREATEST_RESIDENTS:
            raise InputError(f"{path}, line {line}: {texts[1]!r} residents are no whole number above 0")
        residents[number] = whole
    missing = [area.number for area in areas.all if area.number not in residents]
    if missing:
        raise InputError(
            f"{path}: has no residents of {len(missing)} of {len(areas.all)} areas, such as "
            f"{missing[0]}; rates need those of every area"
        )
    return Areas(tuple(Area(area.number, area.name, residents[area.number]) for area in areas.all))


def _columns(path: Path, headings: Sequence[str]) -> tuple[int, int]:
    """Return where an area's number stands, and its residents."""
    names = [re.sub(r"[^a-z0-9]", "", heading.lower()) for heading in headings]
    by_year = {name: found[1] for name in names if (found := _OF_YEAR.fullmatch(name))}
    latest = sorted(by_year, key=by_year.__getitem__, reverse=True)
    number = next((name for name in _NUMBERS if name in names), None)
    residents = next((name for name in (*_RESIDENTS, *latest) if name in names), None)
    if number is None or residents is None:
        raise InputError(
            f"{path}: needs a column 'area' and a column 'residents' (or 'pop_YEAR'); it has "
            f"{', '.join(headings) or 'none'}"
        )
    return names.index(number), names.index(residents)
