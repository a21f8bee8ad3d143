"""`python -m benchmarks.worst_inputs`: time is linear in the input, whatever it holds.

Each of the inputs that tempt a reader to look at the same bytes again and again is read at two sizes, one
twice the other. The aim: twice the input takes at most 2.5 times the CPU seconds, beyond those of a run over
a single row.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.aims import judged
from benchmarks.measure import run_once
from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.synthetic import HEADER

GREATEST_RATIO: Final = 2.5
#: Smaller differences say nothing.
_LEAST_SECONDS: Final = 0.2
_ROW: Final = [
    "1", "HX1", "03/15/2016 02:30:00 PM", "0000X W MADISON ST", "0820", "THEFT", "OVER $500", "STREET",
    "false", "false", "0122", "001", "42", "32", "06", "1176304", "1900435", "2016",
    "02/10/2018 03:50:01 PM", "41.882", "-87.628", "",
]  # fmt: skip


def _with_line_breaks(size: int) -> Iterator[str]:
    for key in range(size // 200):
        yield join_record([str(key + 2), "A\nB\r\nC", *_ROW[2:]])


#: Lines of about so many bytes in all, by what they are.
WORST: Final[dict[str, Callable[[int], Iterator[str]]]] = {
    "rows of 500 fields": lambda size: (",".join("x" * 500) for _ in range(size // 1_000)),
    "rows of 120,000 fields": lambda size: (",".join("x" * 120_000) for _ in range(size // 240_000)),
    "lines of 15 MB": lambda size: ("x" * 15_000_000 for _ in range(size // 15_000_000)),
    "a quote left open on each line": lambda size: ('"' + "y" * 50 for _ in range(size // 52)),
    "doubled quotes behind an open one": lambda size: ('a""' if each else '"' for each in range(size // 4)),
    "quotes that close and open on each line": lambda size: ('x","y' for _ in range(size // 6)),
    "line breaks in fields": _with_line_breaks,
    "short rows": lambda size: ("x,y" for _ in range(size // 4)),
    "empty lines": lambda size: ("" for _ in range(size)),
}


def write(path: Path, name: str, size: int) -> None:
    """Write one of the worst inputs behind a sound row.

    Args:
        path: where to.
        name: which of `WORST`.
        size: about how many bytes.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{HEADER}\n{','.join(_ROW)}\n")
        file.writelines(f"{line}\n" for line in WORST[name](size))


def _cpu(source: Path, out: Path, engine: str, repeat: int) -> float:
    program = "from crime_pipelines.cli.main import main; main()"
    command = [
        sys.executable,
        "-c",
        program,
        "run",
        str(source),
        "--out",
        str(out),
        "--engine",
        engine,
        "--max-rejected",
        "1",
    ]
    return statistics.median(run_once(command).cpu for _ in range(repeat))


def main() -> int:
    """Measure and print.

    Returns:
        0 if what was measured meets the aim, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worst_inputs", description=__doc__)
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--size", type=int, default=15_000_000, metavar="BYTES", help="of the smaller input")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="runs of each")
    arguments = parser.parse_args()
    aims: list[tuple[str, bool]] = []
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.csv"), Path(folder, "out")
        write(source, "short rows", 0)
        alone = _cpu(source, out, arguments.engine, arguments.repeat)
        for name in WORST:
            taken = []
            for size in (arguments.size, 2 * arguments.size):
                write(source, name, size)
                taken.append(_cpu(source, out, arguments.engine, arguments.repeat) - alone)
            one, two = taken
            ratio = two / one if one > _LEAST_SECONDS else 1.0
            aims.append(
                (
                    f"{name}: {one:.2f} CPU s for {arguments.size:,} bytes, {two:.2f} for twice as many",
                    ratio <= GREATEST_RATIO,
                )
            )
    return judged(aims)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
