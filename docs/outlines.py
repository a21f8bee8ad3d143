"""Make the table of the areas' outlines from the City's boundaries: `python docs/outlines.py FILE`.

FILE is the GeoJSON "Boundaries - Community Areas" of data.cityofchicago.org, in which neighbours have their common
points alike. Neighbours' common lines are simplified once, so that no gap opens between them.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

Point = tuple[float, float]

TABLE: Final = Path(__file__).parent.parent / "crime_pipelines" / "layouts" / "chicago_outlines.csv"
#: The most points of an area's outline.
MOST: Final = 60
#: A point whose triangle is smaller is left out, in square degrees: about 600 square metres.
LEAST: Final = 6e-8
#: Decimals of a degree: 10 m.
DECIMALS: Final = 4


def main(source: Path) -> None:
    """Write the table.

    Args:
        source: the GeoJSON.
    """
    rings = [
        (int(feature["properties"]["area_number"]), [(float(x), float(y)) for x, y, *_ in ring[:-1]])
        for feature in json.loads(source.read_text(encoding="utf-8"))["features"]
        for polygon in feature["geometry"]["coordinates"]
        for ring in polygon
    ]
    owners: dict[Point, set[int]] = defaultdict(set)
    for area, ring in rings:
        for point in ring:
            owners[point].add(area)
    weights = _weights(rings, owners)
    left = {point for point, weight in weights.items() if weight >= LEAST}
    for area in sorted({area for area, _ in rings}):
        own = {point for other, ring in rings if other == area for point in ring} & left
        left -= set(sorted(own, key=weights.__getitem__)[: max(0, len(own) - MOST)])
    kept = [(area, [point for point in ring if point in left]) for area, ring in rings]
    lines = ["area,outline"]
    for area, ring in sorted(kept):
        if len(ring) > 3:
            points = [*ring, ring[0]]
            lines.append(f"{area},{';'.join(f'{x:.{DECIMALS}f} {y:.{DECIMALS}f}' for x, y in points)}")
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{TABLE}: {len(lines) - 1} outlines, {sum(line.count(';') for line in lines)} points\n")


def _weights(rings: list[tuple[int, list[Point]]], owners: dict[Point, set[int]]) -> dict[Point, float]:
    """Weigh each point by the triangle that goes with it (Visvalingam), line by line between junctions."""
    weights: dict[Point, float] = {}
    for _, ring in rings:
        size = len(ring)
        junctions = [
            at
            for at, point in enumerate(ring)
            if owners[ring[at - 1]] & owners[point] != owners[ring[(at + 1) % size]] & owners[point]
            or len(owners[point]) > 2
        ] or [0]
        for at in junctions:
            weights[ring[at]] = float("inf")
        for begin, end in zip(junctions, [*junctions[1:], junctions[0] + size], strict=True):
            line = [ring[at % size] for at in range(begin, end + 1)]
            if line[0] > line[-1]:
                line.reverse()  # the same from either side
            _weigh(line, weights)
    return weights


def _weigh(line: list[Point], weights: dict[Point, float]) -> None:
    line, greatest = list(line), 0.0
    while len(line) > 2:
        areas = [_triangle(*line[at - 1 : at + 2]) for at in range(1, len(line) - 1)]
        smallest = min(range(len(areas)), key=areas.__getitem__)
        greatest = max(greatest, areas[smallest])
        point = line.pop(smallest + 1)
        weights[point] = max(weights.get(point, 0.0), greatest)


def _triangle(one: Point, two: Point, three: Point) -> float:
    return abs((two[0] - one[0]) * (three[1] - one[1]) - (three[0] - one[0]) * (two[1] - one[1])) / 2


if __name__ == "__main__":
    main(Path(sys.argv[1]))
