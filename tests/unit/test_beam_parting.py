"""Incidents parted by id and by year: few tables, few files, and none lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from crime_pipelines.beam.arrow import IncidentTable, TableCoder
from crime_pipelines.beam.batch import SHARED, buckets_for
from crime_pipelines.beam.parting import PartByBucket, WriteByYear, files_of
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.sources import resolve


def table(ids: range, year: int = 2020) -> pa.Table:
    return pa.table({"id": pa.array(ids, pa.int64()), "year": pa.array([year] * len(ids), pa.int64())})


def parted(part: PartByBucket, tables: list[pa.Table]) -> list[tuple[int, list[int]]]:
    """What a bundle of tables becomes, by bucket."""
    window = beam.transforms.window.GlobalWindow()
    part.start_bundle()
    given = [each for each in tables for each in part.process(each, window)]
    given += [each.value for each in part.finish_bundle()]
    return [(bucket, rows["id"].to_pylist()) for bucket, rows in given]


def test_tables_are_put_together_before_they_are_cut() -> None:
    tables = [table(range(start, start + 4)) for start in (0, 4, 8)]
    assert parted(PartByBucket(2), tables) == [(0, [0, 2, 4, 6, 8, 10]), (1, [1, 3, 5, 7, 9, 11])]
    few = PartByBucket(2, held_bytes=2 * tables[0].nbytes)
    assert parted(few, tables) == [(0, [0, 2, 4, 6]), (1, [1, 3, 5, 7]), (0, [8, 10]), (1, [9, 11])]
    assert [bucket for bucket, _ in parted(PartByBucket(1), tables)] == [0, 0, 0]


def test_what_is_held_stays_in_its_window() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        found = (
            pipeline
            | beam.Create([0, 4, 100])
            | beam.Map(lambda at: TimestampedValue(table(range(at, at + 4)), at)).with_output_types(
                IncidentTable
            )
            | beam.WindowInto(FixedWindows(60))
            | beam.ParDo(PartByBucket(2)).with_output_types(tuple[int, IncidentTable])
            | beam.GroupByKey()
            | beam.MapTuple(
                lambda bucket, tables: (bucket, sorted(pa.concat_tables(tables)["id"].to_pylist()))
            )
        )
        assert_that(
            found,
            equal_to([(0, [0, 2, 4, 6]), (1, [1, 3, 5, 7]), (0, [100, 102]), (1, [101, 103])]),
        )


@pytest.mark.parametrize("rows", [0, 1, 1_000, 200_000])
def test_small_and_large_tables_come_back_from_bytes(rows: int) -> None:
    made = table(range(rows))
    encoded = TableCoder().encode(made)
    assert TableCoder().decode(encoded).equals(made)
    assert rows < 1_000 or len(encoded) < made.nbytes / 2


def test_a_year_is_in_as_few_files_as_hold_it(tmp_path: Path) -> None:
    buckets = [
        (bucket, pa.concat_tables([table(range(bucket, 40, 8), 2019), table(range(100 + bucket, 105, 8))]))
        for bucket in range(8)
    ]
    for _ in range(2):  # once more replaces what is there
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            given = pipeline | beam.Create(buckets).with_output_types(tuple[int, IncidentTable])
            given | WriteByYear(str(tmp_path), file_rows=15)
        files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet"))
        assert files == [
            *(f"year=2019/part-0000{number}.parquet" for number in range(3)),
            "year=2020/part-00000.parquet",
        ]
        ids = {
            year: sorted(
                number
                for path in tmp_path.glob(f"year={year}/*.parquet")
                for number in pq.read_table(path, partitioning=None)["id"].to_pylist()
            )
            for year in (2019, 2020)
        }
        assert ids == {2019: [*range(40)], 2020: [*range(100, 105)]}


@pytest.mark.parametrize(
    ("gigabytes", "buckets"), [(0.001, 1), (1, 8), (60, 448), (100, 512), (1_000, 1_863)]
)
def test_more_data_make_larger_buckets_not_more(gigabytes: float, buckets: int, tmp_path: Path) -> None:
    (file,) = resolve(str(write(tmp_path / "in.csv", [row(1)])))
    assert buckets_for([replace(file, size=int(gigabytes * 1e9))], SHARED.bucket_bytes) == buckets


def test_files_of_a_year() -> None:
    assert [files_of(rows, 10) for rows in (0, 1, 10, 11, 100)] == [1, 1, 1, 2, 10]
