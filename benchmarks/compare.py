"""Comparison of the outputs of two programs."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Final

from benchmarks.measure import record_of

TABLES: Final = ("monthly_trend", "theft_locations", "crime_trend", "safest_areas", "arrest_rates")
_COUNTS: Final = ("read", "incidents", "superseded")
#: The peers test the trend in the textbook way, not in ours: its numbers differ, what it says must not.
_OTHER_METHOD: Final = {"change_per_year", "change_low", "change_high", "p_value"}
_RELATIVE: Final = 1e-9


def differences(one: Path, other: Path) -> list[str]:
    """List the differences between the answers and counts of two output folders.

    Args:
        one: an output folder.
        other: another.

    Returns:
        A line for each table or count that differs; empty if they say the same.
    """
    found = [
        f"{name}: {_rows_apart(one / 'answers' / f'{name}.csv', other / 'answers' / f'{name}.csv')}"
        for name in TABLES
    ]
    found = [line for line in found if not line.endswith(": ")]
    mine, theirs = record_of(one), record_of(other)
    found += [f"{name}: {mine[name]} and {theirs[name]}" for name in _COUNTS if mine[name] != theirs[name]]
    # The engine counts rejects by reason.
    rejected = [
        sum(each["rejected"].values()) if isinstance(each["rejected"], dict) else each["rejected"]
        for each in (mine, theirs)
    ]
    if rejected[0] != rejected[1]:
        found.append(f"rejected: {rejected[0]} and {rejected[1]}")
    return found


def _rows_apart(one: Path, other: Path) -> str:
    mine, theirs = _read(one), _read(other)
    if len(mine) != len(theirs):
        return f"{len(mine)} and {len(theirs)} rows"
    apart = [at for at, (row, peer) in enumerate(zip(mine, theirs, strict=True)) if not _same_row(row, peer)]
    if not apart:
        return ""
    return f"{len(apart)} of {len(mine)} rows differ, the first is {mine[apart[0]]} and {theirs[apart[0]]}"


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _same_row(one: dict[str, str], other: dict[str, str]) -> bool:
    return list(one) == list(other) and all(
        name in _OTHER_METHOD or _same(one[name], other[name]) for name in one
    )


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return math.isclose(float(one), float(other), rel_tol=_RELATIVE)
    except ValueError:
        return False
