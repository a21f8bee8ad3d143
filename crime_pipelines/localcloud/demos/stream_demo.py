"""The demonstration of the feed: each row a message, in random order, until BigQuery has the answers."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.clients import publish, publisher, topic_path, warehouse_client
from crime_pipelines.cloud.feed.publishing import publish_all
from crime_pipelines.cloud.feed.replay import messages_of, shuffled
from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.warehouse.answers import refresh
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.cloud.warehouse.runs import note_run
from crime_pipelines.cloud.warehouse.views import LIVE_INCIDENTS
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.messages import BadMessage, read_message
from crime_pipelines.domain.periods.covered_period import covered_period
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.versions import Tombstone, latest
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.demos.demo_steps import Steps
from crime_pipelines.localcloud.processes import Server
from crime_pipelines.localcloud.pubsub_watch import Watch, inbox
from crime_pipelines.schema.row_counts import FileRows
from crime_pipelines.sources import SourceFile
from crime_pipelines.support.extras import how_to_install

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

_PIPELINE: Final = "crime_pipelines.beam.streaming.stream"
#: Beam's runner for streams in a process of its own; its name ``DirectRunner`` would choose among several.
_RUNNER: Final = "apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner"
#: A pipeline that brings nothing for so long hangs.
_PATIENCE_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 2.0
_STAMP: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(slots=True)
class Expected:
    """The rows that the warehouse must hold in the end, by the domain's rules.

    Attributes:
        read: messages.
        current: the current version of each incident, tombstones among them.
        rejected: messages that can't be incidents, by reason.
        warnings: fields read as null because their text could not be read, by field.
    """

    read: int = 0
    current: dict[int, Incident | Tombstone] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    @property
    def incidents(self) -> dict[int, Incident]:
        """The incidents that are not deleted, by id."""
        return {key: each for key, each in self.current.items() if isinstance(each, Incident)}

    def add(self, payload: bytes, shift_years: int, layout: Layout, published_at: datetime) -> None:
        """Take a message in.

        Args:
            payload: the message.
            shift_years: calendar years to move dates by.
            layout: the department's layout.
            published_at: when it is published.
        """
        self.read += 1
        found = read_message(payload, shift_years, layout, published_at)
        if isinstance(found, BadMessage):
            self.rejected[found.reason.value] += 1
            return
        if isinstance(found, Incident) and found.unreadable:
            self.warnings.update(found.unreadable.split(","))
        held = self.current.get(found.id)
        self.current[found.id] = found if held is None else latest(found, held)


def drive(cloud: LocalCloud, watch: Watch, steps: Steps, file: SourceFile) -> str:
    """Publish a file's rows and follow them until the answers are made.

    Args:
        cloud: the cloud.
        watch: waits.
        steps: the steps so far.
        file: the file.

    Returns:
        The run's id.

    Raises:
        InputError: no answers come of this file, or Beam is not installed.
        PipelineError: something goes wrong on the way.
    """
    if importlib.util.find_spec("apache_beam") is None:
        raise InputError(f"the streaming architecture needs Beam: {how_to_install('local,beam')}")
    settings = cloud.settings
    begun = datetime.now(UTC)
    run_id = run_ids.of_request(file.uri, begun)
    expected, layout = Expected(), file.layout
    payloads = shuffled(messages_of(file), random.Random(run_id).randrange(1 << 32))  # noqa: S311
    for payload in payloads:
        expected.add(payload, settings.shift_years, layout, begun)
    if not expected.incidents:
        raise InputError(f"{file.uri}: no row is an incident")
    with steps.step("feed", "topics are made, and the streaming pipeline starts"):
        _make_topics(cloud)
        cloud.servers.append(_pipeline(cloud))
    with steps.step("publish", "every row is published as a message, in random order") as moved:
        moved.update(messages=publish_all(settings, settings.feed_topic, payloads, layout.department))
    with closing(warehouse_client(settings)) as client:
        with steps.step("stream", "the pipeline reads the messages into BigQuery") as moved:
            moved.update(_followed(client, cloud, watch, steps, expected, begun))
        with steps.step("refresh", "the answers are made of what is in BigQuery"):
            covered = covered_period(
                (each.occurred_at, each.updated_on) for each in expected.incidents.values()
            )
            if covered is None:
                raise AssertionError("there are incidents")
            moment = covered.last
            refresh(settings, moment)
            note_run(client, settings, _manifest(run_id, begun, file, expected, moment, cloud))
        with inbox(cloud.subscribe("demo-answers", settings.answers_topic)) as answered:
            publish(settings, settings.answers_topic, {"run_id": run_id})
            watch.until(answered.next)
    return run_id


def _make_topics(cloud: LocalCloud) -> None:
    client = publisher()
    settings = cloud.settings
    for topic in (settings.feed_topic, settings.dead_letters_topic):
        client.create_topic(name=topic_path(settings, topic))
    client.stop()
    cloud.subscribe(settings.feed_subscription, settings.feed_topic)


def _pipeline(cloud: LocalCloud) -> Server:
    command = [sys.executable, "-m", _PIPELINE, "--runner", _RUNNER, "--project", cloud.settings.project]
    log = cloud.folder / "logs" / "stream.log"
    return Server("the streaming pipeline", command, log, cloud.environment_of("stream"))


def _followed(
    client: Client, cloud: LocalCloud, watch: Watch, steps: Steps, expected: Expected, begun: datetime
) -> Mapping[str, int]:
    """Wait until the warehouse holds what it must, and say what that is."""
    dataset = f"`{cloud.settings.project}`.`{cloud.settings.dataset}`"
    counts = (
        f"SELECT (SELECT COUNT(*) FROM {dataset}.{LIVE_INCIDENTS}), "
        f"(SELECT COUNT(*) FROM {dataset}.dead_letters), "
        f"(SELECT COUNT(*) FROM {dataset}.incident_versions WHERE loaded_at >= @since)"
    )
    versions = f"SELECT id, updated_on, occurred_at, arrest FROM {dataset}.{LIVE_INCIDENTS}"
    wanted = {
        each.id: (each.updated_on, each.occurred_at, each.arrest) for each in expected.incidents.values()
    }
    letters = expected.rejected.total()
    seen, since = 0, time.monotonic()
    while True:
        ((incidents, dead, rows),) = query(client, counts, since=begun)
        # a version that a later one supersedes may come last, and is counted too
        if (incidents, dead) == (len(wanted), letters) and rows >= expected.read - letters:
            held = {key: (moment, at, arrest) for key, moment, at, arrest in query(client, versions)}
            if held == wanted:
                return {"versions": rows, "incidents": incidents, "dead letters": dead}
        if rows + dead > seen:
            seen, since = rows + dead, time.monotonic()
            steps.tell(f"{incidents:,} of {len(wanted):,} incidents, {dead:,} of {letters:,} dead letters")
        elif time.monotonic() - since > _PATIENCE_SECONDS:
            raise PipelineError(f"the streaming pipeline brings nothing any more: {incidents:,} incidents")
        watch.check()
        time.sleep(_LOOK_SECONDS)


def _manifest(
    run_id: str, begun: datetime, file: SourceFile, expected: Expected, moment: datetime, cloud: LocalCloud
) -> Manifest:
    return Manifest(
        run_id=run_id,
        attempt="feed",
        architecture=0,
        source=file.uri,
        layout=str(file.layout),
        department=file.layout.department,
        files=[FileRows(file.uri, file.size, file.modified, file.count_rows().rows, expected.read)],
        engine="beam",
        started_at=begun.strftime(_STAMP),
        finished_at=datetime.now(UTC).strftime(_STAMP),
        shift_years=cloud.settings.shift_years,
        as_of=None,
        read=expected.read,
        versions=expected.read - expected.rejected.total(),
        rejected=dict(expected.rejected),
        warnings=dict(expected.warnings),
        latest=moment.strftime(_STAMP),
    )
