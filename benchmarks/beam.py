"""`python -m benchmarks.beam`: Beam against the embedded engine and against Beam row by row; the stream.

The aims: at most twice the embedded engine's wall time on 2 million rows; at least 25 times the rows a second
of a pipeline of dictionaries; at most a twentieth of the worker's CPU that a message took when the stream
kept state, end to end (needs the local cloud, Prism by `make prism` and PRISM=build/prism, and the whole
history of this repository).

Rows a second are those of the pipelines at work, what more rows take beyond fewer: neither Beam's start
counts, which weighs on the slower pipeline's few rows, nor the report, which weighs on the faster one's short
time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Final

from benchmarks import tables
from benchmarks.aims import judged, measured
from benchmarks.messages import cost, lacking
from benchmarks.variants import BEAM, BEAM_ROWS, ENGINE, Variant

GREATEST_WALL_RATIO: Final = 2.0
LEAST_ROWS_RATIO: Final = 25.0
LEAST_STATE_RATIO: Final = 20.0


def main() -> int:
    """Measure and print.

    Returns:
        0 if what was measured meets the aims, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beam", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, metavar="N", help="against the engine")
    parser.add_argument("--many", type=int, default=8_000_000, metavar="N", help="for rows a second")
    parser.add_argument("--row-by-row", type=int, default=200_000, metavar="N", help="rows of that peer")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds")
    arguments = parser.parse_args()
    if lack := lacking():
        parser.error(lack)
    print(tables.header(arguments.repeat), "\n")

    large = measured([ENGINE, BEAM], arguments.rows, arguments.repeat)
    beam, engine = large[BEAM.name].median, large[ENGINE.name].median
    known = {arguments.rows: beam.wall}
    rate = _rows_a_second(BEAM, arguments.many, arguments.repeat, known)
    row_rate = _rows_a_second(BEAM_ROWS, arguments.row_by_row, arguments.repeat, {})
    message = cost(arguments.repeat)
    aims = [
        (
            f"run --engine beam takes {beam.wall:.1f} s on {arguments.rows:,} rows, the embedded engine "
            f"{engine.wall:.1f} s: {beam.wall / engine.wall:.2f} times (CPU: {beam.cpu / engine.cpu:.2f} "
            f"times); at most {GREATEST_WALL_RATIO}",
            beam.wall <= GREATEST_WALL_RATIO * engine.wall,
        ),
        (
            f"it takes {rate:,.0f} rows a second beyond the first quarter, Beam row by row {row_rate:,.0f}: "
            f"{rate / row_rate:.1f} times; at least {LEAST_ROWS_RATIO}",
            rate >= LEAST_ROWS_RATIO * row_rate,
        ),
        (
            f"a message of the stream takes {message.now:.0f} us of a worker's CPU, from bytes to the row "
            f"in BigQuery: {1e6 / message.now:,.0f} messages a second and core; with state it took "
            f"{message.with_state:,.0f} us: {message.with_state / message.now:.1f} times as much; at least "
            f"{LEAST_STATE_RATIO}",
            message.with_state >= LEAST_STATE_RATIO * message.now,
        ),
    ]
    return judged(aims)


def _rows_a_second(variant: Variant, rows: int, rounds: int, known: Mapping[int, float]) -> float:
    """Rows a second beyond the first quarter of them; `known` has the seconds of what is measured already."""
    fewer = rows // 4
    less, all_of_them = (
        known.get(each) or measured([variant], each, rounds)[variant.name].median.wall
        for each in (fewer, rows)
    )
    return (rows - fewer) / (all_of_them - less)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
