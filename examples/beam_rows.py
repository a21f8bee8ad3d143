"""Group incidents with Beam's own steps, by the fields of their rows: arrests by type of crime.

    python examples/beam_rows.py 'exports/*.csv.gz'

Rows have a schema, so `GroupBy`, `SqlTransform`, Beam YAML and other languages understand them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

import crime_pipelines
from crime_pipelines.beam import LatestVersions, ReadIncidents


def main(source: str, arguments: list[str]) -> None:
    """Build and run the pipeline.

    Args:
        source: a file, a folder, a glob or a URI.
        arguments: Beam's own options.
    """
    with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
        read = pipeline | ReadIncidents(source, rows=True)
        _ = (
            read.incidents
            | LatestVersions()
            | beam.GroupBy("primary_type")
            .aggregate_field("id", beam.combiners.CountCombineFn(), "incidents")
            .aggregate_field(lambda incident: int(bool(incident.arrest)), sum, "arrests")
            | "Print" >> beam.Map(lambda row: print(f"{row.primary_type}: {row.arrests}/{row.incidents}"))
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1], sys.argv[2:])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(str(crime_pipelines.generate(Path(folder, "crimes.csv"), 2_000).path), [])
