"""The city's areas, put together of hexagons that hold incidents: shapes on a plane, no file needed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from crime_pipelines.questions import Answer

#: A hexagon's place: doubled columns and rows, as the question `hexagons` gives them.
Place = tuple[int, int]
#: A shape's outlines: closed rings of points in the plane, y pointing north.
Rings = list[list[tuple[float, float]]]

_NEIGHBOURS: Final = ((2, 0), (1, 1), (-1, 1), (-2, 0), (-1, -1), (1, -1))
#: Corners about a centre, counterclockwise, in half widths across and half sides up: whole numbers, so that
#: the corners of neighbours are equal. Edge number i lies between corners i and i + 1, towards neighbour i.
_CORNERS: Final = ((1, -1), (1, 1), (0, 2), (-1, 1), (-1, -1), (0, -2))
_ROOT_OF_3: Final = 3**0.5
#: A place without incidents that so many neighbours surround is a park or a runway inside the city.
_ENCLOSED: Final = 4
_SPECK: Final = 2  # hexagons
#: Beyond this share of the incidents, on either side, may lie wrong coordinates; that much room is left.
_OUTLYING: Final = 0.001
_ROOM: Final = 0.35


def area_shapes(hexagons: Answer) -> dict[int, Rings]:
    """Return the areas' shapes.

    Args:
        hexagons: the answer to the question `hexagons`.

    Returns:
        The outlines by area. A hexagon is the root of 3 wide.
    """
    cells = _inside({(row[0], row[1]): (row[2], row[3]) for row in hexagons.rows if row[2] is not None})
    owners = _closed(_joined({place: area for place, (area, _) in cells.items()}))
    by_area: dict[int, list[Place]] = defaultdict(list)
    for place, area in owners.items():
        by_area[area].append(place)
    return {area: _outlines(places) for area, places in sorted(by_area.items())}


def _inside(cells: Mapping[Place, tuple[int, int]]) -> dict[Place, tuple[int, int]]:
    """Without the few that lie far off: a wrong coordinate must not shrink the city to a dot."""
    kept = dict(cells)
    for axis in (0, 1):
        weights: Counter[int] = Counter()
        for place, (_, incidents) in kept.items():
            weights[place[axis]] += incidents
        low, high = _quantile(weights, _OUTLYING), _quantile(weights, 1 - _OUTLYING)
        room = _ROOM * (high - low) + 2
        kept = {place: cell for place, cell in kept.items() if low - room <= place[axis] <= high + room}
    return kept


def _quantile(weights: Mapping[int, int], share: float) -> int:
    wanted, passed, at = share * sum(weights.values()), 0, 0
    for at in sorted(weights):
        passed += weights[at]
        if passed >= wanted:
            break
    return at


def _joined(owners: Mapping[Place, int]) -> dict[Place, int]:
    """Without the specks: an area's parts of a hexagon or two, where it has a larger one.

    A few incidents with a wrong area, or a wrong place, are no part of it.
    """
    parts: dict[int, list[list[Place]]] = defaultdict(list)
    left = set(owners)
    while left:
        part = [left.pop()]
        for place in part:  # grows meanwhile
            for neighbour in _beside(place):
                if neighbour in left and owners[neighbour] == owners[place]:
                    left.remove(neighbour)
                    part.append(neighbour)
        parts[owners[part[0]]].append(part)
    return {
        place: area
        for area, found in parts.items()
        for part in found
        if len(part) > _SPECK or len(part) == max(map(len, found))
        for place in part
    }


def _closed(owners: Mapping[Place, int]) -> dict[Place, int]:
    """With the holes filled, each by the area that most of its neighbours belong to."""
    filled = dict(owners)
    while True:
        around: dict[Place, list[int]] = defaultdict(list)
        for place, area in filled.items():
            for neighbour in _beside(place):
                if neighbour not in filled:
                    around[neighbour].append(area)
        holes = {place: areas for place, areas in around.items() if len(areas) >= _ENCLOSED}
        if not holes:
            return filled
        for place, areas in holes.items():
            # the more frequent, then the smaller number: the same on every engine
            filled[place] = min(areas, key=lambda area: (-areas.count(area), area))


def _beside(place: Place) -> Iterable[Place]:
    return ((place[0] + across, place[1] + up) for across, up in _NEIGHBOURS)


def _outlines(places: Iterable[Place]) -> Rings:
    """Return the rings around hexagons: their edges, but for those between two of them, chained."""
    own = set(places)
    onward: dict[Place, list[Place]] = defaultdict(list)
    for column, row in sorted(own):
        for side, (across, up) in enumerate(_NEIGHBOURS):
            if (column + across, row + up) not in own:
                begin, end = _CORNERS[side], _CORNERS[(side + 1) % 6]
                onward[column + begin[0], 3 * row + begin[1]].append((column + end[0], 3 * row + end[1]))
    rings: Rings = []
    while onward:
        start = at = next(iter(onward))
        ring = [start]
        while True:
            following = onward[at].pop()
            if not onward[at]:
                del onward[at]
            at = following
            ring.append(at)
            if at == start:
                break
        rings.append([(across * _ROOT_OF_3 / 2, up / 2) for across, up in ring])
    return rings


def features(shapes: Mapping[int, Rings]) -> list[dict[str, Any]]:
    """Shapes as GeoJSON.

    Args:
        shapes: outlines by area.

    Returns:
        A feature for each area, its number in `properties.area`.
    """
    return [
        {
            "type": "Feature",
            "properties": {"area": area},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[round(x, 3), round(y, 3)] for x, y in ring] for ring in rings],
            },
        }
        for area, rings in shapes.items()
    ]
