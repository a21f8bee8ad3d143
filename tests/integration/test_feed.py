"""The feed end to end: Pub/Sub, the streaming pipeline as a process, the warehouse, dead letters.

More messages, or those of a real file: CRIME_FEED_MESSAGES=20000 CRIME_FEED_FILE=crimes.csv pytest ...
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from crime_pipelines.cloud.clients import publisher, subscriber, topic_path, warehouse_client
from crime_pipelines.cloud.feed.dead_letters import letters, replay
from crime_pipelines.cloud.feed.publishing import publish_all
from crime_pipelines.cloud.feed.replay import messages_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.answers import refresh
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.pipeline import run
from crime_pipelines.sources import resolve
from crime_pipelines.synthetic import generate
from tests.cloud.local import PROJECT, stores
from tests.stream.answers import ALL, Comparison
from tests.stream.history import LONG, History, lives, payloads
from tests.stream.schema import widen
from tests.waiting import PATIENCE, eventually

RUNNER = "apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner"
MESSAGES = int(os.environ.get("CRIME_FEED_MESSAGES", "600"))
_LIMIT = PATIENCE + MESSAGES / 5


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with stores(tmp_path_factory.mktemp("cloud")):
        made = Settings(PROJECT, dataset="feed", answers_dataset="feed_answers", retry_seconds=30)
        set_up(made)
        with ExitStack() as stack:
            topics = publisher()
            stack.callback(topics.stop)
            for topic in (made.feed_topic, made.dead_letters_topic):
                topics.create_topic(name=topic_path(made, topic))
            with subscriber() as client:
                for name, topic in (
                    (made.feed_subscription, made.feed_topic),
                    ("letters-seen", made.dead_letters_topic),
                ):
                    client.create_subscription(
                        request={
                            "name": f"projects/{PROJECT}/subscriptions/{name}",
                            "topic": topic_path(made, topic),
                            "retain_acked_messages": True,
                            "ack_deadline_seconds": 60,
                        }
                    )
            yield made


@contextmanager
def pipeline(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The streaming pipeline, as a user starts it; killed as a crash would kill it."""
    call = [
        *(sys.executable, "-m", "crime_pipelines.beam.streaming.stream", "--runner", RUNNER),
        *("--project", settings.project),
    ]
    with log.open("ab") as said:
        process = subprocess.Popen(
            call,
            stdout=said,
            stderr=said,
            env={**os.environ, **settings.environment()},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(holds: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for what the pipeline does; where it ends first, show the end of its log."""

    def ended() -> str:
        return "" if process.poll() is None else f"the pipeline ended: {log.read_text()[-3000:]}"

    eventually(holds, patience=_LIMIT, hopeless=ended, pause=1.0)


def rewind(settings: Settings, moment: datetime) -> None:
    """The direct runner acknowledges what it pulls: after a crash the subscription is read again."""
    path = f"projects/{settings.project}/subscriptions/{settings.feed_subscription}"
    with subscriber() as client:
        client.seek(request={"subscription": path, "time": moment})


def incidents(folder: Path) -> list[bytes]:
    """Messages of as many different incidents, in the order of their file."""
    source = os.environ.get("CRIME_FEED_FILE", "")
    if not source:
        source = str(folder / "in.csv")
        generate(Path(source), MESSAGES, seed=17, years=8)
    return list(islice(messages_of(resolve(source)[0]), MESSAGES))


@pytest.mark.slow
def test_what_is_published_ends_in_the_answers_whatever_happens(settings: Settings, tmp_path: Path) -> None:
    # the runner pulls ten at a time, and Google's client takes 4 MB at most of an emulator's reply
    history = History.of(incidents(tmp_path), random.Random(3), longest=LONG)
    history.write(tmp_path / "kept.csv")
    result = run(str(tmp_path / "kept.csv"), tmp_path / "out", max_rejected=1)
    parts = list(lives(history.read_in_order(math.inf, random.Random(4))))
    log = tmp_path / "pipeline.log"

    with closing(warehouse_client(settings)) as client:
        found = Comparison(settings, client, tmp_path / "out")
        begun = datetime.now(UTC)
        for number, part in enumerate(parts):
            if number == 2:
                widen(settings, client)
            if number == len(parts) - 1:
                rewind(settings, begun)
            before = found.rows(begun)
            publish_all(settings, settings.feed_topic, payloads(part))
            with pipeline(settings, log) as process:
                # killed halfway: what was pulled and not written is lost to this life
                until(lambda: found.rows(begun) >= before + len(part) // 2, process, log)  # noqa: B023
                if number == len(parts) - 1:
                    until(lambda: found.different() == history.different, process, log)

        found.live()
        refresh(settings, result.record.as_of)
        found.answers()
        found.incidents(result.record.incidents)
        assert found.differences == []
        assert found.messages(history.poison) >= len(history.published)
    print(  # noqa: T201 - `make stream` shows it
        f"{sum(map(len, parts)):,} messages of {MESSAGES:,} incidents published, read in four lives: {found}"
    )

    assert Counter(each.reason for each in letters(settings)) == history.poison
    assert replay(settings).published == 0


@pytest.mark.slow
def test_a_dead_letter_is_replayed_after_a_fix(settings: Settings, tmp_path: Path) -> None:
    # in calendar as it stands, out of it once it is shifted
    write(tmp_path / "far.csv", [row(424242, Date="0900-01-01T22:00:00")])
    shifted, unshifted = replace(settings, shift_years=-1000), replace(settings, shift_years=0)
    log = tmp_path / "pipeline.log"
    with closing(warehouse_client(settings)) as client:

        def count(query: str) -> int:
            ((number,),) = [tuple(found.values()) for found in client.query(query).result()]
            return int(number)

        with pipeline(shifted, log) as process:
            said = called(
                shifted, "feed", "replay", str(tmp_path / "far.csv"), "--shuffle", "1", "--speed", "9"
            )
            assert said.endswith(": 1 messages published to incident-feed\n")
            dead = "SELECT COUNT(*) FROM `feed`.`dead_letters` WHERE payload LIKE '%424242%'"
            until(lambda: count(dead) > 0, process, log)
        (letter,) = [
            each
            for each in map(json.loads, called(settings, "deadletters", "list").splitlines())
            if "424242" in each["payload"]
        ]
        assert (letter["reason"], letter["error"]) == ("bad_date", "bad_date: date is '0900-01-01T22:00:00'")
        with pipeline(unshifted, log) as process:
            assert called(unshifted, "deadletters", "replay").startswith("1 published to incident-feed, ")
            kept = f"SELECT COUNT(*) FROM `feed`.`incident_versions` {ALL} AND id = 424242"
            until(lambda: count(kept) > 0, process, log)


def called(settings: Settings, *arguments: str) -> str:
    """What a command of the command line prints."""
    done = subprocess.run(
        [Path(sys.executable).with_name("crime-pipelines"), *arguments],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
