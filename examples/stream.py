"""Read messages of the feed in a Beam pipeline: incidents, deletions, and dead letters with a reason.

    python examples/stream.py

`TestStream` stands in for Pub/Sub: the pipeline is the one that reads a subscription.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import TimestampedValue

from crime_pipelines.beam import ReadMessages

THEFT = {
    "id": "1",
    "date": "2026-11-24T20:05:00",
    "primary_type": "THEFT",
    "location_description": "STREET",
    "arrest": "false",
    "community_area": "8",
    "updated_on": "2026-11-25T06:00:00",
}
MESSAGES = [
    THEFT,
    {**THEFT, "arrest": "true", "updated_on": "2026-11-26T06:00:00"},
    {**THEFT, "date": "soon"},
    {"id": "2", "updated_on": "2026-11-26T06:00:00", "deleted": "true"},
]


def main() -> None:
    """Build and run the pipeline."""
    published = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
    feed = TestStream().advance_watermark_to(published)
    for message in MESSAGES:
        feed.add_elements([TimestampedValue(json.dumps(message).encode(), published)])
    with beam.Pipeline(options=PipelineOptions(streaming=True)) as pipeline:
        read = pipeline | feed.advance_watermark_to_infinity() | ReadMessages(shift_years=3)
        _ = read.incidents | "Incidents" >> beam.Map(
            lambda incident: print(f"incident {incident.id}: arrest {incident.arrest}")
        )
        _ = read.deletions | "Deletions" >> beam.Map(lambda each: print(f"incident {each.id}: withdrawn"))
        _ = read.dead_letters | "Letters" >> beam.Map(lambda letter: print(f"dead letter: {letter.reason}"))


if __name__ == "__main__":
    main()
