"""Keeping the current version of each incident, and counting the others.

Files mostly hold each incident once, and rows are written before anyone can know otherwise. So the ids are
looked through afterwards, and only the years that hold a superseded version are written again.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

from crime_pipelines.domain.versions import LATEST_FIRST
from crime_pipelines.spark.counting.by_file import read_versions

#: Ids that share a number, a bit each.
_BITS: Final = 64


class Dropped(NamedTuple):
    """The rows removed from a folder of incidents.

    Attributes:
        superseded: their number.
        deleted: the number of incidents whose current version is a tombstone.
    """

    superseded: int
    deleted: int


def drop_superseded(
    spark: SparkSession, incidents: Path, scratch: Path, *, may_delete: bool = False
) -> Dropped:
    """Remove superseded versions from a local folder of incidents, and tombstones with what they delete.

    Args:
        spark: the session.
        incidents: the folder, partitioned by year.
        scratch: a folder on the same file system.
        may_delete: whether tombstones may be among the versions.

    Returns:
        What was removed.
    """
    everything = read_versions(spark, str(incidents)).drop("source_file")
    # Ids lie close together: a number for 64 of them makes far fewer groups than an id each.
    block = F.expr(f"SHIFTRIGHT(id, {_BITS.bit_length() - 1})")
    bits = F.expr(f"BIT_OR(SHIFTLEFT(1L, CAST(id & {_BITS - 1} AS INT)))")
    dated = F.count("occurred_at" if may_delete else "*")
    blocks = everything.groupBy(block.alias("block")).agg(
        bits.alias("bits"), F.count("*").alias("rows"), dated.alias("dated")
    )
    with ExitStack() as stack:

        def kept(rows: DataFrame) -> DataFrame:
            stack.callback(rows.unpersist)
            return rows.persist()

        crowded = kept(blocks.where("rows > BIT_COUNT(bits) OR rows > dated").select("block"))
        if crowded.isEmpty():
            return Dropped(0, 0)
        suspects = everything.select("id", "occurred_at", block.alias("block")).join(
            crowded, "block", "left_semi"
        )
        by_id = suspects.groupBy("id").agg(
            F.count("*").alias("versions"), F.count("occurred_at").alias("incidents")
        )
        repeated = kept(by_id.where("versions > 1 OR incidents = 0").select("id"))
        versions = kept(everything.join(repeated, "id", "left_semi"))
        ranked = versions.withColumn(
            "place", F.expr(f"ROW_NUMBER() OVER (PARTITION BY id ORDER BY {LATEST_FIRST})")
        )
        current = ranked.where("place = 1").drop("place")
        latest = current.where("occurred_at IS NOT NULL")
        incidents_left = latest.count()
        dropped = Dropped(versions.count() - incidents_left, current.count() - incidents_left)
        years = [row[0] for row in versions.select("year").distinct().collect()]
        alone = everything.where(F.col("year").isin(years)).join(repeated, "id", "left_anti")
        new = scratch / "latest"
        remaining = alone.select(everything.columns).unionByName(latest)
        remaining.write.partitionBy("year").parquet(str(new))
    for year in years:
        shutil.rmtree(incidents / f"year={year}")
    for folder in new.glob("year=*"):
        folder.rename(incidents / folder.name)
    return dropped
