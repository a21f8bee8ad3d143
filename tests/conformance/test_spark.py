"""The Spark engine passes the suite."""

import re
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crime_pipelines.domain.fields import FIELDS
from crime_pipelines.domain.records.csv_records import fields_of
from crime_pipelines.engines.testing import FormatConformance, LayoutConformance
from crime_pipelines.synthetic import generate
from tests.conformance.real_files import RealFiles

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@pytest.mark.usefixtures("spark")
class TestSpark(RealFiles):
    engine = "spark"


@pytest.mark.slow  # every format is rewritten before any engine sees it, and a Spark job takes seconds
@pytest.mark.usefixtures("spark")
class TestSparkFormats(FormatConformance):
    engine = "spark"


@pytest.mark.usefixtures("spark")
class TestSparkLayouts(LayoutConformance):
    engine = "spark"


def read_generated(spark: "SparkSession", source: Path, rows: int, defects: float = 0.0) -> "DataFrame":
    """What the quick pass makes of a generated file."""
    generate(source, rows, seed=8, years=9, defects=defects)
    return read_file(spark, source)


def read_file(spark: "SparkSession", source: Path) -> "DataFrame":
    """What the quick pass makes of a file."""
    from crime_pipelines.sources import resolve
    from crime_pipelines.spark.files import Located
    from crime_pipelines.spark.reading import read_quickly

    read = read_quickly(spark, [Located(file, file.location) for file in resolve(str(source))], 3)
    assert read is not None
    return read


@pytest.mark.parametrize("defects", [0.0, 0.1])
def test_the_quick_pass_leaves_unread_only_what_is_not_plain(
    spark: "SparkSession", tmp_path: Path, defects: float
) -> None:
    from crime_pipelines.spark.line_split import HEADINGS
    from crime_pipelines.spark.reading import REASON, is_unread

    read = read_generated(spark, tmp_path / "in.csv", 5_000, defects)
    counts = {row[0]: row[1] for row in read.groupBy(REASON).count().collect()}
    unread = sum(counts.pop(reason) for reason in [*counts] if is_unread(reason))
    assert counts.pop(HEADINGS) == 1
    assert counts.keys() == {None}
    # a row with a defect takes a second look, and one of a location that is not among the most used
    assert defects * 5_000 * 0.5 <= unread <= (defects + 0.005) * 5_000


def test_every_core_has_as_many_tasks_of_about_a_size(spark: "SparkSession", tmp_path: Path) -> None:
    """Or all but one core wait for the last task, which on two cores took a tenth of a run."""
    from crime_pipelines.sources import resolve
    from crime_pipelines.spark.files import Located
    from crime_pipelines.spark.reading import quick_pass
    from crime_pipelines.spark.session import GREATEST_TASK, configured

    source = tmp_path / "in.csv"
    read = read_generated(spark, source, 5_000)
    located = [Located(file, file.location) for file in resolve(str(source))]
    cores = spark.sparkContext.defaultParallelism
    # just more than a task for each core
    greatest = int(source.stat().st_size / cores / 1.02)
    smallest_open = {"spark.sql.files.openCostInBytes": "0"}
    with configured(spark, {GREATEST_TASK: str(greatest), **smallest_open}), quick_pass(spark, located):
        counts = read.select("id").rdd.mapPartitions(lambda rows: [sum(1 for _ in rows)]).collect()
    assert len(counts) == 2 * cores
    assert min(counts) > 0.8 * max(counts)


def test_a_session_keeps_its_own_size_of_tasks_and_takes_what_answers_depend_on(
    spark: "SparkSession",
) -> None:
    from crime_pipelines.spark.session import GREATEST_TASK, configure, configured

    zone = "spark.sql.session.timeZone"
    with configured(spark, {GREATEST_TASK: "1g", zone: "Asia/Tokyo"}):
        configure(spark)
        assert (spark.conf.get(GREATEST_TASK), spark.conf.get(zone)) == ("1g", "UTC")


