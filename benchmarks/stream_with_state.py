"""A worker of the stream as it was until it kept no state, for a comparison; see `stream_life`.

It runs against the package of the commit `STATEFUL`, which `benchmarks.messages` checks out.
"""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from typing import Any

import apache_beam as beam
from stream_life import SHIFT_YEARS, check, cpu_of

from crime_pipelines.beam.messages import DeadLetter
from crime_pipelines.beam.sinks import InsertRows
from crime_pipelines.beam.stream import FeedOptions, ReadFeed, version_row
from crime_pipelines.clients import warehouse_client
from crime_pipelines.settings import Settings
from crime_pipelines.warehouse import tables
from crime_pipelines.warehouse.jobs import query
from crime_pipelines.warehouse.setup import set_up


def main() -> None:
    """Set the warehouse up, and run the stream over the messages."""
    path, dataset = sys.argv[1:]
    settings = Settings("local-crime", dataset=dataset, answers_dataset=f"{dataset}_answers")
    set_up(settings)

    def table(to: tables.Table) -> beam.PTransform:
        return beam.ParDo(InsertRows(settings, to.name, stamped="loaded_at" in to.names))

    def wire(messages: Any) -> None:
        # without end: of a feed that is read as it is published, no message is too late to be counted
        feed = messages | ReadFeed(FeedOptions(SHIFT_YEARS, allowed_lateness=None))
        (
            feed.changes
            | "VersionRows" >> beam.Map(version_row, "feed")
            | "ToVersions" >> table(tables.INCIDENT_VERSIONS)
        )
        (
            feed.dead_letters
            | "LetterRows" >> beam.Map(DeadLetter.row)
            | "ToDeadLetters" >> table(tables.DEAD_LETTERS)
        )
        feed.area_hours | "ToAreaHours" >> table(tables.AREA_HOURS)
        feed.nights | "ToNights" >> table(tables.NIGHTS)

    cpu = cpu_of(path, wire)
    with closing(warehouse_client(settings)) as client:
        check(path, dataset, partial(query, client))
    print(cpu)


if __name__ == "__main__":
    main()
