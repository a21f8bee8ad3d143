"""`feed poll` over HTTP and Pub/Sub: incremental, page by page, resumed, polite."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from crime_pipelines.cloud.feed import poll as polling
from crime_pipelines.cloud.feed.poll import poll
from crime_pipelines.cloud.feed.watermark import Watermark, read_state, write_state
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import InputError
from tests.cloud.processes import storage_server

WHERE = re.compile(
    r":updated_at > '(?P<moment>[^']*)' OR \(:updated_at = '(?P=moment)' AND :id > '(?P<row>[^']*)'\)"
)


class Api(ThreadingHTTPServer):
    """The API as far as it is asked: rows in order, from a watermark on, a page at a time."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rows = rows
        self.asked: list[dict[str, list[str]]] = []
        self.busy = 0
        self.refuses = False
        self.plain = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/resource/x.json"


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.asked.append(query)
        if self.server.busy:
            self.server.busy -= 1
            self._say(429, {"message": "slow down"}, {"Retry-After": "0"})
            return
        if self.server.refuses:
            self._say(400, {"message": "query.soql.no-such-column"}, {})
            return
        if self.server.plain:
            self._say(200, [{"id": "1"}], {})
            return
        rows = sorted(self.server.rows, key=lambda row: (row[":updated_at"], row[":id"]))
        if "$where" in query:
            found = WHERE.fullmatch(query["$where"][0])
            assert found, query["$where"]
            after = (found["moment"], found["row"])
            rows = [row for row in rows if (row[":updated_at"], row[":id"]) > after]
        self._say(200, rows[: int(query["$limit"][0])], {})

    def _say(self, status: int, content: object, headers: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(rows: list[dict[str, Any]]) -> Iterator[Api]:
    with Api(rows) as api:
        thread = threading.Thread(target=api.serve_forever, args=[0.01])
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()


def rows_of(numbers: range) -> list[dict[str, Any]]:
    # three rows share each moment: a page may end between them
    return [
        {":updated_at": f"2024-01-{1 + at // 3:02d}T00:00:00Z", ":id": f"row-{at:04d}", "id": str(at)}
        for at in numbers
    ]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What reaches Pub/Sub, in place of the emulator that the end-to-end test has."""
    found: list[dict[str, Any]] = []

    def publish(settings: Settings, topic: str, payloads: list[bytes], department: str = "") -> int:
        found.extend(json.loads(each) for each in payloads)
        return len(payloads)

    monkeypatch.setattr(polling, "publish_all", publish)
    return found


SETTINGS = Settings("p")


def test_only_what_is_new_is_published(published: list[dict[str, Any]], tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    with serving(rows_of(range(10))) as api:
        first = poll(SETTINGS, state, url=api.url, page_rows=4)
        assert (first.messages, first.pages) == (10, 3)
        assert published == [{"id": str(at)} for at in range(10)]
        api.rows += rows_of(range(10, 13))
        again = poll(SETTINGS, state, url=api.url, page_rows=4)
        assert again.messages == 3
        assert poll(SETTINGS, state, url=api.url, page_rows=4).messages == 0
    assert [each["id"] for each in published] == [str(at) for at in range(13)]
    assert read_state(state) == Watermark("2024-01-05T00:00:00Z", "row-0012")


def test_a_poll_that_is_killed_goes_on_where_it_was(
    published: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = str(tmp_path / "state.json")
    with serving(rows_of(range(9))) as api:
        poll(SETTINGS, state, url=api.url, page_rows=4, most_pages=1)
        with monkeypatch.context() as patch:
            patch.setattr(polling, "write_state", lambda state, watermark: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                poll(SETTINGS, state, url=api.url, page_rows=4)
        poll(SETTINGS, state, url=api.url, page_rows=4)
    # nothing is lost; the page whose watermark was not kept came twice
    assert [int(each["id"]) for each in published] == [0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 8]


def test_it_waits_when_told_to(published: list[dict[str, Any]], tmp_path: Path) -> None:
    with serving(rows_of(range(2))) as api:
        api.busy = 2
        assert poll(SETTINGS, str(tmp_path / "state"), url=api.url).messages == 2
        assert len(api.asked) == 3


def test_since_is_where_it_begins(published: list[dict[str, Any]], tmp_path: Path) -> None:
    with serving(rows_of(range(9))) as api:
        assert poll(SETTINGS, str(tmp_path / "s"), url=api.url, since="2024-01-02T00:00:00Z").messages == 6


def test_what_goes_wrong_is_one_line(published: list[dict[str, Any]], tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(rows_of(range(1))) as api:
        api.refuses = True
        with pytest.raises(InputError, match=r"400 Bad Request.*no-such-column"):
            poll(SETTINGS, str(state), url=api.url)
        api.refuses = False
        api.plain = True  # a resource that knows no system fields
        with pytest.raises(InputError, match="does not answer with rows of :updated_at and :id"):
            poll(SETTINGS, str(state), url=api.url)
    state.write_text("[]")
    with pytest.raises(InputError, match="is no state of a feed"):
        poll(SETTINGS, str(state), url="http://127.0.0.1:9/")
    state.unlink()
    assert published == []
    assert not state.exists()


def test_the_state_survives_a_crash_while_it_is_written(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    write_state(state, Watermark("2024-01-01", "b"))
    write_state(state, Watermark("2024-01-02", "d"))
    assert read_state(state) == Watermark("2024-01-02", "d")
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


def test_the_function_keeps_its_watermark_in_the_lake(
    published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from google.cloud.storage import Client

    from crime_pipelines.cloud.clients import STORAGE_EMULATOR, storage_client
    from crime_pipelines.cloud.functions.feed import on_tick

    with storage_server() as storage, serving(rows_of(range(5))) as api:
        monkeypatch.setenv(STORAGE_EMULATOR, storage)
        settings = Settings("p", lake_bucket="lake", feed_url=api.url)
        client: Client = storage_client(settings)
        client.create_bucket("lake")
        assert on_tick(settings).messages == 5
        kept = json.loads(client.bucket("lake").blob("feed/watermark.json").download_as_bytes())
        assert kept == {"updated_at": "2024-01-02T00:00:00Z", "row": "row-0004"}
        assert on_tick(settings).messages == 0
        client.close()


def test_a_department_without_a_time_of_update_has_that_of_publication(
    published: list[dict[str, Any]], tmp_path: Path
) -> None:
    new_york = replace(SETTINGS, layout="new_york")
    with serving(rows_of(range(2))) as api:
        assert poll(new_york, str(tmp_path / "state.json"), url=api.url).messages == 2
    assert published[0] == {"id": "0", ":updated_at": "2024-01-01T00:00:00Z"}


def test_where_another_department_s_incidents_come_from_must_be_named(tmp_path: Path) -> None:
    for settings, says in (
        (replace(SETTINGS, layout="los_angeles"), "come from is not known; .* --url or CRIME_FEED_URL"),
        (replace(SETTINGS, layout="atlantis"), "layout 'atlantis': is not known"),
    ):
        with pytest.raises(InputError, match=says):
            poll(settings, str(tmp_path / "state.json"))
    assert list(tmp_path.iterdir()) == []
