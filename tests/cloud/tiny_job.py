"""A tiny PySpark job, to see what the local Dataproc does with one. Its input's name says how it ends."""

from __future__ import annotations

import argparse
import os
import threading

from pyspark.sql import SparkSession

parser = argparse.ArgumentParser()
parser.add_argument("--input", required=True)
parser.add_argument("--run-id", required=True)
known, _ = parser.parse_known_args()

spark = SparkSession.builder.getOrCreate()
if "hang" in known.input:
    threading.Event().wait()
if "fail" in known.input:
    raise ValueError("this job was made to fail")
if "lost" in known.input:

    def once_more(partition):  # the first attempt ends with its executor only
        from pyspark import TaskContext

        if TaskContext.get().attemptNumber() == 0:
            threading.Event().wait()
        return partition

    assert spark.sparkContext.parallelize([1], 1).mapPartitions(once_more).count() == 1
import marker  # from the package that comes with the job  # noqa: E402

rows = spark.read.csv(known.input, header=True, schema="id BIGINT, occurred_at TIMESTAMP_NTZ, arrest BOOLEAN")
lake = os.environ["CRIME_LAKE_BUCKET"]
rows.write.mode("overwrite").parquet(f"gs://{lake}/tiny/{known.run_id}")
again = spark.read.parquet(f"gs://{lake}/tiny/{known.run_id}").selectExpr("*", f"'{marker.WORD}' AS word")
if "many" in known.input:  # more than one request takes
    columns = (
        "id",
        "timestamp_ntz'2024-02-29 22:30:00' AS occurred_at",
        "true AS arrest",
        "repeat('x', 99) AS word",
    )
    again = spark.range(150_000).coalesce(1).selectExpr(*columns)
again.write.format("bigquery").mode("append").option("writeMethod", "direct").save("crime.tiny")
spark.stop()
