"""`python -m benchmarks.beam_plan`: what Dataflow would shuffle for 10 GB, 100 GB and 1 TB, without a cloud.

The numbers of blocks, buckets and files are those that the batch itself chooses for files of that size. What
one worker's share of the work costs is measured: a block is read, as many tables as a worker holds are cut
into that many buckets and coded, and decoded again, on this machine, in CPU seconds. Beam's own cost of an
element is measured with Beam's direct runner. The rest is multiplication.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import apache_beam as beam
import pyarrow as pa
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from benchmarks.aims import judged
from benchmarks.inputs import incident_file
from crime_pipelines.beam.arrow import TableCoder
from crime_pipelines.beam.batch import SHARED, buckets_for
from crime_pipelines.beam.parting import PartByBucket, files_of
from crime_pipelines.beam.reading.blocks import BLOCK_BYTES
from crime_pipelines.beam.reading.chunks import read_chunk
from crime_pipelines.sources import SourceFile, resolve

_SIZES: Final = {"10 GB": 10**10, "100 GB": 10**11, "1 TB": 10**12}
#: Years that the incidents spread over, as Chicago's do.
_YEARS: Final = 25
_MOST_FILES: Final = 5_000
_ELEMENTS: Final = 200_000
#: More than a worker holds.
_ROWS: Final = 1_500_000


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan and its cost.

    Attributes:
        blocks: blocks of files that are read.
        buckets: buckets that versions are parted into.
        elements: tables that are shuffled to meet in a bucket, and to meet in a file.
        shuffled: bytes of these.
        files: files of incidents that are written.
        reading: CPU hours of reading.
        parting: CPU hours of cutting, coding, decoding, and of Beam's own work on the elements.
    """

    blocks: int
    buckets: int
    elements: tuple[int, int]
    shuffled: tuple[float, float]
    files: int
    reading: float
    parting: float


def _cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    made = work()
    return time.process_time() - begun, made


def _blocks() -> tuple[SourceFile, list[bytes]]:
    """Return a file, and whole blocks of it without headings."""
    (file,) = resolve(str(incident_file(_ROWS, 0)))
    with file.open_rows() as rows:
        data = b"".join(rows)
    body = data[data.index(b"\n") + 1 :] if data.startswith(file.headings[0].encode()) else data
    blocks = []
    while len(body) >= BLOCK_BYTES:
        end = body.rfind(b"\n", 0, BLOCK_BYTES) + 1
        blocks.append(body[:end])
        body = body[end:]
    return file, blocks


def _seconds_an_element() -> float:
    """CPU seconds that Beam itself takes for an element that is grouped."""

    def run(number: int) -> None:
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            (
                pipeline
                | beam.Create([0], reshuffle=False)
                | beam.FlatMap(lambda _: ((at % 500, b"x") for at in range(number)))
                | beam.GroupByKey()
                | beam.MapTuple(lambda _, values: sum(map(len, values)))
            )

    run(100)
    less, more = _cpu(lambda: run(_ELEMENTS // 10))[0], _cpu(lambda: run(_ELEMENTS))[0]
    return (more - less) / (_ELEMENTS * 0.9)


def _cut(tables: list[pa.Table], buckets: int) -> tuple[float, int, int, int]:
    """Cut and code what a worker holds: CPU seconds, tables, bytes, and blocks that it is of."""
    part, coder = PartByBucket(buckets), TableCoder()
    window = beam.transforms.window.GlobalWindow()
    part.start_bundle()
    blocks = 0
    found: list[tuple[int, pa.Table]] = []

    def work() -> int:
        nonlocal blocks
        while not found:
            found.extend(part.process(tables[blocks], window))
            blocks += 1
        coded = [coder.encode(rows) for _, rows in found]
        for each in coded:
            coder.decode(each)
        return sum(map(len, coded))

    seconds, size = _cpu(work)
    return seconds, len(found), size, blocks


def _plan(size: int, file: SourceFile, read: list[pa.Table], reading: float, each: float) -> _Plan:
    buckets = buckets_for([replace(file, size=size)], SHARED.bucket_bytes)
    blocks = -(-size // BLOCK_BYTES)
    table = read[0]
    rows = blocks * table.num_rows
    cutting, tables, coded, held = _cut(read, buckets)
    bundles = -(-blocks // held)
    to_buckets = bundles * tables
    # a bucket's rows of a year go to one file
    slices = buckets * _YEARS
    slice_rows = max(1, rows // slices)
    some = table.slice(0, min(slice_rows, table.num_rows))
    coder = TableCoder()
    coding, packed = _cpu(lambda: coder.encode(some))
    size_of_slice = len(packed) * slice_rows / some.num_rows
    seconds_of_slice = coding * slice_rows / some.num_rows
    elements = (to_buckets, slices)
    parting = bundles * cutting + slices * seconds_of_slice + sum(elements) * each
    return _Plan(
        blocks,
        buckets,
        elements,
        (bundles * coded, slices * size_of_slice),
        _YEARS * files_of(rows // _YEARS),
        blocks * reading / 3600,
        parting / 3600,
    )


def main() -> int:
    """Measure and print.

    Returns:
        0 if the aims are met, otherwise 1.
    """
    file, blocks = _blocks()

    def tables() -> list[pa.Table]:
        return [pa.concat_tables([part.incidents for part in read_chunk(block, file, 3)]) for block in blocks]

    reading, read = _cpu(tables)
    reading /= len(blocks)
    each = _seconds_an_element()
    print(f"a block of {BLOCK_BYTES:,} bytes, {read[0].num_rows:,} rows: read in {reading:.2f} s of CPU")
    print(f"an element that is grouped: {each * 1e6:.0f} us of CPU")
    plans = {name: _plan(size, file, read, reading, each) for name, size in _SIZES.items()}
    for name, plan in plans.items():
        print(
            f"{name}: {plan.blocks:,} blocks, {plan.buckets:,} buckets; shuffled by id {plan.elements[0]:,} "
            f"tables, {plan.shuffled[0] / 1e9:,.1f} GB, by year {plan.elements[1]:,} tables, "
            f"{plan.shuffled[1] / 1e9:,.1f} GB; {plan.files:,} files; CPU hours: reading {plan.reading:.2f}, "
            f"parting {plan.parting:.2f}"
        )
    whole = plans["1 TB"]
    return judged(
        [
            ("1 TB: parting costs no more than reading", whole.parting <= whole.reading),
            (f"1 TB: at most {_MOST_FILES:,} files", whole.files <= _MOST_FILES),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
