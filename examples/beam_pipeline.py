"""Use the PTransforms in a Beam pipeline of one's own: incidents per area, from files to lines of text.

    python examples/beam_pipeline.py 'exports/*.csv.gz'

Any runner takes it; options of Beam's own, such as --runner, follow the source.
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
            | "AreaOf" >> beam.Map(lambda incident: incident.community_area or 0)
            | "Count" >> beam.combiners.Count.PerElement()
            | "Print" >> beam.MapTuple(lambda area, incidents: print(f"area {area}: {incidents:,} incidents"))
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1], sys.argv[2:])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(str(crime_pipelines.generate(Path(folder, "crimes.csv"), 2_000).path), [])
