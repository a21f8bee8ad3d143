"""The job written by hand with polars: one script, as an experienced engineer writes it in an afternoon.

    python benchmarks/peer_polars.py incidents.csv OUT --areas areas.csv

Everything is lazy and streams: the CSV becomes typed rows in a staging file, the staging file loses its
superseded versions on the way into Parquet by year, and the answers are asked of that.
"""

from __future__ import annotations

import argparse
import calendar
import json
import math
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from statsmodels.regression.linear_model import OLS

SHIFT_YEARS = 3
RENAMED = {
    "CRIM SEXUAL ASSAULT": "CRIMINAL SEXUAL ASSAULT",
    "NON - CRIMINAL": "NON-CRIMINAL",
    "NON-CRIMINAL (SUBJECT SPECIFIED)": "NON-CRIMINAL",
}
Z = 1.959963984540054


def text(name: str) -> pl.Expr:
    """Return a column trimmed, null where nothing is left."""
    trimmed = pl.col(name).str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def moment(name: str) -> pl.Expr:
    """Return a date of the City's, shifted."""
    read = pl.col(name).str.to_datetime("%m/%d/%Y %I:%M:%S %p", strict=False, time_unit="us")
    return read.dt.offset_by(f"{SHIFT_YEARS}y")


def flag(name: str) -> pl.Expr:
    """Return a yes or no."""
    return pl.col(name).str.to_lowercase().replace_strict({"true": True, "false": False}, default=None)


# Every column is trimmed that an answer groups by; the others stay as the City wrote them.
COLUMNS = [
    pl.col("ID").cast(pl.Int64, strict=False).alias("id"),
    pl.col("Case Number").alias("case_number"),
    moment("Date").alias("occurred_at"),
    pl.col("Block").alias("block"),
    pl.col("IUCR").alias("iucr"),
    text("Primary Type").str.to_uppercase().replace(RENAMED).alias("primary_type"),
    pl.col("Description").alias("description"),
    text("Location Description").alias("location_description"),
    flag("Arrest").alias("arrest"),
    flag("Domestic").alias("domestic"),
    pl.col("Beat").alias("beat"),
    pl.col("District").alias("district"),
    pl.col("Ward").cast(pl.Int32, strict=False).alias("ward"),
    pl.col("Community Area").cast(pl.Int32, strict=False).alias("community_area"),
    text("FBI Code").alias("fbi_code"),
    pl.col("X Coordinate").cast(pl.Float64, strict=False).alias("x_coordinate"),
    pl.col("Y Coordinate").cast(pl.Float64, strict=False).alias("y_coordinate"),
    moment("Updated On").alias("updated_on"),
    pl.col("Latitude").cast(pl.Float64, strict=False).alias("latitude"),
    pl.col("Longitude").cast(pl.Float64, strict=False).alias("longitude"),
]


def ingest(source: Path, out: Path) -> dict[str, int]:
    """Read the file into Parquet by year, rejected rows beside; say what became of every row."""
    staging = out / "staging.parquet"
    # ignore_errors would also null a cell of the wrong type; all is text here, so it means ragged rows only
    raw = pl.scan_csv(source, infer_schema=False, truncate_ragged_lines=True)
    typed = raw.select(*COLUMNS, pl.concat_str(pl.all(), separator=",", ignore_nulls=True).alias("raw_row"))
    unusable = pl.any_horizontal(pl.col("id", "occurred_at", "arrest").is_null())
    typed = typed.with_columns(
        community_area=pl.when(pl.col("community_area").is_between(1, 77)).then("community_area"),
        year=pl.col("occurred_at").dt.year(),
        raw_row=pl.when(unusable).then("raw_row"),
    )
    typed.sink_parquet(staging, maintain_order=False)

    versions = pl.scan_parquet(staging)
    (out / "rejects").mkdir()
    rejected = versions.filter(unusable).select("raw_row")
    rejected.sink_parquet(out / "rejects" / "rejects.parquet")

    keys = versions.filter(~unusable).select("id", "updated_on")
    repeated = keys.group_by("id").len().filter(pl.col("len") > 1).collect(engine="streaming")
    kept = versions.filter(~unusable).drop("raw_row")
    if len(repeated):
        ids = repeated.get_column("id").implode()
        latest = (
            kept.filter(pl.col("id").is_in(ids))
            .sort("updated_on", descending=True, nulls_last=True)
            .unique("id", keep="first", maintain_order=True)
        )
        kept = pl.concat([kept.filter(~pl.col("id").is_in(ids)), latest])
    kept.sink_parquet(pl.PartitionBy(out / "incidents", key="year"), maintain_order=False, mkdir=True)
    staging_rows = versions.select(pl.len()).collect().item()
    staging.unlink()
    incidents = pl.scan_parquet(out / "incidents").select(pl.len()).collect().item()
    rejects = pl.scan_parquet(out / "rejects" / "rejects.parquet").select(pl.len()).collect().item()
    return {
        "read": staging_rows,
        "incidents": incidents,
        "superseded": staging_rows - rejects - incidents,
        "rejected": rejects,
    }


