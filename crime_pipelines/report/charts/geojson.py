"""True outlines of the areas, from a GeoJSON file or from the table that comes with the package."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from crime_pipelines.domain.areas import community_area
from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.domain.text import fold
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import outlines_text
from crime_pipelines.report.charts.hexagons import Rings

#: Properties that hold an area's number, as cities name them; asked in this order. Others may hold numbers of
#: something else.
_NUMBERS: Final = (
    *("area", "community_area", "area_numbe", "area_num_1", "area_number", "commarea", "number"),
    *("precinct", "prec", "district", "dist_num"),
)
#: The farthest from zero that longitudes and latitudes lie, in degrees.
_EAST: Final = 180.0
_NORTH: Final = 90.0
#: Names of areas that a message shows.
_SHOWN: Final = 3
#: Points to the longer side of the map. Points of neighbours that are one stay one, so no gaps open.
_GRID: Final = 1600


def read_boundaries(path: Path, areas: Areas) -> dict[int, Rings]:
    """Read the areas' outlines.

    Args:
        path: a GeoJSON file of polygons in degrees, each with its area's number or name in a property.
        areas: the areas of the department.

    Returns:
        The outlines by area, on a plane.

    Raises:
        InputError: the file can't be read, or holds no areas.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error})") from error
    shapes: dict[int, Rings] = {}
    try:
        each = [(feature["properties"] or {}, feature["geometry"] or {}) for feature in found["features"]]
        numbers = _numbers_of(path, [properties for properties, _ in each], areas)
        for number, (_, geometry) in zip(numbers, each, strict=True):
            shapes.setdefault(number, []).extend(_rings(geometry))
        if not any(shapes.values()):
            raise InputError(f"{path}: holds no polygon")
        return _flat(shapes)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise InputError(f"{path}: is not GeoJSON of areas ({error!r})") from error


@lru_cache(maxsize=4)
def bundled_outlines(department: str, areas: Areas) -> Mapping[int, Rings]:
    """Read the outlines that come with the package.

    Args:
        department: the department.
        areas: the areas there are.

    Returns:
        The outlines by area, on a plane; none where the table is not of exactly these areas.
    """
    shapes: dict[int, Rings] = {}
    for row in csv.DictReader(outlines_text(department).splitlines()):
        points = [point.split(" ") for point in row["outline"].split(";")]
        shapes.setdefault(int(row["area"]), []).append([(float(x), float(y)) for x, y in points])
    if not shapes or set(shapes) != {area.number for area in areas.all}:
        return {}
    return _flat(shapes)


def _numbers_of(path: Path, features: list[dict[str, Any]], areas: Areas) -> list[int]:
    """Return the area of each feature, by the first property that holds its number or name in all of them."""
    by_name = {fold(area.name): area.number for area in areas.all}

    def number(value: object) -> int | None:
        return community_area(str(value).strip(), areas) if value is not None else None

    def of_name(value: object) -> int | None:
        return by_name.get(fold(value)) if isinstance(value, str) else None

    candidates = [(name, number) for name in _NUMBERS]
    candidates += [(name, of_name) for name in (features[0] if features else ())]
    for name, find in candidates:
        found = [find(properties.get(name)) for properties in features]
        if found and None not in found:
            return [area for area in found if area is not None]
    names = ", ".join(area.name for area in areas.all[:_SHOWN])
    raise InputError(
        f"{path}: no property of its features holds an area's name in all of them, or its number (looked for "
        f"{', '.join(_NUMBERS)}); the department's areas are {names or 'none'}"
        f"{', ...' if len(areas.all) > _SHOWN else ''}"
    )


def _rings(geometry: Mapping[str, Any]) -> Iterator[list[tuple[float, float]]]:
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from _rings(part)
    coordinates: Any = geometry.get("coordinates")
    for polygon in {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(str(kind), []):
        for ring in polygon:
            yield [(float(point[0]), float(point[1])) for point in ring]


def _flat(shapes: Mapping[int, Rings]) -> dict[int, Rings]:
    """On a plane, to a grid as fine as the map can show."""
    points = [point for rings in shapes.values() for ring in rings for point in ring]
    if not all(abs(x) <= _EAST and abs(y) <= _NORTH for x, y in points):
        raise ValueError("a coordinate is not in degrees")
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    narrowing = math.cos(math.radians((south + north) / 2))
    step = max((east - west) * narrowing, north - south) / _GRID or 1.0

    def placed(point: tuple[float, float]) -> tuple[float, float]:
        return float(round((point[0] - west) * narrowing / step)), float(round((point[1] - south) / step))

    return {
        area: [
            ring for ring in (_thinned([placed(point) for point in each]) for each in rings) if len(ring) > 3
        ]
        for area, rings in sorted(shapes.items())
    }


def _thinned(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept = ring[:1]
    for point in ring[1:]:
        if point != kept[-1]:
            kept.append(point)
    return kept
