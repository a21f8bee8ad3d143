"""Keeping the version that counts of each incident, and counting the others.

Files mostly hold each incident once, and rows are written before anyone can know otherwise. So the ids are
looked through afterwards, and only the years that hold a superseded version are written again.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.versions import LATEST_FIRST
from crime_pipelines.spark.writing import read_versions


def drop_superseded(spark: SparkSession, incidents: Path, scratch: Path) -> int:
    """Remove superseded versions from a local folder of incidents.

    Args:
        spark: the session.
        incidents: the folder, partitioned by year.
        scratch: a folder on the same file system.

    Returns:
        How many rows were removed.
    """
    everything = read_versions(spark, str(incidents)).drop("source_file")
    repeated = everything.groupBy("id").count().where("count > 1").select("id").persist()
    try:
        if repeated.isEmpty():
            return 0
        versions = everything.join(repeated, "id", "left_semi").persist()
        try:
            ranked = versions.withColumn(
                "place", F.expr(f"ROW_NUMBER() OVER (PARTITION BY id ORDER BY {LATEST_FIRST})")
            )
            latest = ranked.where("place = 1").drop("place")
            superseded = versions.count() - latest.count()
            years = [row[0] for row in versions.select("year").distinct().collect()]
            alone = everything.where(F.col("year").isin(years)).join(repeated, "id", "left_anti")
            new = scratch / "latest"
            kept = alone.select(everything.columns).unionByName(latest)
            kept.write.partitionBy("year").parquet(str(new))
        finally:
            versions.unpersist()
    finally:
        repeated.unpersist()
    for year in years:
        shutil.rmtree(incidents / f"year={year}")
    for folder in new.glob("year=*"):
        folder.rename(incidents / folder.name)
    return superseded
