"""The streaming pipeline: new incidents from Pub/Sub to versions in BigQuery, live counts and surges.

    python -m crime_pipelines.beam.stream --runner DataflowRunner --project P --region R \\
        --temp_location gs://bucket/tmp --setup_file ./setup.py

Elements carry the time of their publication; when an incident occurred stands in the payload. So nothing is
late to Beam, whose watermark follows publication, and nothing is dropped in silence: what is too late for the
live counts is counted, and the warehouse has it all the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

from crime_pipelines.beam.hints import of_type
from crime_pipelines.beam.live import (
    AREA_HOURS,
    NIGHTS,
    SURGES,
    TOO_LATE,
    CountHours,
    CountNights,
    Step,
    Steps,
)
from crime_pipelines.beam.messages import (
    DEAD_LETTERS,
    Change,
    DeadLetter,
    DeadLetters,
    LatestVersion,
    ReadMessage,
)
from crime_pipelines.beam.sinks import InsertRows
from crime_pipelines.domain.messages import BadMessage
from crime_pipelines.domain.reading import Incident
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.settings import Settings
from crime_pipelines.warehouse import tables

#: Days that versions are held, and that live counts stay open.
DEFAULT_EXPIRY_DAYS: Final = 90
DEFAULT_LATENESS_DAYS: Final = 30
#: The run and the attempt of rows that come from the feed.
FEED: Final = "feed"


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """Choices of the streaming pipeline.

    Attributes:
        shift_years: calendar years to move dates by.
        expire_after: how long a version is held after the last change.
        allowed_lateness: how long after an incident its messages count in the live counts; None: always.
    """

    shift_years: int
    expire_after: timedelta = timedelta(days=DEFAULT_EXPIRY_DAYS)
    allowed_lateness: timedelta | None = timedelta(days=DEFAULT_LATENESS_DAYS)

    def __post_init__(self) -> None:
        """Make sure that an hour which is open is counted rightly.

        Raises:
            InputError: versions would go while their hours are open.
        """
        if self.allowed_lateness is not None and self.allowed_lateness > self.expire_after:
            raise InputError("versions must be held at least as long as live counts stay open")


class Feed(NamedTuple):
    """What `ReadFeed` gives.

    Attributes:
        changes: `messages.Change`.
        dead_letters: `messages.DeadLetter`.
        area_hours: rows of `warehouse.tables.AREA_HOURS`.
        nights: rows of `warehouse.tables.NIGHTS`.
        surges: messages about surges, JSON.
        too_late: `live.Step`s that the live counts leave out.
    """

    changes: beam.PCollection
    dead_letters: beam.PCollection
    area_hours: beam.PCollection
    nights: beam.PCollection
    surges: beam.PCollection
    too_late: beam.PCollection


class ReadFeed(beam.PTransform):
    """Payloads, timestamped by their publication, to all that follows from them."""

    def __init__(self, options: FeedOptions) -> None:
        """Remember the options.

        Args:
            options: the options.
        """
        super().__init__()
        self._options = options

    def expand(self, payloads: beam.PCollection) -> Feed:
        """Wire it."""
        lateness = self._options.allowed_lateness
        read = payloads | "Read" >> beam.ParDo(ReadMessage(self._options.shift_years)).with_outputs(
            DEAD_LETTERS, main="incidents"
        )
        letters = of_type(read[DEAD_LETTERS], tuple[bytes, BadMessage]) | "Letters" >> beam.ParDo(
            DeadLetters()
        )
        changes = of_type(read.incidents, tuple[int, Incident]) | "Latest" >> beam.ParDo(
            LatestVersion(int(self._options.expire_after.total_seconds()))
        ).with_output_types(Change)
        steps = changes | "Steps" >> beam.ParDo(Steps(lateness)).with_outputs(AREA_HOURS, NIGHTS, TOO_LATE)
        hours = of_type(steps[AREA_HOURS], tuple[tuple[int, int], Step]) | "CountHours" >> beam.ParDo(
            CountHours(lateness)
        ).with_outputs(SURGES, main="rows")
        nights = of_type(steps[NIGHTS], tuple[str, Step]) | "CountNights" >> beam.ParDo(CountNights())
        surges = of_type(hours[SURGES], bytes)
        return Feed(changes, letters, hours.rows, nights, surges, of_type(steps[TOO_LATE], Step))


def build(pipeline: beam.Pipeline, settings: Settings, options: FeedOptions) -> None:
    """Wire the pipeline from Pub/Sub to BigQuery and Pub/Sub.

    Args:
        pipeline: the pipeline.
        settings: the settings; topics and subscription exist.
        options: the options.
    """
    source = f"projects/{settings.project}/subscriptions/{settings.feed_subscription}"

    def topic(name: str) -> beam.PTransform:
        return beam.io.WriteToPubSub(f"projects/{settings.project}/topics/{name}")

    def table(table: tables.Table) -> beam.PTransform:
        return beam.ParDo(InsertRows(settings, table.name, stamped="loaded_at" in table.names))

    payloads = pipeline | "FromPubSub" >> beam.io.ReadFromPubSub(subscription=source)
    feed = payloads | "Feed" >> ReadFeed(options)
    (
        feed.changes
        | "VersionRows" >> beam.Map(version_row, source)
        | "ToVersions" >> table(tables.INCIDENT_VERSIONS)
    )
    (
        feed.dead_letters
        | "LetterRows" >> beam.Map(DeadLetter.row)
        | "ToDeadLetters" >> table(tables.DEAD_LETTERS)
    )
    (
        feed.dead_letters
        | "Payloads" >> beam.Map(lambda letter: letter.payload).with_output_types(bytes)
        | "ToDeadLetterTopic" >> topic(settings.dead_letters_topic)
    )
    feed.area_hours | "ToAreaHours" >> table(tables.AREA_HOURS)
    feed.nights | "ToNights" >> table(tables.NIGHTS)
    feed.surges | "ToSurges" >> topic(settings.surges_topic)


def version_row(change: Change, source: str) -> dict[str, Any]:
    """A row of `warehouse.tables.INCIDENT_VERSIONS`, but for loaded_at.

    Args:
        change: the change.
        source: where its message came from.

    Returns:
        The row, values as JSON has them.
    """
    values = change.after._asdict().items()
    row = {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in values}
    return {**row, "run_id": FEED, "attempt": FEED, "source_file": source}


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
    late = ours.allowed_lateness_days
    try:
        settings = Settings.from_environment(
            project=options.view_as(GoogleCloudOptions).project,
            feed_subscription=ours.feed_subscription,
            dataset=ours.dataset,
            shift_years=ours.shift_years,
        )
        chosen = FeedOptions(
            settings.shift_years,
            timedelta(days=ours.expire_after_days),
            None if late < 0 else timedelta(days=late),
        )
        with beam.Pipeline(options=options) as pipeline:
            build(pipeline, settings, chosen)
    except PipelineError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - the job's own command line
        return error.exit_code
    return 0


def own_options() -> argparse.ArgumentParser:
    """The pipeline's own options.

    Returns:
        Their parser.
    """
    parser = argparse.ArgumentParser(prog="crime_pipelines.beam.stream", allow_abbrev=False)
    parser.add_argument("--feed_subscription", default=None, help="subscription of the feed, its short name")
    parser.add_argument("--dataset", default=None, help="the warehouse's dataset")
    parser.add_argument("--shift_years", type=int, default=None, help="calendar years to move dates by")
    parser.add_argument("--expire_after_days", type=float, default=DEFAULT_EXPIRY_DAYS)
    parser.add_argument(
        "--allowed_lateness_days", type=float, default=DEFAULT_LATENESS_DAYS, help="negative: without end"
    )
    return parser


if __name__ == "__main__":
    from crime_pipelines.beam import stream  # what is pickled must not be called __main__

    sys.exit(stream.main())
