"""`feed reconcile` over BigQuery's and Pub/Sub's protocols: what the API lacks becomes tombstones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from crime_pipelines.cloud.clients import subscriber, warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.domain.messages import read_message
from crime_pipelines.domain.reading import Incident
from crime_pipelines.localcloud.emulators import Emulators
from tests.cloud.local import fresh_settings, make_topic
from tests.integration.test_feed_hostile import Hostile, Request, rows, serving

#: Ids and times of update of the incidents in the warehouse, shifted.
KNOWN = {1: "2027-02-28 12:00:00", 2: None, 3: "2024-02-29 00:00:00", 4: "2027-01-01 00:00:00", 90: None}


def answering(ids: list[str], later: tuple[str, ...] = ()) -> Hostile:
    """An API of these rows; `later` ones are found by their id alone, as rows that moved meanwhile."""

    def answer(request: Request) -> None:
        query = request.query
        if "id" in query:
            found = [{"id": number} for number in (*ids, *later) if number == query["id"]]
        else:
            after = query.get("$where", "'row-'").rpartition("'row-")[2].rstrip("'")
            found = [{":id": f"row-{number}", "id": number} for number in sorted(ids) if number > after]
        rows(*found[: int(query["$limit"])])(request)

    return Hostile(answer)


def called(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("crime-pipelines"), "feed", "reconcile", *arguments],
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_withdrawn_incidents_become_tombstones(cloud: Emulators) -> None:
    settings = fresh_settings()
    set_up(settings)
    with closing(warehouse_client(settings)) as client:
        moments = {number: f"DATETIME '{text}'" if text else "NULL" for number, text in KNOWN.items()}
        values = ", ".join(
            f"({number}, DATETIME '2025-01-01 00:00:00', FALSE, {moment}, 'r', 'a', CURRENT_TIMESTAMP())"
            for number, moment in moments.items()
        )
        client.query(
            f"INSERT INTO `{settings.dataset}`.`incident_versions` "
            f"(id, occurred_at, arrest, updated_on, run_id, attempt, loaded_at) VALUES {values}"
        ).result()
    path = make_topic(settings, settings.feed_topic)
    with subscriber() as pull:
        with serving(answering(["4", "5", "seven"], later=("90",))) as api:
            looked = called(settings, "--url", api.url, "--dry-run")
            assert (looked.returncode, looked.stdout) == (0, "1\n2\n3\n"), looked.stderr
            refused = called(settings, "--url", api.url, "--most", "3")
            assert refused.returncode == 2
            assert "lacks 4 of 5 incidents of the warehouse, more than 3; nothing was" in refused.stderr
            done = called(settings, "--url", api.url)
        assert done.stdout == (
            "5 incidents in the warehouse, 2 in the API; "
            f"3 withdrawn: tombstones published to {settings.feed_topic}\n"
        ), done.stderr
        sent: list[dict[str, Any]] = []
        while len(sent) < 3:
            got = pull.pull(subscription=path, max_messages=10).received_messages
            assert all(dict(each.message.attributes) == {"department": "chicago"} for each in got)
            sent += [json.loads(each.message.data) for each in got]
    assert sorted(each["id"] for each in sent) == ["1", "2", "3"]
    assert all(each["deleted"] is True for each in sent)
    for tombstone in sent:
        # the reader shifts its time to that of the version that it deletes, or to a later one
        whole = {**tombstone, "date": "2024-01-01T00:00:00", "arrest": "false", "deleted": False}
        read = read_message(json.dumps(whole).encode(), settings.shift_years)
        assert isinstance(read, Incident)
        assert str(read.updated_on) >= (KNOWN[read.id] or "")


def test_an_api_that_goes_in_circles_is_refused(tmp_path: Path) -> None:
    from crime_pipelines.cloud.feed.api import Api
    from crime_pipelines.cloud.feed.reconcile import _pages
    from crime_pipelines.errors import InputError

    circle = [rows({":id": f"row-{number}", "id": number}) for number in (1, 2, 3)]
    problem = pytest.raises(InputError, match="rows that were read before")
    with serving(Hostile(*circle * 5)) as server, Api(server.url, 1) as api, problem:
        list(_pages(api, "id", 1))


def test_ids_are_asked_for_by_the_name_that_the_department_gives_them() -> None:
    from crime_pipelines.cloud.feed.api import Api
    from crime_pipelines.cloud.feed.reconcile import _has, _pages
    from crime_pipelines.cloud.feed.resource import id_column
    from crime_pipelines.layouts import BUNDLED, bundled

    assert [id_column(bundled(name)) for name in BUNDLED] == [
        "id", "id", "cmplnt_num", "dr_no", "incident_number",
    ]  # fmt: skip
    hostile = Hostile(rows({":id": "row-1", "dr_no": "7"}), rows({"dr_no": "7"}), rows())
    with serving(hostile) as server, Api(server.url, 1) as api:
        (ids,) = _pages(api, "dr_no", 5)
        assert ids.tolist() == [7]
        assert _has(api, "dr_no", 7)
        assert not _has(api, "dr_no", 8)
