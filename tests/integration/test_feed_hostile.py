"""`feed poll` against servers that answer with anything but what was asked for."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from crime_pipelines.cloud.feed import api as http
from crime_pipelines.cloud.feed import poll as polling
from crime_pipelines.cloud.feed.poll import Polled, poll
from crime_pipelines.cloud.feed.watermark import Watermark, read_state
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import InputError, PipelineError

SETTINGS = Settings("p", retry_seconds=100)


class Hostile(ThreadingHTTPServer):
    """A server that answers each request as the next of its answers says, the last one again and again."""

    def __init__(self, *answers: Callable[[Request], None]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.answers, self.seen = list(answers), list[Request]()
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/resource/x.json"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on us is in its right."""


class Request(BaseHTTPRequestHandler):
    server: Hostile
    protocol_version = "HTTP/1.0"

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def do_GET(self) -> None:
        self.server.seen.append(self)
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def say(self, status: int, body: bytes, reason: str | None = None, **headers: str) -> None:
        self.send_response(status, reason)
        for name, text in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


Answer = Callable[[Request], None]


def says(status: int, body: bytes = b"", reason: str | None = None, **headers: str) -> Answer:
    return lambda request: request.say(status, body, reason, **headers)


def rows(*content: dict[str, Any] | str) -> Answer:
    """Rows, as objects or as the JSON text of them."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in content]
    return says(200, f"[{','.join(texts)}]".encode("utf-8", "surrogateescape"))


def row(number: int, moment: object = None, **fields: object) -> dict[str, Any]:
    at = f"2024-01-{number:02d}T00:00:00Z" if moment is None else moment
    return {":updated_at": at, ":id": f"row-{number}", "id": str(number), **fields}


@contextmanager
def serving(server: Hostile) -> Iterator[Hostile]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Messages by topic, in place of the emulator that the end-to-end test has."""
    found: dict[str, list[Any]] = {SETTINGS.feed_topic: [], SETTINGS.dead_letters_topic: []}

    def publish(settings: Settings, topic: str, payloads: list[bytes], department: str = "") -> int:
        found[topic].extend(json.loads(each) for each in payloads)
        return len(payloads)

    monkeypatch.setattr(polling, "publish_all", publish)
    return found


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, had there been time."""
    found: list[float] = []
    # in the module's own name alone: threads of other tests' servers sleep as well, and would spin
    clock = SimpleNamespace(sleep=found.append, monotonic=http.time.monotonic)
    monkeypatch.setattr(http, "time", clock)
    return found


Poll = Callable[..., Polled]


@pytest.fixture
def polled(published: dict[str, list[Any]], waits: list[float], tmp_path: Path) -> Poll:
    return lambda url, **options: poll(SETTINGS, str(tmp_path / "state"), url=url, **options)


FULL = [row(1), row(2)]
BOMB = gzip.compress(bytes(64 << 20))
REFUSED: dict[str, tuple[Answer, str]] = {
    "ignores $where": (rows(*FULL), "rows that were read before, or out of order"),
    "ignores $order": (rows(row(2), row(1)), "rows that were read before, or out of order"),
    "ignores $limit": (rows(row(1), row(2), row(3)), "3 rows where 2 were asked for"),
    "no time of update at all": (rows(row(1, 5), row(2, False)), "none of 2 rows has a valid :updated_at"),
    "no system fields": (rows({"id": "1"}), "rows of :updated_at and :id"),
    "an object": (says(200, b'{"rows": []}'), "does not answer with rows"),
    "numbers": (says(200, b"[1, 2]"), "does not answer with rows"),
    "a page for people": (says(200, b"<html>sign in\x1b]0;x\x07"), "something else than JSON: <html>sign in"),
    "a bomb": (says(200, BOMB, Content_Encoding="gzip"), "more than 16,7"),
    "an unknown packing": (says(200, b"x", Content_Encoding="br"), "packing br"),
    "400 with control characters": (
        says(400, b"no such\x1b[31m\r\ncolumn\x00\xe2\x80\xae", "Bad\x1b[2J"),
        r"400 Bad \[2J: no such \[31m column$",
    ),
    "401": (says(401), "401 Unauthorized$"),
    "204": (says(204), "204 No Content$"),
    "another host": (says(302, Location="https://example.org/x"), "redirects to https://example.org/x; name"),
    "another port": (says(307, Location="//127.0.0.1:9/x"), "redirects to http://127.0.0.1:9/x; name"),
    "another scheme": (says(301, Location="file:///etc/passwd"), "redirects to file:///etc/passwd; name"),
    "round and round": (says(301, Location="/resource/y.json"), "redirects without an end"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_server_that_answers_otherwise_is_refused_in_one_line(
    name: str, polled: Poll, published: dict[str, list[Any]], waits: list[float]
) -> None:
    answer, problem = REFUSED[name]
    with serving(Hostile(answer)) as server, pytest.raises(InputError, match=problem) as raised:
        polled(server.url, page_rows=2)
    assert str(raised.value).isprintable()
    assert waits == []
    assert len(published[SETTINGS.feed_topic]) <= 2, "no page is published again and again"


def test_pages_that_come_round_again_are_found(polled: Poll, published: dict[str, list[Any]]) -> None:
    # a bulk update gives every row the same time, which can't tell old from new
    same = "2024-01-01T00:00:00Z"
    pages = [rows(row(number, same), row(number + 1, same)) for number in (1, 3, 5)]
    server = Hostile(*(pages * 9))
    with serving(server), pytest.raises(InputError, match="read before"):
        polled(server.url, page_rows=2)
    assert len(published[SETTINGS.feed_topic]) <= 20


def cut(request: Request) -> None:
    request.say(200, b'[{"id": "1"', Content_Length="999")


def cut_packed(request: Request) -> None:
    request.say(200, gzip.compress(b"[]")[:-6], Content_Encoding="gzip")


def drops(request: Request) -> None:
    request.connection.close()


PASSING: dict[str, Answer] = {
    **{str(status): says(status) for status in (202, 408, 425, 429, 500, 502, 503, 504, 599)},
    "cut off": cut,
    "cut off, packed": cut_packed,
    "cut off, though complete": says(200, b'[{":id": "row-1", '),
    "packed badly": says(200, b"no gzip", Content_Encoding="gzip"),
    "packed badly, by zlib": says(200, zlib.compress(b"[]")[:4] + b"xxxx", Content_Encoding="deflate"),
    "empty": says(200),
    "hangs up": drops,
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_is_waited_out(name: str, polled: Poll, waits: list[float], tmp_path: Path) -> None:
    with serving(Hostile(PASSING[name], PASSING[name], rows(*FULL), rows())) as server:
        assert polled(server.url, page_rows=2).messages == 2
    assert waits == [1, 2]


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_does_not_pass_ends_the_poll(name: str, polled: Poll, waits: list[float]) -> None:
    with serving(Hostile(PASSING[name])) as server, pytest.raises(PipelineError, match="attempt 7") as raised:
        polled(server.url)
    assert not isinstance(raised.value, InputError)
    assert waits == [1, 2, 4, 8, 16, 32]


@pytest.mark.parametrize("asked", ["21600", "Fri, 31 Dec 2100 23:59:59 GMT", "9" * 400])
def test_a_server_that_asks_for_hours_is_left(asked: str, polled: Poll, waits: list[float]) -> None:
    server = Hostile(says(429, Retry_After=asked))
    problem = r"429 .*asks to wait [\d,]+ s; try again later"
    with serving(server), pytest.raises(PipelineError, match=problem):
        polled(server.url)
    assert waits == []


def test_waits_are_logged(polled: Poll, waits: list[float], caplog: pytest.LogCaptureFixture) -> None:
    busy = [says(503, Retry_After=after) for after in ("7", "soon", "Thu, 01 Jan 1970 00:00:00 GMT")]
    with serving(Hostile(*busy, rows())) as server:
        polled(server.url)
    assert waits == [7, 2, 0]
    assert "503 Service Unavailable; waiting 7 s" in caplog.text


@pytest.mark.parametrize("moment", ["9999-01-01T00:00:00Z", "2100-06-01T00:00:00.000-06:00"])
def test_a_row_from_the_future_is_passed_over_and_said(moment: str, polled: Poll, tmp_path: Path) -> None:
    with serving(Hostile(rows(row(1), row(2, moment)))) as server:
        done = polled(server.url, page_rows=2)
    assert done.messages == 1
    assert done.passed_over == {"dated later than now": 1}
    assert read_state(str(tmp_path / "state")) == Watermark("2024-01-01T00:00:00Z", "row-1")


@pytest.mark.parametrize("moment", [None, 5, 1.5, True, {}, "soon", "0000-01-01T00:00:00Z", "٢٠٢٤-01-01"])
def test_a_row_without_a_time_of_update_is_passed_over_and_said(moment: object, polled: Poll) -> None:
    undated = {**row(2), ":updated_at": moment}
    with serving(Hostile(rows(row(1), undated), rows())) as server:
        done = polled(server.url, page_rows=2)
    assert (done.messages, done.passed_over) == (1, {"without a time of update": 1})


UNSENDABLE = {
    "a lone surrogate": '{%s, "block": "\\ud800"}',
    "bytes that are not UTF-8": '{%s, "block": "\udcff"}',
    "no number": '{%s, "beat": NaN}',
    "an infinite number": '{%s, "beat": 1e999}',
    "a key twice": '{%s, "id": "3"}',
    "a key twice, deeper": '{%s, "location": [{"a": 1, "a": 2}]}',
    "too long": f'{{%s, "block": "{"x" * 10_000_000}"}}',
}


@pytest.mark.parametrize("name", UNSENDABLE)
def test_a_row_that_no_message_holds_is_a_dead_letter(
    name: str, polled: Poll, published: dict[str, list[Any]], tmp_path: Path
) -> None:
    bad = UNSENDABLE[name] % json.dumps(row(2))[1:-1]
    with serving(Hostile(rows(row(1), bad, row(3)))) as server:
        done = polled(server.url)
    assert (done.messages, done.dead) == (2, 1)
    assert [each["id"] for each in published[SETTINGS.feed_topic]] == ["1", "3"]
    (letter,) = published[SETTINGS.dead_letters_topic]
    assert letter["row"] == "row-2"
    assert letter["error"].startswith("the row can't be sent: ")
    assert len(json.dumps(letter)) < 10_000
    assert read_state(str(tmp_path / "state")) == Watermark("2024-01-03T00:00:00Z", "row-3")


@pytest.mark.parametrize("content", [f'"{"x" * (30 << 20)}"', "[" * 100_000 + "]" * 100_000])
def test_a_row_that_can_t_be_read_is_passed_by(
    content: str, polled: Poll, published: dict[str, list[Any]]
) -> None:
    kept = {number: json.dumps(row(number)) for number in range(1, 9)}
    kept[6] = f'{kept[6][:-1]}, "block": {content}}}'

    def answer(request: Request) -> None:
        after = request.query.get("$where", ":id > 'row-0'").rpartition("row-")[2]
        found = [text for number, text in kept.items() if number > int(after[:1])]
        if request.query["$select"] == ":updated_at,:id":
            found = [json.dumps({name: row(6)[name] for name in (":updated_at", ":id")})]
        rows(*found[: int(request.query["$limit"])])(request)

    with serving(Hostile(answer)) as server:
        done = polled(server.url, page_rows=8)
    assert (done.messages, done.dead) == (7, 1)
    assert [each["id"] for each in published[SETTINGS.feed_topic]] == ["1", "2", "3", "4", "5", "7", "8"]
    assert published[SETTINGS.dead_letters_topic][0]["row"] == "row-6"


def test_the_time_of_a_reply_is_bounded(polled: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_REPLY_SECONDS", 0)
    over = threading.Event()

    def drips(request: Request) -> None:
        request.say(200, b"", Content_Length="99")
        request.wfile.write(b"[")
        over.wait()

    with serving(Hostile(drips)) as server:
        try:
            with pytest.raises(PipelineError, match="takes longer than 0 s"):
                polled(server.url)
        finally:
            over.set()


@pytest.mark.parametrize(
    "state",
    ['{"updated_at": "9999-01-01T00:00:00Z"}', '{"updated_at": null}', '{"updated_at": 5}', "[" * 9999],
)
def test_a_state_that_would_end_every_poll_is_said(state: str, polled: Poll, tmp_path: Path) -> None:
    (tmp_path / "state").write_text(state)
    with pytest.raises(InputError, match=r"state: is no state of a feed.*delete it and give --since"):
        polled("http://127.0.0.1:9/x.json")


@pytest.mark.parametrize("url", ["http://example.org/x.json", "ftp://127.0.0.1/x", "x.json", "https:///x"])
def test_the_resource_is_named_by_https(url: str, polled: Poll) -> None:
    with pytest.raises(InputError, match="name the resource by https://"):
        polled(url)


def test_the_token_goes_to_the_host_that_was_named_over_https_alone(
    polled: Poll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    from crime_pipelines.localcloud.tls import make_certificate

    made = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)
    monkeypatch.setenv("SOCRATA_APP_TOKEN", "secret")
    with serving(Hostile(rows())) as other:
        safe = Hostile(says(302, Location="/elsewhere.json"), rows(), says(302, Location=other.url))
        safe.scheme, safe.socket = "https", context.wrap_socket(safe.socket, server_side=True)
        with serving(safe):
            with pytest.raises(PipelineError, match="is not who it says"):
                polled(safe.url)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.certificate))
            assert polled(safe.url).messages == 0
            assert [each.headers["X-App-Token"] for each in safe.seen] == ["secret", "secret"]
            with pytest.raises(InputError, match="redirects to"):
                polled(safe.url)
        assert other.seen == []
        polled(other.url)
        assert [each.headers["X-App-Token"] for each in other.seen] == [None]
