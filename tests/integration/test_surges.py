"""Surges over BigQuery's, Pub/Sub's and Cloud Storage's protocols: each is published once."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from click.testing import CliRunner
from google.api_core.exceptions import PreconditionFailed
from google.cloud.storage import Blob

from crime_pipelines.cli.main import cli
from crime_pipelines.cloud.clients import blob_at, storage_client, warehouse_client
from crime_pipelines.cloud.functions.surges import on_answers
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.cloud.warehouse.surges import PUBLISHED, _noted, look, publish_surges
from crime_pipelines.errors import InputError
from crime_pipelines.localcloud.emulators import Emulators
from tests.cloud.local import fresh_settings, make_topic
from tests.cloud.surge import DAYS, MANY, day, id_of, incidents, received

A_RUN = {"run_id": "a-run"}


class Watched:
    """A warehouse whose surges are published, and a subscriber to them who knows an id that comes twice."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        storage_client(settings).create_bucket(settings.lake_bucket)
        self._subscription = make_topic(settings, settings.surges_topic)
        self.seen: list[str] = []

    def run(self, sql: str) -> None:
        with closing(warehouse_client(self.settings)) as client:
            client.query_and_wait(sql.replace("crime.", f"{self.settings.dataset}."))

    def received(self) -> list[dict[str, Any]]:
        return received(self._subscription)

    def news(self) -> list[str]:
        """The ids that come for the first time."""
        came = list(dict.fromkeys(each["id"] for each in self.received()))
        new = [each for each in came if each not in self.seen]
        self.seen += new
        return new

    @property
    def note(self) -> Blob:
        return blob_at(self.settings, f"gs://{self.settings.lake_bucket}/{PUBLISHED}")


@pytest.fixture(scope="module")
def warehouse(cloud: Emulators) -> Settings:
    """The tables; each test fills them anew."""
    made = fresh_settings()
    set_up(made)
    return made


@pytest.fixture
def watched(warehouse: Settings) -> Iterator[Watched]:
    own = fresh_settings()
    found = Watched(
        Settings(
            warehouse.project,
            dataset=warehouse.dataset,
            lake_bucket=own.lake_bucket,
            surges_topic=own.surges_topic,
            retry_seconds=own.retry_seconds,
        )
    )
    yield found
    found.run("TRUNCATE TABLE crime.incidents")


def test_without_incidents_and_without_a_surge_nothing_is_published_nor_noted(watched: Watched) -> None:
    assert on_answers(A_RUN, watched.settings) == []
    watched.run(incidents(watched.settings, surge=(0, 0)))
    assert on_answers(A_RUN, watched.settings) == []
    assert watched.received() == []
    assert not watched.note.exists()


def test_a_surge_is_shown_and_published_once(watched: Watched) -> None:
    watched.run(incidents(watched.settings))
    (row,) = csv.DictReader(surges(watched.settings).splitlines())
    assert (row["day"], row["name"], row["rule"]) == (day(DAYS - 1), "Near North Side", "sudden")
    assert int(row["incidents"]) == MANY

    published = on_answers(A_RUN, watched.settings)
    assert [(each["id"], each["incidents"]) for each in published] == [(id_of(8, DAYS - 1), MANY)]
    assert [json.loads(line) for line in surges(watched.settings, "--kept").splitlines()] == published
    assert watched.received() == published, "looking leaves them there"
    again = surges(watched.settings, "--publish")
    assert again == f"0 surges published to {watched.settings.surges_topic}\n"
    assert watched.received() == []


def test_whatever_happens_in_between_a_subscriber_hears_of_each_surge_once(watched: Watched) -> None:
    watched.run(incidents(watched.settings))
    on_answers(A_RUN, watched.settings)
    assert watched.news() == [id_of(8, DAYS - 1)]

    # a process ends after it has published and before it has noted that
    watched.note.delete()
    repeated = on_answers(A_RUN, watched.settings)
    assert watched.received() == repeated
    assert [each["id"] for each in repeated] == watched.seen

    # answers of an earlier run are told of after incidents of days that it did not have
    watched.run(incidents(watched.settings, DAYS + 1, DAYS + 9, surge=(32, DAYS + 8)))
    on_answers({"run_id": "an-earlier-run"}, watched.settings)
    assert watched.news() == [id_of(32, DAYS + 8)]

    # the incidents of these days are deleted: the first surge is of the last week once more
    watched.run(f"DELETE FROM crime.incidents WHERE occurred_at >= '{day(DAYS + 1)}'")
    with closing(warehouse_client(watched.settings)) as client:
        found = look(client, watched.settings).found.records()
    assert [str(each["day"]) for each in found] == [day(DAYS - 1)]
    on_answers(A_RUN, watched.settings)
    assert watched.received() == []


def test_those_who_look_at_once_publish_under_one_id(watched: Watched) -> None:
    watched.run(incidents(watched.settings))

    def tell(_: int) -> bool:
        try:
            on_answers(A_RUN, watched.settings)
        except PreconditionFailed:  # another has noted its surges meanwhile; the message is delivered again
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert any(pool.map(tell, range(2)))
    messages = watched.received()
    assert messages
    assert all(each == messages[0] for each in messages)
    assert on_answers(A_RUN, watched.settings) == []


def test_messages_are_either_published_or_shown() -> None:
    done = CliRunner().invoke(cli, ["warehouse", "surges", "--publish", "--kept", "--project", "p"])
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --publish and --kept exclude each other; give one of them",
    )


def test_a_note_that_is_none_is_named(watched: Watched) -> None:
    watched.run(incidents(watched.settings, first=DAYS - 1))
    watched.note.upload_from_string("[1]")
    with pytest.raises(InputError, match=rf"{PUBLISHED}: is no list of published surges"):
        publish_surges(watched.settings)


@pytest.mark.parametrize("note", [b"{", b'{"2022-01-27-8-sudden": "soon"}', b'{"a": 1}', b"null", b"\xff"])
def test_so_is_any_other(note: bytes) -> None:
    with pytest.raises(InputError, match=r"^gs://lake/x: is no list of published surges.*; delete it$"):
        _noted(note, "gs://lake/x")


@pytest.mark.parametrize("message", [{}, {"run_id": 1}, {"run_id": "NO"}])
def test_a_message_that_is_none_of_ours_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"run_id|NO"):
        on_answers(message, fresh_settings())


def surges(settings: Settings, *arguments: str) -> str:
    """Return what `warehouse surges` prints."""
    done = CliRunner(env=settings.environment()).invoke(cli, ["warehouse", "surges", *arguments])
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout
