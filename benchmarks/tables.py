"""The tables that are printed, as Markdown, so that they can go into a page as they are."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

import psutil

from benchmarks.measure import Measured
from benchmarks.variants import ENGINE, PEER
from crime_pipelines.support.cores import usable_cores

#: What the project asks of the embedded engine.
GREATEST_WALL_RATIO: Final = 1.15
GREATEST_MEMORY: Final = 2e9
GREATEST_GROWTH: Final = 1.3
LARGE: Final = 8_000_000
SMALL: Final = 2_000_000

Results = Mapping[int, Mapping[str, Measured]]


def header(repeat: int) -> str:
    """Return the machine, and the versions of what is measured."""
    # what the scheduler grants, not what the machine has
    cores = usable_cores()
    versions = ", ".join(f"{name} {version(name)}" for name in ("crime-pipelines", "duckdb", "polars"))
    return (
        f"{cores} cores, {psutil.virtual_memory().total / 1e9:.0f} GB of memory, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, {versions}; "
        f"load {os.getloadavg()[0]:.2f} at the start; medians of {repeat} interleaved runs"
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(headings), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]

    def drawn(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [("-" * width) if at < 2 else ("-" * (width - 1) + ":") for at, width in enumerate(widths)]
    return "\n".join([drawn(lines[0]), drawn(rule), *(drawn(line) for line in lines[1:])])


def ratios(results: Results) -> str:
    """Each variant against `peer_duckdb`, with the medians and the range of wall times beside."""
    rows = []
    for size, measured in results.items():
        base = measured[PEER.name].median if PEER.name in measured else None
        for name, found in measured.items():
            cost = found.median
            walls = [each.wall for each in found.costs]
            against = (
                [
                    f"{cost.wall / base.wall:.2f}",
                    f"{cost.cpu / base.cpu:.2f}",
                    f"{cost.memory / base.memory:.2f}",
                ]
                if base
                else ["", "", ""]
            )
            rows.append(
                [
                    f"{size:,}",
                    name,
                    *against,
                    f"{cost.wall:.2f} s",
                    f"{min(walls):.2f}-{max(walls):.2f}",
                    f"{cost.cpu:.2f} s",
                    f"{cost.memory / 1e6:,.0f} MB",
                ]
            )
    headings = ["rows", "variant", "wall ratio", "CPU ratio", "memory ratio"]
    return _table([*headings, "wall", "from-to", "CPU", "peak memory"], rows)


def growth(results: Results) -> str:
    """Each variant at 8 million rows against itself at 2 million; empty unless both were measured."""
    if LARGE not in results or SMALL not in results:
        return ""
    rows = []
    for name in results[LARGE]:
        if name in results[SMALL]:
            large, small = results[LARGE][name].median, results[SMALL][name].median
            rows.append(
                [
                    f"{LARGE // 10**6}M against {SMALL // 10**6}M",
                    name,
                    f"{large.wall / small.wall:.2f}",
                    f"{large.cpu / small.cpu:.2f}",
                    f"{large.memory / small.memory:.2f}",
                ]
            )
    return _table(["rows", "variant", "wall ratio", "CPU ratio", "memory ratio"], rows)


def stages(results: Results) -> str:
    """Return the engine's seconds by stage; empty unless they were measured."""
    found = {size: each[ENGINE.name].stages for size, each in results.items() if ENGINE.name in each}
    if not found:
        return ""
    names = list(next(iter(found.values())))
    rows = [
        [f"{size:,}", ENGINE.name, *(f"{each[name]:.2f} s" for name in names)] for size, each in found.items()
    ]
    return _table(["rows", "variant", *names], rows)


def acceptance(results: Results) -> list[tuple[str, bool | None]]:
    """List the project's aims for the engine, each with whether it holds, or None if not measured."""
    large = results.get(LARGE, {})
    small = results.get(SMALL, {})
    engine = large[ENGINE.name].median if ENGINE.name in large else None
    peer = large[PEER.name].median if PEER.name in large else None
    before = small[ENGINE.name].median if ENGINE.name in small else None
    wall = engine.wall / peer.wall if engine and peer else None
    memory = engine.memory if engine else None
    grown = engine.memory / before.memory if engine and before else None
    return [
        _limit(f"wall time at {LARGE:,} rows against {PEER.name}", wall, GREATEST_WALL_RATIO, "{:.2f}"),
        _limit(f"peak memory at {LARGE:,} rows, GB", _scaled(memory), GREATEST_MEMORY / 1e9, "{:.2f}"),
        _limit(f"the same against {SMALL:,} rows", grown, GREATEST_GROWTH, "{:.2f}"),
    ]


def _scaled(memory: float | None) -> float | None:
    return None if memory is None else memory / 1e9


def _limit(what: str, found: float | None, greatest: float, shape: str) -> tuple[str, bool | None]:
    if found is None:
        return f"{what}: not measured (at most {greatest:g})", None
    return f"{what}: {shape.format(found)} (at most {greatest:g})", found <= greatest
