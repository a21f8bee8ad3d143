"""A reading that is split while it goes on reads every row once, wherever and however often it is split."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import islice, repeat
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import pyarrow as pa
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.pvalue import TaggedOutput

from crime_pipelines.beam.reading.blocks import Block, Ranges, chunks
from crime_pipelines.beam.reading.chunks import ROW_COUNTS, ReadRanges
from crime_pipelines.beam.reading.files import WorkerFile
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.sources import resolve
from crime_pipelines.synthetic import generate

SIZE = 1 << 20
#: A text over many lines, some of which look like rows.
TEXT = "\n".join(["PARKING LOT", "1,2,3", '5,"x",', "12345,HX1,2015-01-01T00:00:00"] * 20)


class NamedBlocks(ReadRanges):
    """Gives the blocks that it claims instead of reading them."""

    _ranges = cache(ReadRanges._ranges)  # each place is found once, for all tests

    def _block(self, block: Block) -> Iterator[Block]:  # type: ignore[override]
        yield block


READER = NamedBlocks(3, chunk_bytes=SIZE)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> WorkerFile:
    path = tmp_path_factory.mktemp("ranges") / "in.csv"
    rows = [row(number, Location_Description=TEXT if number % 3 else "STREET") for number in range(1, 12_000)]
    (found,) = resolve(str(write(path, rows)))
    return WorkerFile.of(found)


def read(
    reader: ReadRanges, file: WorkerFile, splits: Iterator[tuple[int, float]]
) -> Iterator[pa.Table | TaggedOutput | Block]:
    """Read a file, ranges split in turn after so many outputs at such a fraction of what is left."""
    ranges = [reader.initial_restriction(("0000", file))]
    while ranges:
        tracker = OffsetRestrictionTracker(ranges.pop())
        outputs = reader.process(("0000", file), tracker)
        for after, fraction in islice(splits, 1):
            yield from islice(outputs, after)
            if split := tracker.try_split(fraction):
                primary, residual = split
                assert tracker.current_restriction() == primary
                ranges.append(residual)
        yield from outputs
        tracker.check_done()


def data_of(path: Path) -> bytes:
    data = path.read_bytes()
    return data[data.index(b"\n") + 1 :]


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0])
@pytest.mark.parametrize("after", range(9))
def test_a_split_at_any_place_loses_no_byte(fraction: float, after: int, file: WorkerFile) -> None:
    assert len(Ranges(file, "0000", SIZE)) > 5
    splits = repeat((after, fraction), 6)
    found = sorted(read(READER, file, splits), key=lambda block: block.start)
    assert b"".join(piece for block in found for piece in chunks(block)) == data_of(Path(file.location))
    assert len({block.name for block in found}) == len(found)


def test_rows_are_counted_as_often_as_there_are(tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 25_000, seed=3)
    file = WorkerFile.of(resolve(str(tmp_path / "in.csv"))[0])
    generator = random.Random(5)
    splits = ((generator.randrange(4), generator.random()) for _ in range(6))
    ids: list[int] = []
    counted = 0
    for output in read(ReadRanges(3, chunk_bytes=SIZE), file, splits):
        if isinstance(output, pa.Table):
            ids += output["id"].to_pylist()
        elif output.tag == ROW_COUNTS:
            counted += sum(each.rows_read for each in output.value.files)
    assert counted == file.count_rows().rows == len(ids) == len(set(ids)) == 25_000


def test_where_no_place_can_be_told_a_range_is_read_by_the_block_before(tmp_path: Path) -> None:
    # no line begins near a place where a block would
    rows = [row(1), "x" * (3 << 20), *map(row, range(2, 9_000))]
    (found,) = resolve(str(write(tmp_path / "in.csv", rows)))
    file = WorkerFile.of(found)
    blocks = list(read(READER, file, repeat((0, 0.5), 6)))
    assert len(blocks) < len(Ranges(file, "0000", SIZE))
    found_bytes = b"".join(
        piece for block in sorted(blocks, key=lambda block: block.start) for piece in chunks(block)
    )
    assert found_bytes == data_of(tmp_path / "in.csv")


def test_sizes_add_up(file: WorkerFile) -> None:
    reader = ReadRanges(3, chunk_bytes=SIZE)
    element = ("0000", file)
    whole = reader.initial_restriction(element)
    parts = list(reader.split(element, whole))
    assert (parts[0].start, parts[-1].stop) == (whole.start, whole.stop) == (0, len(Ranges(file, "", SIZE)))
    sizes = [reader.restriction_size(element, part) for part in parts]
    assert sum(sizes) == reader.restriction_size(element, whole) == file.size
    assert reader.restriction_size(element, OffsetRange(2, 2)) == 0
