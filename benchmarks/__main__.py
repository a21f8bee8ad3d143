"""`python -m benchmarks`: measure, compare the answers, print the tables, say whether the aims are met."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from benchmarks import tables
from benchmarks.compare import differences
from benchmarks.inputs import area_file, incident_file, into_page_cache
from benchmarks.measure import FailedError, Measured, side_by_side
from benchmarks.variants import ENGINE, PEER, VARIANTS, Variant


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def _named(text: str) -> list[Variant]:
    wanted = [each.strip() for each in text.split(",")]
    known = {variant.name: variant for variant in VARIANTS} | {"run": ENGINE}
    if unknown := [name for name in wanted if name not in known]:
        raise argparse.ArgumentTypeError(f"no variant {', '.join(unknown)}; there is {', '.join(known)}")
    return [variant for variant in VARIANTS if variant in [known[name] for name in wanted]]


def _give_up(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(1)


def _measure(
    variants: Sequence[Variant], rows: int, defects: float, repeat: int
) -> tuple[dict[str, Measured], list[str]]:
    """Measure on one size. On sound files nothing may fail or differ; on defective ones it is noted."""
    notes: list[str] = []

    def failed(variant: Variant, error: FailedError) -> None:
        if not defects or variant is ENGINE:
            _give_up(f"{variant.name} on {rows:,} rows: {error}")
        notes.append(f"{variant.name} on {rows:,} rows: {error}")

    def compare(outputs: dict[str, Path]) -> None:
        whole = outputs.get(ENGINE.name) or next(iter(outputs.values()), None)
        for name, out in outputs.items():
            if whole is None or out == whole:
                continue
            apart = [f"{name} on {rows:,} rows differs in {line}" for line in differences(whole, out)]
            if apart and not defects:
                _give_up("\n".join(apart))
            notes.extend(apart)

    source = incident_file(rows, defects)
    into_page_cache(source)
    return side_by_side(variants, source, area_file(), repeat, compare, failed), notes


def main() -> int:
    """Measure and print.

    Returns:
        0 if what was measured meets the project's aims, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=_numbers, default=[500_000, 2_000_000, 8_000_000], metavar="N,N,...")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds; at least 3 for a median")
    parser.add_argument(
        "--only", type=_named, default=list(VARIANTS), metavar="NAME,...", help="run, peer_duckdb, ..."
    )
    parser.add_argument(
        "--defects",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of a file with defects: the engine and peer_duckdb alone, and what the latter makes of it",
    )
    arguments = parser.parse_args()
    if arguments.repeat < 1 or min(arguments.rows) < 1:
        parser.error("--repeat and --rows begin at 1")
    variants = [ENGINE, PEER] if arguments.defects else arguments.only
    head = tables.header(arguments.repeat)
    results: dict[int, dict[str, Measured]] = {}
    notes: list[str] = []
    for rows in sorted(arguments.rows):
        results[rows], noted = _measure(variants, rows, arguments.defects, arguments.repeat)
        notes += noted
    order = [variant.name for variant in variants]
    results = {
        rows: {name: found[name] for name in order if name in found} for rows, found in results.items()
    }

    print(f"{head}\n\n{tables.ratios(results)}\n")
    for table in (tables.growth(results), tables.stages(results)):
        if table:
            print(f"{table}\n")
    for note in notes:
        print(f"- {note}")
    if arguments.defects:
        return 0
    aims = tables.acceptance(results)
    for aim, holds in aims:
        print(f"{'      ' if holds is None else 'holds ' if holds else 'FAILS '} {aim}")
    return int(any(holds is False for _, holds in aims))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
