"""Tables of areas, as a layout has them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from crime_pipelines.domain.layouts.model import Area, Areas, LayoutError
from crime_pipelines.domain.text import fold

GREATEST_NUMBER: Final = 999_999
GREATEST_RESIDENTS: Final = 10**9
_COLUMNS: Final = ("number", "name", "residents", "spellings")
#: Between the spellings of an area in a CSV file.
SEPARATOR: Final = "|"


class File(Protocol):
    """A file of text."""

    def read_text(self, encoding: str) -> str:
        """Read it.

        Raises:
            OSError: it can't be read.
        """
        ...


class Folder(Protocol):
    """The folder of a layout: on this machine, in the package, or in a bucket."""

    def joinpath(self, name: str, /) -> File:
        """Return one of its files, whether or not it exists."""
        ...


class NamedAreas(NamedTuple):
    """Areas and what a file calls them.

    Attributes:
        areas: the areas.
        spellings: texts of the file, folded, each with the number of its area.
    """

    areas: Areas
    spellings: tuple[tuple[str, str], ...]


def read_areas(value: Any, folder: Folder) -> NamedAreas:
    """Read the areas of a layout.

    Args:
        value: the name of a CSV file, or a list of tables; each with number, name, residents (or none) and
            spellings (or none).
        folder: the folder of the CSV file.

    Returns:
        The areas.

    Raises:
        LayoutError: they can't be read, or are none.
        OSError: the file can't be read.
    """
    if isinstance(value, str):
        if not value or "/" in value or "\\" in value:
            raise LayoutError(f"areas: {value!r} is no name of a file beside the layout")
        rows: Iterable[Mapping[str, Any]] = _rows(folder.joinpath(value).read_text(encoding="utf-8-sig"))
        where = value
    elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
        rows, where = value, "areas"
    else:
        raise LayoutError("areas: is neither a list of tables nor the name of a CSV file")
    areas: dict[int, Area] = {}
    spellings: dict[str, str] = {}
    for at, row in enumerate(rows, 1):
        area = _area(row, f"{where}, area {at}")
        if area.number in areas:
            raise LayoutError(f"{where}: two areas have the number {area.number}")
        areas[area.number] = area
        for spelling in row.get("spellings") or []:
            folded = fold(str(spelling))
            if folded is None or spellings.setdefault(folded, str(area.number)) != str(area.number):
                raise LayoutError(f"{where}: the spelling {spelling!r} is empty, or that of two areas")
    return NamedAreas(Areas(tuple(areas[number] for number in sorted(areas))), tuple(spellings.items()))


def _rows(text: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        rows: list[dict[str, Any]] = list(reader)
    except csv.Error as error:
        raise LayoutError(f"areas: is no CSV file ({error})") from error
    for row in rows:
        row["spellings"] = [each for each in (row.get("spellings") or "").split(SEPARATOR) if each.strip()]
    return rows


def _area(row: Mapping[str, Any], where: str) -> Area:
    for key in row:
        if key not in _COLUMNS:
            raise LayoutError(f"{where}: {key!r} is not known; an area has {', '.join(_COLUMNS)}")
    name = row.get("name")
    if not isinstance(name, str) or not name.strip():
        raise LayoutError(f"{where}: it has no name")
    number = _whole(row.get("number"), GREATEST_NUMBER, f"{where}: its number")
    residents = row.get("residents")
    if residents in (None, ""):
        return Area(number, name.strip(), None)
    return Area(number, name.strip(), _whole(residents, GREATEST_RESIDENTS, f"{where}: its residents"))


def _whole(value: Any, greatest: int, what: str) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isdigit() and text.isascii()) or not 1 <= int(text) <= greatest:
        raise LayoutError(f"{what} {value!r} is no whole number from 1 to {greatest:,}")
    return int(text)
