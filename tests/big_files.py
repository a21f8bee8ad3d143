"""Big files with malformed rows where readers cut, held against what they must give.

python -m tests.big_files --engine duckdb --files 200
"""

from __future__ import annotations

import argparse
import gzip
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.pipeline import run

_HEADINGS: Final = "ID,Date,Block,Primary Type,Location Description,Arrest,Community Area,Note"
_LEAST, _GREATEST = 8_000_000, 40_000_000
#: Broken quoting sends a file another way than wrong widths do, so some files have none of it.
_KINDS: Final = (("short",), ("short", "wide", "bare"), ("short", "wide", "bare", "closing", "open"))


@dataclass
class BigFile:
    """A file, and what must be read of it.

    Attributes:
        path: the file.
        ids: the ids of its sound rows.
        malformed: its other rows.
    """

    path: Path
    ids: set[int] = field(default_factory=set)
    malformed: Counter[str] = field(default_factory=Counter)


def places(size: int, random_: random.Random) -> Iterator[int]:
    """Where readers may cut a file: multiples of millions, and powers of two and their multiples."""
    found = {step * each for step in (1_000_000, 2_000_000, 4_000_000, 8_000_000) for each in range(1, 41)}
    found |= {each << 20 for each in range(1, 40)} | {1 << each for each in range(12, 26)}
    for place in sorted(found):
        if place < size and random_.random() < 0.7:
            yield place


def make(folder: Path, seed: int) -> BigFile:
    """Make a file.

    Args:
        folder: where to.
        seed: the same seed makes the same file.

    Returns:
        The file.
    """
    chosen = random.Random(seed)
    end = chosen.choice(["\n", "\r\n"])
    last = chosen.choice(["quoted", "plain", "empty"])
    packed = chosen.random() < 0.4
    size = chosen.randrange(_LEAST, _GREATEST)
    breaks, wide = chosen.choice([0.0, 0.0, 0.001]), chosen.choice([0.0, 0.0, 0.0005])
    kinds = chosen.choice(_KINDS)
    made = BigFile(folder / f"big{seed}.csv{'.gz' if packed else ''}")
    notes = {"quoted": '"(41.88, -87.63)"', "plain": "-87.63", "empty": ""}[last]
    rest = f",03/15/2016 02:30:00 PM,{{block}},THEFT,{{place}},false,8,{notes}"
    plain = rest.format(block="001XX W SAMPLE AVE", place="STREET")
    lines = [_HEADINGS + end]
    at, key = len(lines[0]), 0
    cuts = places(size, chosen)
    cut = next(cuts, None)
    while at < size:
        key += 1
        line = f"{key}{plain}"
        if cut is not None and at + 400 >= cut:
            # Fill up to the cut, so that the malformed row begins just there, or some bytes beside.
            gap = (
                cut + chosen.choice([-1, 0, 1, *(chosen.randrange(-9, 80) for _ in range(3))]) - at - len(end)
            )
            missing = gap - len(line)
            if missing > 0:
                line = (
                    f"{key}{rest.format(block='X' * (len('001XX W SAMPLE AVE') + missing), place='STREET')}"
                )
            lines.append(line + end)
            made.ids.add(key)
            at += len(lines[-1])
            bad = malformed(chosen.choice(kinds), key)
            made.malformed[bad] += 1
            lines.append(bad + end)
            at += len(lines[-1])
            while cut is not None and cut <= at + 400:
                cut = next(cuts, None)
            continue
        draw = chosen.random()
        if draw < breaks:
            line = f"{key}{rest.format(block='A', place=join_record([f'REAR{end}OF {chr(34)}LOT{chr(34)}']))}"
        elif draw < breaks + wide:
            line = f"{key}{rest.format(block='W' * chosen.choice([5_000, 60_000, 200_000]), place='STREET')}"
        lines.append(line + end)
        made.ids.add(key)
        at += len(lines[-1])
    data = "".join(lines).encode()
    made.path.write_bytes(gzip.compress(data, 1) if packed else data)
    return made


def malformed(kind: str, key: int) -> str:
    """A row that no reader may take for an incident; it tells itself apart from others."""
    return {
        "short": f"short{key},y,z",
        "wide": f"wide{key}," + ",".join("abcdefghijklmnop"),
        "closing": f'closing{key},"a"b,c',
        "open": f'open{key},"a,b,c,d,e,f,g',
        "bare": f"bare{key}",
    }[kind]


def hold(big: BigFile, out: Path, engine: str) -> None:
    """Run an engine over a file, and hold the output against what must be read.

    Args:
        big: the file.
        out: the output folder.
        engine: the engine.

    Raises:
        AssertionError: a row is lost, read twice or changed.
    """
    record = run(str(big.path), out, engine=engine, max_rejected=1).record
    rows = len(big.ids) + big.malformed.total()
    with duckdb.connect() as connection:
        ids = connection.execute(
            "SELECT id FROM read_parquet(?)", [str(out / "incidents" / "*" / "*.parquet")]
        ).fetchall()
        rejects = connection.execute(
            "SELECT raw_row FROM read_parquet(?)", [str(out / "rejects" / "*.parquet")]
        ).fetchall()
    assert len(ids) == len(big.ids), f"{big.path}: {len(ids)} incidents, not {len(big.ids)}"
    assert {each for (each,) in ids} == big.ids, big.path
    assert Counter(each for (each,) in rejects) == big.malformed, big.path
    (file,) = record.files
    assert (file.rows_counted, file.rows_read, record.read) == (rows, rows, rows), big.path
    assert record.rejected == {"malformed_row": big.malformed.total()}, big.path


def main() -> int:
    """Hold an engine against many files; the exit code is 1 if one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first file's seed")
    options = parser.parse_args()
    failed = 0
    begun = time.monotonic()
    for seed in range(options.first, options.first + options.files):
        with tempfile.TemporaryDirectory() as folder:
            big = make(Path(folder), seed)
            try:
                hold(big, Path(folder) / "out", options.engine)
            except AssertionError as error:
                failed += 1
                sys.stdout.write(f"seed {seed}: {error}\n")
    sys.stdout.write(
        f"{options.engine}: {options.files - failed} of {options.files} files read without a fault, "
        f"{time.monotonic() - begun:.0f} s\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
