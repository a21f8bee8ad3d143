"""The same answers in Beam as people write it: a dictionary a row, a step a thought, a key a count.

    python peer_beam_rows.py SOURCE OUT --areas AREAS

It reads sound files only, keeps no rejects, writes no Parquet, and gives four of the five answers' counts. It
stands here to be compared with.
"""

from __future__ import annotations

import argparse
import csv
from datetime import datetime
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner


def parse(line: str, headings: list[str]) -> dict[str, str]:
    """A line as a dictionary."""
    return dict(zip(headings, next(csv.reader([line])), strict=True))


def typed(row: dict[str, str]) -> dict[str, object]:
    """Its date read and shifted."""
    moment = datetime.strptime(row["Date"], "%m/%d/%Y %I:%M:%S %p")
    leap = moment.month == 2 and moment.day == 29
    moment = moment.replace(year=moment.year + 3, day=28 if leap else moment.day)
    return {**row, "moment": moment, "area": row["Community Area"], "arrest": row["Arrest"] == "true"}


def by_month(row: dict[str, object]) -> tuple[str, int]:
    """A month and one."""
    return f"{row['moment']:%Y-%m}", 1


def is_theft(row: dict[str, object]) -> bool:
    """Whether it is a theft at a known place."""
    return row["Primary Type"] == "THEFT" and bool(row["Location Description"])


def by_location(row: dict[str, object]) -> tuple[tuple[int, object], int]:
    """A year, a place, and one."""
    return (row["moment"].year, row["Location Description"]), 1  # type: ignore[attr-defined]


def is_late(row: dict[str, object]) -> bool:
    """Whether it was late at night."""
    hour = row["moment"].hour  # type: ignore[attr-defined]
    return bool(hour >= 22 or hour < 4)


def by_area(row: dict[str, object]) -> tuple[object, int]:
    """An area and one."""
    return row["area"], 1


def by_type(row: dict[str, object]) -> tuple[object, tuple[int, int]]:
    """A type, one, and whether there was an arrest."""
    return row["Primary Type"], (1, int(bool(row["arrest"])))


def added(pairs: object) -> tuple[int, int]:
    """Pairs added up."""
    whole = arrests = 0
    for number, arrested in pairs:  # type: ignore[attr-defined]
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
        rows = (
            pipeline
            | beam.io.ReadFromText(str(arguments.source), skip_header_lines=1)
            | "Parse" >> beam.Map(parse, headings)
            | "Typed" >> beam.Map(typed)
        )
        latest = (
            rows
            | "ById" >> beam.Map(lambda row: (row["ID"], row))
            | "Versions" >> beam.GroupByKey()
            | "Latest" >> beam.Map(lambda pair: max(pair[1], key=lambda row: row["Updated On"]))
        )
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
