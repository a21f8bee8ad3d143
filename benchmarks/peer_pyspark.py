"""The same job in PySpark as people write it: types guessed, a scan of the file for every question.

    python peer_pyspark.py SOURCE OUT --areas AREAS

It reads sound files only, keeps no rejects and no versions apart, and says "rising" or "falling" by the first
year and the last. It stands here to be compared with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it


def read(spark: SparkSession, source: str) -> DataFrame:
    """Return the file, with dates moved by three years."""
    crimes = spark.read.csv(source, header=True, inferSchema=True)
    date = F.to_timestamp("Date", "MM/dd/yyyy hh:mm:ss a")
    shifted = date + F.expr("INTERVAL 3 YEARS")
    return crimes.withColumn("occurred_at", shifted).withColumn("year", F.year(shifted))


def answers(crimes: DataFrame, areas: DataFrame) -> dict[str, DataFrame]:
    """Return the five answers by name."""
    last = crimes.agg(F.max("occurred_at")).collect()[0][0]
    month = F.date_trunc("month", "occurred_at").cast("date")
    monthly = crimes.groupBy(month.alias("month")).count().orderBy(F.desc("month")).limit(60)
    thefts = crimes.where((F.col("Primary Type") == "THEFT") & (F.col("year") > last.year - 3))
    by_place = thefts.groupBy("year", "Location Description").count()
    rank = F.row_number().over(Window.partitionBy("year").orderBy(F.desc("count"), "Location Description"))
    late = crimes.where((F.hour("occurred_at") >= 22) | (F.hour("occurred_at") < 4))
    by_area = late.groupBy(F.col("Community Area").alias("area")).count()
    some_years = crimes.where(F.col("year").between(2016, 2019))
    arrests = some_years.groupBy("Primary Type").agg(F.avg(F.col("Arrest").cast("int")).alias("rate"))
    return {
        "monthly_trend": monthly,
        "theft_locations": by_place.withColumn("rank", rank).where("rank <= 10"),
        "crime_trend": crimes.groupBy("year").count().orderBy("year"),
        "safest_areas": areas.join(by_area, "area", "left").orderBy(F.col("count") / F.col("residents")),
        "arrest_rates": arrests.orderBy(F.desc("rate")),
    }


def main() -> None:
    """Do the job."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("out", type=Path)
    parser.add_argument("--areas", required=True)
    arguments = parser.parse_args()
    out: Path = arguments.out
    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "2g")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    crimes = read(spark, arguments.source)
    kept = crimes.dropna(subset=["ID", "occurred_at", "Arrest"]).dropDuplicates(["ID"])
    renamed = kept.toDF(*(name.lower().replace(" ", "_") for name in kept.columns[:-2]), *kept.columns[-2:])
    renamed.drop("date").withColumnRenamed("year", "_year").write.partitionBy("_year").parquet(
        str(out / "incidents")
    )
    areas = spark.read.csv(arguments.areas, header=True, inferSchema=True)
    for name, answer in answers(crimes, areas).items():
        answer.coalesce(1).write.csv(str(out / "answers" / name), header=True)
    spark.stop()


if __name__ == "__main__":
    main()
