"""Keeping the current version of each incident, and counting the others.

Files mostly hold each incident once, and rows are written before anyone can know otherwise. So the ids are
looked through afterwards, and only the years that hold a superseded version are written again.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.versions import LATEST_FIRST
from crime_pipelines.spark.counting.by_file import read_versions

#: Ids that share a number, a bit each.
_BITS: Final = 64


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
    # Ids lie close together: a number for 64 of them makes far fewer groups than an id each.
    block = F.expr(f"SHIFTRIGHT(id, {_BITS.bit_length() - 1})")
    bits = F.expr(f"BIT_OR(SHIFTLEFT(1L, CAST(id & {_BITS - 1} AS INT)))")
    blocks = everything.groupBy(block.alias("block")).agg(bits.alias("bits"), F.count("*").alias("rows"))
    with ExitStack() as stack:

        def kept(rows: DataFrame) -> DataFrame:
            stack.callback(rows.unpersist)
            return rows.persist()

        crowded = kept(blocks.where("rows > BIT_COUNT(bits)").select("block"))
        if crowded.isEmpty():
            return 0
        suspects = everything.select("id", block.alias("block")).join(crowded, "block", "left_semi")
        repeated = kept(suspects.groupBy("id").count().where("count > 1").select("id"))
        versions = kept(everything.join(repeated, "id", "left_semi"))
        ranked = versions.withColumn(
            "place", F.expr(f"ROW_NUMBER() OVER (PARTITION BY id ORDER BY {LATEST_FIRST})")
        )
        latest = ranked.where("place = 1").drop("place")
        superseded = versions.count() - latest.count()
        years = [row[0] for row in versions.select("year").distinct().collect()]
        alone = everything.where(F.col("year").isin(years)).join(repeated, "id", "left_anti")
        new = scratch / "latest"
        remaining = alone.select(everything.columns).unionByName(latest)
        remaining.write.partitionBy("year").parquet(str(new))
    for year in years:
        shutil.rmtree(incidents / f"year={year}")
    for folder in new.glob("year=*"):
        folder.rename(incidents / folder.name)
    return superseded