def answers(incidents: pl.LazyFrame, areas: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], datetime]:
    """Return the five answers, by name, and the moment that they are as of."""
    occurred = pl.col("occurred_at")
    hour = occurred.dt.hour()
    is_theft = (pl.col("primary_type") == "THEFT").fill_null(pl.col("fbi_code") == "06")
    first, last = incidents.select(occurred.min(), occurred.max().alias("last")).collect().row(0)
    monthly, thefts, per_area, per_type = pl.collect_all(
        [
            incidents.group_by(month=occurred.dt.truncate("1mo").dt.date()).agg(incidents=pl.len()),
            incidents.filter(
                is_theft,
                pl.col("location_description").is_not_null(),
                pl.col("year").is_between(last.year - 2, last.year),
            )
            .group_by("year", location="location_description")
            .agg(thefts=pl.len()),
            incidents.drop_nulls("community_area")
            .group_by(area="community_area")
            .agg(late_night_incidents=((hour >= 22) | (hour < 4)).sum(), incidents=pl.len()),
            incidents.filter(occurred.is_between(datetime(2016, 1, 1), datetime(2020, 1, 1), closed="left"))
            .group_by("primary_type")
            .agg(incidents=pl.len(), arrests=pl.col("arrest").sum()),
        ],
        engine="streaming",
    )
    found = {
        "monthly_trend": monthly_trend(monthly, last),
        "theft_locations": thefts.sort(["year", "thefts", "location"], descending=[False, True, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("year"))
        .filter(pl.col("rank") <= 10)
        .select("year", "rank", "location", "thefts"),
        "safest_areas": safest_areas(per_area, areas, (last.date() - first.date()).days + 1),
        "arrest_rates": arrest_rates(per_type),
    }
    months = found["monthly_trend"].filter(
        pl.col("complete") & pl.col("month").is_between(first.date(), last.date())
    )
    found["crime_trend"] = crime_trend(months.rows())
    return found, last


def monthly_trend(monthly: pl.DataFrame, last: datetime) -> pl.DataFrame:
    """Return the 60 months that end with the last one, those without incidents among them."""
    this_month = date(last.year, last.month, 1)
    end_of_month = calendar.monthrange(last.year, last.month)[1]
    months = pl.select(
        month=pl.date_range(pl.lit(this_month).dt.offset_by("-59mo"), pl.lit(this_month), "1mo")
    )
    return (
        months.join(monthly, on="month", how="left")
        .with_columns(pl.col("incidents").fill_null(0))
        .with_columns(complete=(pl.col("month") < this_month) | (last.day == end_of_month))
        .sort("month")
    )


def safest_areas(counted: pl.DataFrame, areas: pl.DataFrame, days: int) -> pl.DataFrame:
    """Late-night incidents per 1,000 residents and year, the fewest first."""
    rate = pl.col("late_night_incidents") * 1000 * 365.25 / (pl.col("residents") * days)
    return (
        areas.join(counted.with_columns(pl.col("area").cast(pl.Int64)), on="area", how="left")
        .with_columns(pl.col("late_night_incidents", "incidents").fill_null(0))
        .with_columns(late_night_per_1000_residents_per_year=rate)
        .sort("late_night_per_1000_residents_per_year", "area")
        .with_columns(rank=pl.int_range(1, pl.len() + 1))
        .select(
            "rank",
            "area",
            "name",
            "late_night_incidents",
            "incidents",
            "residents",
            "late_night_per_1000_residents_per_year",
        )
    )


def arrest_rates(counted: pl.DataFrame) -> pl.DataFrame:
    """Return the arrest rate of each type with its Wilson interval."""
    n, k = pl.col("incidents").cast(pl.Int64), pl.col("arrests").cast(pl.Int64)
    centre = (k + Z * Z / 2) / (n + Z * Z)
    half = Z / (n + Z * Z) * (k * (n - k) / n + Z * Z / 4).sqrt()
    return (
        counted.with_columns(arrest_rate=k / n)
        .with_columns(
            rate_low=pl.when(k == 0).then(0.0).otherwise(centre - half),
            rate_high=pl.when(k == n).then(1.0).otherwise(centre + half),
        )
        .sort("rate_low", "primary_type", descending=[True, False])
    )


def crime_trend(months: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Return a line through the logarithm of the monthly counts, season aside, with Newey-West errors."""
    counts = np.array([count for _, count, _ in months], dtype=float)
    days = np.array([calendar.monthrange(month.year, month.month)[1] for month, _, _ in months])
    season = np.array([[month.month == other for other in range(1, 13)] for month, _, _ in months], float)
    design = np.column_stack([season, np.arange(len(months)) / 12])
    fit = OLS(np.log((counts + 0.5) / days), design).fit(cov_type="HAC", cov_kwds={"maxlags": 12})
    low, high = fit.conf_int()[-1]
    direction = "increasing" if low > 0 else "decreasing" if high < 0 else "no significant trend"
    return pl.DataFrame(
        {
            "direction": direction,
            "change_per_year": math.expm1(fit.params[-1]),
            "change_low": math.expm1(low),
            "change_high": math.expm1(high),
            "p_value": float(fit.pvalues[-1]),
            "first_month": months[0][0],
            "last_month": months[-1][0],
            "months": len(months),
        }
    )


def main() -> None:
    """Do the job."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--areas", type=Path, required=True)
    arguments = parser.parse_args()
    begun = time.perf_counter()
    out: Path = arguments.out
    out.mkdir(parents=True)
    counts = ingest(arguments.source, out)
    read = time.perf_counter()
    incidents = pl.scan_parquet(out / "incidents", hive_partitioning=True)
    found, as_of = answers(incidents, pl.read_csv(arguments.areas))
    (out / "answers").mkdir()
    for name, table in found.items():
        table.write_csv(out / "answers" / f"{name}.csv")
    done = time.perf_counter()
    seconds = {"read": round(read - begun, 3), "answer": round(done - read, 3)}
    record = {**counts, "shift_years": SHIFT_YEARS, "as_of": str(as_of), "seconds": seconds}
    (out / "run.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
