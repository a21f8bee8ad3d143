"""The Spark engine passes the suite."""

import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crime_pipelines.domain.records import fields_of
from crime_pipelines.generate import generate
from tests.conformance.suite import EngineConformance

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@pytest.mark.usefixtures("spark")
class TestSpark(EngineConformance):
    engine = "spark"


def read_generated(spark: "SparkSession", source: Path, rows: int, defects: float = 0.0) -> "DataFrame":
    """What the quick pass makes of a generated file."""
    from crime_pipelines.sources import resolve
    from crime_pipelines.spark.lines import Located
    from crime_pipelines.spark.reading import read_quickly

    generate(source, rows, seed=8, years=9, defects=defects)
    read = read_quickly(spark, [Located(file, file.uri) for file in resolve(str(source))], 3)
    assert read is not None
    return read


@pytest.mark.parametrize("defects", [0.0, 0.1])
def test_the_quick_pass_leaves_unread_only_what_is_not_plain(
    spark: "SparkSession", tmp_path: Path, defects: float
) -> None:
    from crime_pipelines.spark.lines import HEADINGS
    from crime_pipelines.spark.reading import REASON, is_unread

    read = read_generated(spark, tmp_path / "in.csv", 5_000, defects)
    counts = {row[0]: row[1] for row in read.groupBy(REASON).count().collect()}
    unread = sum(counts.pop(reason) for reason in [*counts] if is_unread(reason))
    assert counts.pop(HEADINGS) == 1
    assert counts.keys() == {None}
    # a row with a defect takes a second look, no other
    assert defects * 5_000 * 0.5 <= unread <= defects * 5_000


def test_java_compiles_what_spark_makes_of_the_quick_pass(spark: "SparkSession", tmp_path: Path) -> None:
    """Beyond 8,000 bytes a method stays interpreted, without a word, and several times as slow."""
    read = read_generated(spark, tmp_path / "in.csv", 10)
    utils = spark._jvm.PythonSQLUtils  # type: ignore[union-attr]
    code = utils.explainString(read._jdf.queryExecution(), "codegen")
    sizes = [int(size) for size in re.findall(r"maxMethodCodeSize:(\d+)", code)]
    assert len(sizes) > 1
    assert max(sizes) < 8_000


@pytest.mark.parametrize(("width", "used"), [(4, 4), (4, 3), (4, 2), (1, 1), (2, 1)])
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_what_is_sound_at_a_glance_is_split_as_records_are(
    spark: "SparkSession", width: int, used: int
) -> None:
    """Every short line of the characters that matter, and some longer ones."""
    from crime_pipelines.spark.lines import IN_DOUBT, PATH, RAW_ROW, quick_fields

    signs = ("a", " ", ",", '"', "\x1f", "é")
    lines = ["".join(chosen) for length in range(1, 6) for chosen in product(signs, repeat=length)]
    fields = ("a", "", " a", '"a,b"', '""', '"a"', 'a"', '"a""b"', ' "a"', '"', "\x1f", '"\x1f"', "é")
    lines += [",".join(chosen) for count in (4, 5) for chosen in product(fields, repeat=count)][::7]
    asked = spark.createDataFrame([(line, "in.csv") for line in lines], f"{RAW_ROW} STRING, {PATH} STRING")
    split = quick_fields(asked, ["h"] * width, used)
    sound: list[str] = []
    for row in split.where(f"NOT {IN_DOUBT}").toLocalIterator():
        sound.append(row[RAW_ROW])
        found = fields_of(row[RAW_ROW], width)
        assert found is not None, row[RAW_ROW]
        assert list(row)[:used] == [field or None for field in found[:used]], row[RAW_ROW]
    # what the City writes is not in doubt
    plain = ["a", "", '"a,b"', '"a"', '""']
    assert {",".join(chosen) for chosen in product(plain, repeat=width)} & set(lines) <= set(sound)
