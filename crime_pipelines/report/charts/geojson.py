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
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import outlines_text
from crime_pipelines.report.charts.hexagons import Rings

#: Properties that hold an area's number, as the City and others name them; asked in this order.
_NUMBERS: Final = ("area", "community_area", "area_numbe", "area_num_1", "area_number", "commarea", "number")
#: The farthest from zero that longitudes and latitudes lie, in degrees.
_EAST: Final = 180.0
_NORTH: Final = 90.0
#: Points to the longer side of the map. Points of neighbours that are one stay one, so no gaps open.
_GRID: Final = 1600


def read_boundaries(path: Path, areas: Areas = CHICAGO.areas) -> dict[int, Rings]:
    """Read the areas' outlines.

    Args:
        path: a GeoJSON file of polygons in degrees, each with its area's number in a property.
        areas: the areas there are.

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
        name = _number_of([properties for properties, _ in each], areas)
        if name is None:
            raise InputError(
                f"{path}: no property of its features holds the number of an area "
                f"(looked for {', '.join(_NUMBERS)})"
            )
        for properties, geometry in each:
            shapes.setdefault(_area(properties[name], areas) or 0, []).extend(_rings(geometry))
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


def _number_of(properties: list[dict[str, Any]], areas: Areas) -> str | None:
    for name in _NUMBERS:
        if properties and all(_area(each.get(name), areas) for each in properties):
            return name
    return None


def _area(value: object, areas: Areas) -> int | None:
    return community_area(str(value).strip(), areas) if value is not None else None


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
