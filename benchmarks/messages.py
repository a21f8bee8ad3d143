"""The feed's way from a message to an incident, against a chain of steps as people write it.

Both run over the same messages on Beam's direct runner; what a pipeline of no steps takes is taken off.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from benchmarks.inputs import incident_file
from crime_pipelines.beam.streaming.messages import DEAD_LETTERS, ReadMessage
from crime_pipelines.cloud.feed.replay import messages_of
from crime_pipelines.sources import resolve

MESSAGES = 50_000
#: They go through so often in one pipeline, so that its start, which varies, weighs little.
_REPEATED = 3
_Steps = Callable[[Any], Any]


def trimmed(row: dict[str, Any]) -> dict[str, Any]:
    """Texts trimmed."""
    return {name: text.strip() if isinstance(text, str) else text for name, text in row.items()}


def dated(row: dict[str, Any]) -> dict[str, Any]:
    """Dates read and shifted."""

    def read(text: str) -> datetime:
        moment = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p")
        day = min(moment.day, 28) if moment.month == 2 else moment.day
        return moment.replace(year=moment.year + 3, day=day)

    return {**row, "date": read(row["date"]), "updated_on": read(row["updated_on"])}


def numbered(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers read."""
    whole = {name: int(row[name]) if row.get(name) else None for name in ("id", "ward", "community_area")}
    names = ("x_coordinate", "y_coordinate", "latitude", "longitude")
    return {**row, **whole, **{name: float(row[name]) if row.get(name) else None for name in names}}


def normal(row: dict[str, Any]) -> dict[str, Any]:
    """Types and flags in their normal form."""
    return {
        **row,
        "primary_type": " ".join(row["primary_type"].upper().split()),
        "arrest": row["arrest"].lower() == "true",
        "domestic": (row.get("domestic") or "").lower() == "true",
    }


def late(row: dict[str, Any]) -> dict[str, Any]:
    """Tell whether it was late at night."""
    hour = row["date"].hour
    return {**row, "year": row["date"].year, "late_night": hour >= 22 or hour < 4}


def _nothing(messages: Any) -> Any:
    return messages


def _chain(messages: Any) -> Any:
    return (
        messages
        | "Decode" >> beam.Map(json.loads)
        | "Trim" >> beam.Map(trimmed)
        | "Dates" >> beam.Map(dated)
        | "Numbers" >> beam.Map(numbered)
        | "Normal" >> beam.Map(normal)
        | "Late" >> beam.Map(late)
        | "Valid" >> beam.Filter(lambda row: row["id"] is not None)
        | "ById" >> beam.Map(lambda row: (row["id"], row))
    )


def _ours(messages: Any) -> Any:
    return messages | beam.ParDo(ReadMessage(3)).with_outputs(DEAD_LETTERS, main="incidents")


def _seconds(steps: _Steps, messages: list[bytes]) -> float:
    """CPU seconds of a pipeline that makes so many messages of nothing and takes them through the steps."""
    options = PipelineOptions([], direct_running_mode="in_memory", direct_num_workers=1)
    begun = time.process_time()
    with beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
        steps(
            pipeline
            | beam.Create([0], reshuffle=False)
            | beam.FlatMap(lambda _: messages).with_output_types(bytes)
        )
    return time.process_time() - begun


def microseconds(rounds: int) -> tuple[float, float]:
    """CPU microseconds a message.

    Args:
        rounds: how often to measure; the least counts.

    Returns:
        Those of the feed's step, and those of the chain.
    """
    messages = list(messages_of(resolve(str(incident_file(MESSAGES, 0)))[0])) * _REPEATED
    for steps in (_nothing, _ours, _chain):  # what is done once in a process is done
        _seconds(steps, messages[:1_000])
    found: dict[str, list[float]] = {"nothing": [], "ours": [], "chain": []}
    for _ in range(rounds):
        for name, steps in (("nothing", _nothing), ("ours", _ours), ("chain", _chain)):
            found[name].append(_seconds(steps, messages))
    base = min(found["nothing"])
    ours, chain = ((min(found[name]) - base) / len(messages) * 1e6 for name in ("ours", "chain"))
    return ours, chain
