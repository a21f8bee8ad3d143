"""A life of the stream on Prism, whose CPU is measured: what `stream_worker` and `stream_with_state` share.

The runner and BigQuery are other processes, so that this one's CPU is the worker's: decoding, validating,
dead letters, appending through Google's client library, and Beam's own part of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import apache_beam as beam
from apache_beam.transforms.window import TimestampedValue

from crime_pipelines.beam.runners import PRISM, runner_of

#: The messages are of 2024: moved by one year, they can be streamed into tables that are partitioned by it.
SHIFT_YEARS: Final = 1


def cpu_of(path: str, wire: Callable[[Any], None]) -> float:
    """Run a pipeline over a file of messages.

    Args:
        path: the file, a message a line.
        wire: puts the steps to the messages, timestamped by their publication.

    Returns:
        CPU seconds of this process.
    """
    now = datetime.now(UTC).timestamp()
    runner, options = runner_of(PRISM)
    begun = time.process_time()
    with beam.Pipeline(runner=runner, options=options) as pipeline:
        wire(
            pipeline
            | beam.Create([path], reshuffle=False)
            | "Messages" >> beam.FlatMap(lambda name: Path(name).read_bytes().splitlines())
            | "Published" >> beam.Map(lambda payload: TimestampedValue(payload, now)).with_output_types(bytes)
        )
    return time.process_time() - begun


def check(path: str, dataset: str, asked: Callable[[str], list[tuple[int, ...]]]) -> None:
    """Hold the number of messages against that of the rows that came of them.

    Args:
        path: the file.
        dataset: where the rows are.
        asked: asks BigQuery.

    Raises:
        SystemExit: rows are missing.
    """
    since = "WHERE loaded_at >= TIMESTAMP '1970-01-01 00:00:00+00:00'"
    counts = [
        asked(f"SELECT COUNT(*) FROM `{dataset}`.`{name}` {since}")
        for name in ("incident_versions", "dead_letters")
    ]
    rows = sum(count for ((count,),) in counts)
    messages = len(Path(path).read_bytes().splitlines())
    if rows != messages:
        sys.exit(f"{rows:,} rows came of {messages:,} messages")