@pytest.mark.parametrize("layout", ["the City's", "every field"])
def test_java_compiles_what_spark_makes_of_the_quick_pass(
    spark: "SparkSession", tmp_path: Path, layout: str
) -> None:
    """Beyond 8,000 bytes a method stays interpreted, without a word, and several times as slow."""
    from crime_pipelines.spark.session import IS_SPARK_3

    if not IS_SPARK_3:
        pytest.skip("on this version of Spark the quick pass is not fused")
    source = tmp_path / "in.csv"
    read = read_generated(spark, source, 10)
    if layout == "every field":
        source.write_text(f"{','.join(field.name for field in FIELDS)}\n")
        read = read_file(spark, source)
    utils = spark._jvm.PythonSQLUtils  # type: ignore[union-attr]
    code = utils.explainString(read._jdf.queryExecution(), "codegen")
    sizes = [int(size) for size in re.findall(r"maxMethodCodeSize:(\d+)", code)]
    # one stage alone: rows are copied between stages, which costs as much as reading them
    assert len(sizes) == 1
    assert max(sizes) < 7_000


@pytest.mark.parametrize(("width", "used"), [(4, 4), (4, 3), (4, 2), (1, 1), (2, 1)])
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_what_is_sound_at_a_glance_is_split_as_records_are(
    spark: "SparkSession", width: int, used: int
) -> None:
    """Every short line of the characters that matter, and some longer ones."""
    from crime_pipelines.spark.line_split import PATH, RAW_ROW, SPLIT, quick_fields

    signs = ("a", " ", ",", '"', "\x1f", "é")
    lines = ["".join(chosen) for length in range(1, 6) for chosen in product(signs, repeat=length)]
    fields = ("a", "", " a", '"a,b"', '""', '"a"', 'a"', '"a""b"', ' "a"', '"', "\x1f", '"\x1f"', "é")
    lines += [",".join(chosen) for count in (4, 5) for chosen in product(fields, repeat=count)][::7]
    asked = spark.createDataFrame([(line, "in.csv") for line in lines], f"{RAW_ROW} STRING, {PATH} STRING")
    split = quick_fields(asked, ["h"] * width, used)
    sound: list[str] = []
    for row in split.where(f"{SPLIT} IS NOT NULL").toLocalIterator():
        sound.append(row[RAW_ROW])
        found = fields_of(row[RAW_ROW], width)
        assert found is not None, row[RAW_ROW]
        assert row[SPLIT][:used] == found[:used], row[RAW_ROW]
    # what the City writes is not in doubt
    plain = ["a", "", '"a,b"', '"a"', '""']
    assert {",".join(chosen) for chosen in product(plain, repeat=width)} & set(lines) <= set(sound)


@pytest.mark.parametrize("repeated", [[], [64, 127, 2**63 - 1, 2**63 - 1]], ids=["none", "some"])
def test_superseded_versions_are_found_however_far_apart_the_ids_lie(
    spark: "SparkSession", tmp_path: Path, repeated: list[int]
) -> None:
    from crime_pipelines.schema.incidents import LAKE_INCIDENTS
    from crime_pipelines.spark.counting.by_file import read_versions
    from crime_pipelines.spark.versions import drop_superseded

    ids = [1, 2, 63, 64, 127, 128, 2**40, 2**63 - 2, 2**63 - 1]
    # of an id's versions the one with the greatest texts counts; every third year is another
    given = [(number, f"{at:02d}", 2019 + at % 3) for at, number in enumerate([*ids, *repeated])]
    rows = [
        [
            {"id": number, "case_number": text, "year": year, "occurred_at": datetime(2019, 1, 1)}.get(name)
            for name in LAKE_INCIDENTS.names
        ]
        for number, text, year in given
    ]
    incidents = tmp_path / "incidents"
    spark.createDataFrame(rows, LAKE_INCIDENTS.spark_schema()).write.partitionBy("year").parquet(
        str(incidents)
    )
    assert drop_superseded(spark, incidents, tmp_path) == (len(repeated), 0)
    kept = {
        (row["id"], row["case_number"], row["year"]) for row in read_versions(spark, str(incidents)).collect()
    }
    latest = {number: (number, text, year) for number, text, year in given}
    assert kept == set(latest.values())
