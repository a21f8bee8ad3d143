"""The command line that both Dataproc jobs share."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crime_pipelines.errors import InputError

pytest.importorskip("pyspark", reason="needs the extra spark: make dev")

from crime_pipelines.spark.job import Attempt, options_of
from crime_pipelines.synthetic import HEADER

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEEDED = [
    *(
        "--input",
        "gs://box/x.csv",
        "--run-id",
        "a-run",
        "--shift-years",
        "3",
        "--topic",
        "t",
        "--project",
        "p",
    ),
]


def attempt(spark: SparkSession, *more: str) -> Attempt:
    options = options_of("A job.").parse_args([*NEEDED, *more])
    return Attempt(spark, options, "20260102-030405-abcdef", "2026-01-02 03:04:05")


@pytest.mark.parametrize(
    ("more", "day"),
    [
        ((), None),
        (("--as-of", "latest"), None),
        (("--as-of", ""), None),
        (("--as-of", "2021-10-31"), "2021-10-31"),
    ],
)
def test_the_day_of_the_answers_may_be_left_open(
    spark: SparkSession, more: tuple[str, ...], day: str | None
) -> None:
    assert attempt(spark, *more).as_of == day


def test_a_day_that_is_none_is_refused_in_one_line(spark: SparkSession) -> None:
    with pytest.raises(InputError, match=r"^--as-of 'soon': not a day; give YYYY-MM-DD, or latest$"):
        _ = attempt(spark, "--as-of", "soon").as_of


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.tsv", HEADER.replace(",", "\t") + "\n", "is tab-separated text"),
        ("a.csv", json.dumps([dict.fromkeys(HEADER.split(","), "x")]), "is a JSON array"),
    ],
)
def test_other_formats_are_refused_in_one_line(
    name: str, data: str, said: str, spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(data, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        attempt(spark, "--input", str(tmp_path / name)).files()
    assert f"{name}: {said}; Dataproc jobs read comma-separated text, plain or gzipped" in str(caught.value)


def test_gzip_is_said_by_the_name(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(gzip.compress(HEADER.encode()))
    with pytest.raises(InputError, match=r"is packed with gzip, which its name must say \(\.gz\)"):
        attempt(spark, "--input", str(tmp_path / "a.csv")).files()
