"""The Spark engine passes the suite."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crime_pipelines.generate import generate
from tests.conformance.suite import EngineConformance

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.usefixtures("spark")
class TestSpark(EngineConformance):
    engine = "spark"


@pytest.mark.parametrize("defects", [0.0, 0.1])
def test_the_quick_pass_leaves_unread_only_what_is_not_plain(
    spark: "SparkSession", tmp_path: Path, defects: float
) -> None:
    from crime_pipelines.sources import resolve
    from crime_pipelines.spark.lines import HEADINGS, Located
    from crime_pipelines.spark.reading import REASON, UNREAD, read_quickly

    source = tmp_path / "in.csv"
    generate(source, 5_000, seed=8, years=9, defects=defects)
    read = read_quickly(spark, [Located(file, file.uri) for file in resolve(str(source))], 3)
    assert read is not None
    counts = {row[0]: row[1] for row in read.groupBy(REASON).count().collect()}
    unread = counts.pop(f"{UNREAD} 0", 0)
    assert counts.pop(HEADINGS) == 1
    assert counts.keys() == {None}
    # every hundredth row may say of some field what takes a second look; one with a defect does
    assert defects * 5_000 * 0.5 <= unread <= (defects + 0.01) * 5_000
