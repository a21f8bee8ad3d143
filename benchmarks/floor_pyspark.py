"""Spark's own floor: its CSV reader, its Parquet writer, and the five answers from what was written.

    python -m benchmarks.floor_pyspark SOURCE OUT --areas AREAS

In the session of `crime-pipelines run --engine spark`, with the types told beforehand. It takes every row for
sound: no rule, no reject, no version, no account, no report. What it takes is Spark's.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from benchmarks.floor import TYPES
from benchmarks.peer_pyspark import answers
from crime_pipelines.spark.session import class_archive, local_session

_SPARK_TYPES: Final = {"INTEGER": "INT", "TIMESTAMP": "TIMESTAMP_NTZ"}


def main() -> None:
    """Do the job."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--areas", required=True)
    arguments = parser.parse_args()
    source: Path = arguments.source
    incidents = str(arguments.out / "incidents")
    with source.open(encoding="utf-8") as lines:
        headings = next(lines).rstrip("\n").split(",")
    types = {name: TYPES.get(name, "STRING") for name in headings}
    schema = ", ".join(f"`{name}` {_SPARK_TYPES.get(each, each)}" for name, each in types.items())
    with tempfile.TemporaryDirectory() as scratch:
        spark = local_session(Path(scratch), classes=class_archive(make=True))
        reader = spark.read.option("header", True).option("timestampNTZFormat", "MM/dd/yyyy hh:mm:ss a")
        crimes = reader.schema(schema).csv(str(source)).drop("Location", "Year")
        dated = crimes.withColumn("occurred_at", F.expr("Date + INTERVAL 3 YEARS")).drop("Date")
        dated.withColumn("year", F.year("occurred_at")).write.partitionBy("year").parquet(incidents)
        areas = spark.read.csv(arguments.areas, header=True, inferSchema=True)
        for answer in answers(spark.read.parquet(incidents), areas).values():
            answer.collect()
        spark.stop()


if __name__ == "__main__":
    main()
