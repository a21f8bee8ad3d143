"""The job in Beam as people write it: a dictionary a row, a step a thought, a key a count.

    python peer_beam_rows.py SOURCE OUT --areas AREAS

It writes typed incidents as Parquet (in one file, not by year), rejected lines, and the counts that the
answers follow from. Rows with a line break in them it takes for two. It stands here to be compared with.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("case_number", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("block", pa.string()),
        ("iucr", pa.string()),
        ("primary_type", pa.string()),
        ("description", pa.string()),
        ("location_description", pa.string()),
        ("arrest", pa.bool_()),
        ("domestic", pa.bool_()),
        ("beat", pa.string()),
        ("district", pa.string()),
        ("ward", pa.int64()),
        ("community_area", pa.int64()),
        ("fbi_code", pa.string()),
        ("x_coordinate", pa.float64()),
        ("y_coordinate", pa.float64()),
        ("year", pa.int64()),
        ("updated_on", pa.timestamp("us")),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
    ]
)
Row = dict[str, Any]


def shifted(text: str) -> datetime:
    """Return a date read, and moved three years forward."""
    moment = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p")
    leap = moment.month == 2 and moment.day == 29
    return moment.replace(year=moment.year + 3, day=28 if leap else moment.day)


class Parse(beam.DoFn):  # type: ignore[misc]
    """A line as a typed dictionary; lines that can't be read are tagged."""

    def __init__(self, headings: list[str]) -> None:
        """Take the headings."""
        super().__init__()
        self._headings = headings

    def process(self, line: str) -> Iterator[Row | beam.pvalue.TaggedOutput]:
        """Read a line."""
        try:
            row = dict(zip(self._headings, next(csv.reader([line])), strict=True))
            yield self._typed({name: text.strip() for name, text in row.items()})
        except ValueError as error:
            yield beam.pvalue.TaggedOutput("rejected", f"{error}: {line}")

    def _typed(self, row: dict[str, str]) -> Row:
        moment = shifted(row["Date"])
        area = int(row["Community Area"]) if row["Community Area"] else None
        return {
            "id": int(row["ID"]),
            "case_number": row["Case Number"] or None,
            "occurred_at": moment,
            "block": row["Block"] or None,
            "iucr": row["IUCR"] or None,
            "primary_type": " ".join(row["Primary Type"].upper().split()) or None,
            "description": row["Description"] or None,
            "location_description": row["Location Description"] or None,
            "arrest": row["Arrest"].lower() == "true",
            "domestic": row["Domestic"].lower() == "true",
            "beat": row["Beat"] or None,
            "district": row["District"] or None,
            "ward": int(row["Ward"]) if row["Ward"] else None,
            "community_area": area if area and 1 <= area <= 77 else None,
            "fbi_code": row["FBI Code"] or None,
            "x_coordinate": float(row["X Coordinate"]) if row["X Coordinate"] else None,
            "y_coordinate": float(row["Y Coordinate"]) if row["Y Coordinate"] else None,
            "year": moment.year,
            "updated_on": shifted(row["Updated On"]) if row["Updated On"] else None,
            "latitude": float(row["Latitude"]) if row["Latitude"] else None,
            "longitude": float(row["Longitude"]) if row["Longitude"] else None,
        }


def updated(row: Row) -> tuple[bool, Any]:
    """Return the time of a row's update; a row without one comes before all others."""
    return row["updated_on"] is not None, row["updated_on"]


def by_month(row: Row) -> tuple[str, int]:
    """Return a month and one."""
    return f"{row['occurred_at']:%Y-%m}", 1


def is_theft(row: Row) -> bool:
    """Tell whether it is a theft at a known place."""
    return row["primary_type"] == "THEFT" and bool(row["location_description"])


def by_location(row: Row) -> tuple[tuple[int, Any], int]:
    """Return a year, a place, and one."""
    return (row["year"], row["location_description"]), 1


def is_late(row: Row) -> bool:
    """Tell whether it was late at night."""
    hour = row["occurred_at"].hour
    return bool(hour >= 22 or hour < 4)


def by_area(row: Row) -> tuple[Any, int]:
    """Return an area and one."""
    return row["community_area"], 1


def by_type(row: Row) -> tuple[Any, tuple[int, int]]:
    """Return a type, one, and whether there was an arrest."""
    return row["primary_type"], (1, int(row["arrest"]))


def added(pairs: Any) -> tuple[int, int]:
    """Pairs added up."""
    whole = arrests = 0
    for number, arrested in pairs:
        whole += number
        arrests += arrested
    return whole, arrests


def main() -> None:
    """Run the pipeline on Beam's direct runner."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--areas")
    arguments = parser.parse_args()
    with arguments.source.open(encoding="utf-8") as file:
        headings = next(csv.reader(file))
    arguments.out.mkdir(parents=True)
    options = PipelineOptions([], direct_running_mode="in_memory", direct_num_workers=1)
    with beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
        parsed = (
            pipeline
            | beam.io.ReadFromText(str(arguments.source), skip_header_lines=1)
            | "Parse" >> beam.ParDo(Parse(headings)).with_outputs("rejected", main="rows")
        )
        parsed.rejected | "Write rejects" >> beam.io.WriteToText(str(arguments.out / "rejects"))
        latest = (
            parsed.rows
            | "ById" >> beam.Map(lambda row: (row["id"], row))
            | "Versions" >> beam.GroupByKey()
            | "Latest" >> beam.Map(lambda pair: max(pair[1], key=updated))
        )
        latest | "Write incidents" >> beam.io.WriteToParquet(str(arguments.out / "incidents"), SCHEMA)
        counts = {
            "months": latest | "ByMonth" >> beam.Map(by_month) | "Months" >> beam.CombinePerKey(sum),
            "thefts": latest
            | "Thefts" >> beam.Filter(is_theft)
            | "ByLocation" >> beam.Map(by_location)
            | "Locations" >> beam.CombinePerKey(sum),
            "nights": latest
            | "Late" >> beam.Filter(is_late)
            | "ByArea" >> beam.Map(by_area)
            | "Areas" >> beam.CombinePerKey(sum),
            "arrests": latest | "ByType" >> beam.Map(by_type) | "Types" >> beam.CombinePerKey(added),
        }
        for name, counted in counts.items():
            counted | f"Write {name}" >> beam.io.WriteToText(str(arguments.out / name))


if __name__ == "__main__":
    main()
