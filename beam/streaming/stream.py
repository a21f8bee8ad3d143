"""The streaming pipeline: new incidents from Pub/Sub to versions in BigQuery, and dead letters.

    python -m crime_pipelines.beam.streaming.stream --runner DataflowRunner --project P --region R \\
        --temp_location gs://bucket/tmp --setup_file ./setup.py

Elements carry the time of their publication; when an incident occurred stands in the payload. So nothing is
late to Beam, whose watermark follows publication. Nothing is counted here: live counts are queries of the
warehouse (views `live_*`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

from crime_pipelines.beam.hints import of_type
from crime_pipelines.beam.streaming.messages import (
    DEAD_LETTERS,
    DeadLetter,
    ReadMessage,
    Version,
)
from crime_pipelines.beam.streaming.sinks import AppendRows
from crime_pipelines.cloud.layouts import deployed_layout
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema import warehouse


class Feed(NamedTuple):
    """The outputs of `ReadFeed`.

    Attributes:
        versions: `messages.Version`.
        dead_letters: `messages.DeadLetter`.
    """

    versions: beam.PCollection
    dead_letters: beam.PCollection


class ReadFeed(beam.PTransform):
    """Payloads, or messages of Pub/Sub, timestamped by their publication, to versions and dead letters.

    It keeps no state: order, repeats, restarts and upgrades change nothing in what the warehouse makes of the
    versions.
    """

    def __init__(self, shift_years: int, layout: Layout = CHICAGO) -> None:
        """Remember the shift and the layout.

        Args:
            shift_years: calendar years to move dates by.
            layout: the department's layout.
        """
        super().__init__()
        self._shift_years, self._layout = shift_years, layout

    def expand(self, messages: beam.PCollection) -> Feed:
        """Wire it."""
        reader = ReadMessage(self._shift_years, self._layout)
        read = messages | "Read" >> beam.ParDo(reader).with_outputs(DEAD_LETTERS, main="versions")
        return Feed(of_type(read.versions, Version), of_type(read[DEAD_LETTERS], DeadLetter))


class WriteFeed(beam.PTransform):
    """Versions to the warehouse; those that it refuses become dead letters."""

    def __init__(self, settings: Settings, source: str) -> None:
        """Say where to.

        Args:
            settings: the settings; the tables exist.
            source: where the messages come from, for the rows.
        """
        super().__init__()
        self._settings, self._source = settings, source

    def expand(self, feed: Feed) -> beam.PCollection:
        """Wire it.

        Args:
            feed: what `ReadFeed` made.

        Returns:
            All dead letters.
        """
        source = self._source
        refused = feed.versions | "ToVersions" >> beam.ParDo(
            AppendRows(
                self._settings,
                warehouse.INCIDENT_VERSIONS,
                lambda each: each.row(source),
                _message_bytes,
            )
        )
        refused_letters = refused | "RefusedVersions" >> beam.MapTuple(
            lambda version, why: version.refused(why)
        ).with_output_types(DeadLetter)
        letters = (feed.dead_letters, refused_letters) | "AllLetters" >> beam.Flatten()
        # What is refused there too is on the topic.
        letters | "ToDeadLetters" >> beam.ParDo(
            AppendRows(self._settings, warehouse.DEAD_LETTERS, DeadLetter.row, _message_bytes)
        )
        return letters


def _message_bytes(element: Version | DeadLetter) -> int:
    return len(element.payload)


def build(pipeline: beam.Pipeline, settings: Settings) -> None:
    """Wire the pipeline from Pub/Sub to BigQuery and Pub/Sub.

    Args:
        pipeline: the pipeline.
        settings: the settings; topics and subscription exist.

    Raises:
        InputError: the layout can't be read.
    """
    layout = deployed_layout(settings)
    source = f"projects/{settings.project}/subscriptions/{settings.feed_subscription}"
    messages = pipeline | "FromPubSub" >> beam.io.ReadFromPubSub(subscription=source, with_attributes=True)
    feed = messages | "Feed" >> ReadFeed(settings.shift_years, layout)
    letters = feed | "Write" >> WriteFeed(settings, source)
    (
        letters
        | "Payloads" >> beam.Map(lambda letter: letter.payload).with_output_types(bytes)
        | "ToDeadLetterTopic"
        >> beam.io.WriteToPubSub(f"projects/{settings.project}/topics/{settings.dead_letters_topic}")
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline until it is drained or cancelled.

    Args:
        arguments: of the command line, Beam's own among them; the process's unless given. What is not an
            option comes from the environment, as `settings.Settings` says.

    Returns:
        The exit code: 0, or 2 where the call is wrong.
    """
    ours, beams = own_options().parse_known_args(arguments)
    options = PipelineOptions(list(beams))
    options.view_as(StandardOptions).streaming = True
    try:
        settings = Settings.from_environment(
            project=options.view_as(GoogleCloudOptions).project,
            feed_subscription=ours.feed_subscription,
            dataset=ours.dataset,
            shift_years=ours.shift_years,
            layout=ours.layout,
        )
        with beam.Pipeline(options=options) as pipeline:
            build(pipeline, settings)
    except PipelineError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - the job's own command line
        return error.exit_code
    return 0


def own_options() -> argparse.ArgumentParser:
    """Return the pipeline's own options.

    Returns:
        Their parser.
    """
    parser = argparse.ArgumentParser(prog="crime_pipelines.beam.streaming.stream", allow_abbrev=False)
    parser.add_argument("--feed_subscription", default=None, help="subscription of the feed, its short name")
    parser.add_argument("--dataset", default=None, help="the warehouse's dataset")
    parser.add_argument("--shift_years", type=int, default=None, help="calendar years to move dates by")
    parser.add_argument("--layout", default=None, help="the department's layout, a name or a gs:// URI")
    return parser


if __name__ == "__main__":
    from crime_pipelines.beam.streaming import stream  # what is pickled must not be called __main__

    sys.exit(stream.main())
