"""Measuring, comparing answers and judging aims, for the benchmarks of single engines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from benchmarks.compare import differences
from benchmarks.inputs import area_file, incident_file, into_page_cache
from benchmarks.measure import FailedError, Measured, side_by_side
from benchmarks.variants import Variant


def measured(variants: Sequence[Variant], rows: int, repeat: int) -> dict[str, Measured]:
    """Measure variants on a sound file; ends the process where one fails or answers otherwise.

    Args:
        variants: the variants.
        rows: the file's rows.
        repeat: rounds.

    Returns:
        What was measured, by the variant's name.
    """
    source = incident_file(rows, 0)
    into_page_cache(source)
    return side_by_side(variants, source, area_file(), repeat, _alike, _failed)


def judged(aims: Sequence[tuple[str, bool]]) -> int:
    """Print aims.

    Args:
        aims: each in words, and whether it is met.

    Returns:
        The exit code: 0 if all are.
    """
    for aim, holds in aims:
        print(f"{'holds ' if holds else 'FAILS '} {aim}")
    return int(not all(holds for _, holds in aims))


def _failed(variant: Variant, error: FailedError) -> NoReturn:
    print(f"{variant.name}: {error}", file=sys.stderr)
    raise SystemExit(1)


def _alike(outputs: dict[str, Path]) -> None:
    folders = list(outputs.values())
    for out in folders[1:]:
        if apart := list(differences(folders[0], out)):
            print("\n".join(apart), file=sys.stderr)
            raise SystemExit(1)
