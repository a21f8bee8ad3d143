"""A worker of the stream on Prism: takes a file of messages to BigQuery and prints the CPU that it took.

    python benchmarks/stream_worker.py MESSAGES DATASET

`stream_with_state.py` is the same for the stream as it was.
"""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial

from stream_life import SHIFT_YEARS, check, cpu_of

from crime_pipelines.beam.streaming.stream import ReadFeed, WriteFeed
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.setup import set_up


def main() -> None:
    """Set the warehouse up, and run the stream over the messages."""
    path, dataset = sys.argv[1:]
    settings = Settings("local-crime", dataset=dataset, answers_dataset=f"{dataset}_answers")
    set_up(settings)
    cpu = cpu_of(path, lambda messages: messages | ReadFeed(SHIFT_YEARS) | WriteFeed(settings, "feed"))
    with closing(warehouse_client(settings)) as client:
        check(path, dataset, partial(query, client))
    print(cpu)


if __name__ == "__main__":
    main()
