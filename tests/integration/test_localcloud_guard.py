"""The local cloud is nobody else's: requests as a page in a browser, or another user, would send them."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from urllib.parse import urlsplit

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

import grpc
import psutil
from google.api_core.exceptions import NotFound

from crime_pipelines.cloud.clients import publisher, storage_client, subscriber, topic_path, warehouse_client
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.localcloud.cloud import _MAIN
from crime_pipelines.localcloud.dataproc.endpoint import Endpoint, serving
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.localcloud.faults import FILE, Fault
from crime_pipelines.localcloud.processes import Server
from crime_pipelines.localcloud.tls import make_certificate
from tests.cloud.local import PROJECT, stores
from tests.waiting import PATIENCE, eventually

SETTINGS = Settings(PROJECT, retry_seconds=10)
CODE, JOB = "code", "jobs/job_parquet.py"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    before = os.umask(0)  # whatever the user's is
    try:
        with stores(tmp_path_factory.mktemp("cloud")) as emulators:
            bucket = storage_client(SETTINGS).create_bucket(CODE)
            bucket.blob(JOB).upload_from_string(b"ours")
            yield emulators
    finally:
        os.umask(before)


def sent(cloud: Emulators, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
    """A request as it stands: the status, and what the response lets a page read."""
    at = urlsplit(cloud.url("storage"))
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=PATIENCE)
    try:
        own = {"Host": at.netloc, **{name.replace("_", "-"): text for name, text in headers.items()}}
        connection.putrequest(method, path, skip_host=True)
        for name, text in {**own, "Content-Length": str(len(body))}.items():
            connection.putheader(name, text)
        connection.endheaders(body)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers.get("Access-Control-Allow-Origin", "")
    finally:
        connection.close()


UPLOAD = f"upload/storage/v1/b/{CODE}/o?uploadType=media&name={JOB}"
PAGE = {"Origin": "https://example.org", "Content_Type": "text/plain"}
#: The token is what an attacker would have to guess; with {token}, what he can't do even then.
ATTACKS = {
    "a page that posts": ("POST", f"/storage/{UPLOAD}", PAGE),
    "a page that posts to the address of before": ("POST", f"/{UPLOAD}", PAGE),
    "a page that guesses": ("POST", f"/{'0' * 32}/storage/{UPLOAD}", PAGE),
    "a page that knows the token": ("POST", f"/{{token}}/storage/{UPLOAD}", PAGE),
    "a page that asks first": ("OPTIONS", f"/{{token}}/storage/{UPLOAD}", PAGE),
    "a page that rebinds its name": ("POST", f"/{{token}}/storage/{UPLOAD}", {"Host": "example.org:80"}),
    "a link in a page": (
        "GET",
        f"/{{token}}/storage/storage/v1/b/{CODE}/o",
        {"Sec_Fetch_Site": "cross-site"},
    ),
    "another user": ("POST", f"/storage/{UPLOAD}", {}),
    "another user who reads": ("GET", f"/storage/storage/v1/b/{CODE}/o", {}),
    "another user who asks BigQuery": ("GET", f"/bigquery/bigquery/v2/projects/{PROJECT}/datasets", {}),
    "another user by the header": ("POST", f"/{UPLOAD}", {"X_Crime_Pipelines_Token": "0" * 32}),
    "another folder's socket": ("GET", "/{token}/..%2fstorage/storage/v1/b", {}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_requests_of_others_are_refused(name: str, cloud: Emulators) -> None:
    method, path, headers = ATTACKS[name]
    status, allowed = sent(cloud, method, path.format(token=cloud.token), b"theirs", **headers)
    assert (status, allowed) == (403, "")
    assert storage_client(SETTINGS).bucket(CODE).blob(JOB).download_as_bytes() == b"ours"


def test_responses_allow_no_page_to_read_them(cloud: Emulators) -> None:
    path = urlsplit(cloud.url("storage")).path
    assert sent(cloud, "GET", f"{path}/storage/v1/b/{CODE}/o") == (200, "")


def test_clients_are_let_in_by_the_address_alone(cloud: Emulators) -> None:
    bucket = storage_client(SETTINGS).bucket(CODE)
    large = os.urandom(9 << 20)  # in more than one request
    blob = bucket.blob("a b/ü%2F?.bin", chunk_size=1 << 20)
    blob.upload_from_string(large)
    assert bucket.get_blob(blob.name).download_as_bytes() == large  # by the link in its description
    assert {each.name: each.download_as_bytes() for each in bucket.list_blobs(prefix="a b/")} == {
        blob.name: large
    }
    link = b'["http://127.0.0.1:%d/x"]' % (urlsplit(cloud.url("storage")).port or 0)
    bucket.blob("links.json").upload_from_string(link, content_type="application/json")
    assert bucket.get_blob("links.json").download_as_bytes() == link
    with pytest.raises(NotFound):
        bucket.blob("nothing").download_as_bytes()
    client = warehouse_client(SETTINGS)
    assert [tuple(row) for row in client.query("SELECT 1").result()] == [(1,)]
    client.close()


def test_a_packed_request_goes_on_as_it_came(cloud: Emulators) -> None:
    # as Java's client packs what it sends
    body = gzip.compress(json.dumps({"name": "packed"}).encode())
    path = f"{urlsplit(cloud.url('storage')).path}/storage/v1/b?project={PROJECT}"
    headers = {"Content_Encoding": "gzip", "Content_Type": "application/json"}
    assert sent(cloud, "POST", path, body, **headers)[0] in (200, 400)


def test_no_port_is_open_but_those_that_ask_for_the_token(cloud: Emulators) -> None:
    if "no network of its own" in "".join(server.log.read_text() for server in cloud.servers):
        pytest.skip("this system lets no user make a network of his own")
    ports = {
        urlsplit(cloud.url("storage")).port,
        int(cloud.endpoints["BigQuery storage (gRPC, TLS)"][-5:].lstrip(":")),
    }
    open_here = set()
    for server in cloud.servers:
        process = psutil.Process(server.pid)
        for each in (process, *process.children(recursive=True)):
            if Path(f"/proc/{each.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
                open_here |= {at.laddr.port for at in each.net_connections("tcp") if at.status == "LISTEN"}
    assert open_here == ports


def test_bigquery_by_grpc_asks_for_the_token(cloud: Emulators) -> None:
    certificate = (Path(cloud.servers[0].log).parents[1] / "certificate.pem").read_bytes()
    address = cloud.endpoints["BigQuery storage (gRPC, TLS)"]

    def called(*metadata: tuple[str, str]) -> grpc.StatusCode:
        with grpc.secure_channel(address, grpc.ssl_channel_credentials(certificate)) as channel:
            call = channel.unary_unary("/google.cloud.bigquery.storage.v1.BigQueryWrite/GetWriteStream")
            with pytest.raises(grpc.RpcError) as raised:
                call(b"", metadata=metadata, timeout=PATIENCE)
            return raised.value.code()

    assert called() is grpc.StatusCode.UNAUTHENTICATED
    assert called(("authorization", "Bearer guess")) is grpc.StatusCode.UNAUTHENTICATED
    assert called(("authorization", f"Bearer {cloud.token}")) is not grpc.StatusCode.UNAUTHENTICATED


def test_functions_are_behind_the_guard(cloud: Emulators, tmp_path: Path) -> None:
    path = cloud.sockets / "start_processing_http.sock"
    command = [sys.executable, "-m", "crime_pipelines.localcloud.guard.function", str(_MAIN)]
    environment = {**SETTINGS.environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
    server = Server(
        *("function", [*command, "start_processing_http", "http", str(path)]),
        *(tmp_path / "function.log", environment),
    )
    try:
        server.answers(f"{cloud.url('start_processing_http')}/favicon.ico")
        assert sent(cloud, "POST", "/start_processing_http/", b"{}", **PAGE)[0] == 403
        assert sent(cloud, "POST", f"/{cloud.token}/start_processing_http/", b"{}")[0] == 400
        assert psutil.Process(server.pid).net_connections("tcp") == []
    finally:
        server.end()


class Hooks(ThreadingUnixStreamServer):
    """A function's place: notes what is delivered."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Hook)
        self.seen: list[str] = []


class Hook(BaseHTTPRequestHandler):
    server: Hooks

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"]
        self.server.seen.append(base64.b64decode(message["data"]).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass

    def address_string(self) -> str:
        return "guard"


class LeavingHook(Hook):
    """Says that it keeps the connection, and leaves when it is used again."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        super().do_POST()
        self.wfile.flush()
        self.rfile.read(1)  # of the next request
        self.close_connection = True

    def end_headers(self) -> None:
        self.send_header("Content-Length", "0")
        super().end_headers()


def test_a_message_is_delivered_where_a_kept_connection_would_have_ended(cloud: Emulators) -> None:
    at = urlsplit(cloud.url("leaving"))
    body = json.dumps({"message": {"data": base64.b64encode(b"hello").decode()}})
    with Hooks(cloud.sockets / "leaving.sock") as hooks:
        hooks.RequestHandlerClass = LeavingHook
        thread = threading.Thread(target=hooks.serve_forever, args=[0.01])
        thread.start()
        try:
            statuses: list[int] = []
            for _ in range(3):
                connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=PATIENCE)
                connection.request("POST", f"{at.path}/", body)
                statuses.append(connection.getresponse().status)
                connection.close()
            assert (statuses, hooks.seen) == ([204] * 3, ["hello"] * 3)
        finally:
            hooks.shutdown()
            thread.join()


def test_messages_come_late_twice_and_to_a_busy_function_on_request(cloud: Emulators) -> None:
    with Hooks(cloud.sockets / "hook.sock") as hooks:
        thread = threading.Thread(target=hooks.serve_forever, args=[0.01])
        thread.start()
        try:
            topics = publisher()
            topic, dead = (topic_path(SETTINGS, name) for name in ("pushed", "pushed-dead"))
            for name in (topic, dead):
                topics.create_topic(name=name)
            with subscriber() as client:
                client.create_subscription(
                    request={
                        "name": f"projects/{PROJECT}/subscriptions/pushed",
                        "topic": topic,
                        "push_config": {"push_endpoint": f"{cloud.url('hook')}/"},
                        "dead_letter_policy": {"dead_letter_topic": dead, "max_delivery_attempts": 5},
                    }
                )
                letters = f"projects/{PROJECT}/subscriptions/pushed-dead"
                client.create_subscription(name=letters, topic=dead)

                def sends(text: str) -> None:
                    topics.publish(topic, text.encode()).result(timeout=PATIENCE)

                sends("one")
                eventually(lambda: hooks.seen == ["one"])
                cloud.faults.ask_for(Fault.TWICE, 1)
                sends("two")
                eventually(lambda: hooks.seen == ["one", "two", "two"])
                cloud.faults.ask_for(Fault.LATE, 1)
                sends("three")
                noted = cloud.sockets / FILE
                eventually(lambda: json.loads(noted.read_text())["late"] == 0)
                sends("four")
                eventually(lambda: hooks.seen[3:] == ["four", "three"])
                # 429 is a failed delivery: as often as the subscription allows, and the message is dead
                cloud.faults.ask_for(Fault.BUSY, 5)
                sends("five")
                (letter,) = client.pull(subscription=letters, max_messages=1).received_messages
                assert letter.message.data == b"five"
                assert "five" not in hooks.seen
        finally:
            topics.stop()
            hooks.shutdown()
            thread.join()


def test_dataproc_is_a_socket(cloud: Emulators) -> None:
    with serving(Endpoint(), f"unix:{cloud.sockets / 'dataproc.sock'}") as address:
        client = Dataproc(Settings(PROJECT, dataproc_endpoint=address, retry_seconds=10))
        try:
            assert client.put_templates()
        finally:
            client.close()


def test_files_are_their_users_alone(cloud: Emulators) -> None:
    folder = Path(cloud.servers[0].log).parents[1]
    for each in (folder, cloud.sockets):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    data = [path for path in (folder / "gs").rglob("*") if path.is_file()]
    assert data
    for path in (*data, folder / "key.pem"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_key_is_its_users_alone_whatever_the_folder(tmp_path: Path) -> None:
    (tmp_path / "key.pem").touch(mode=0o644)
    before = os.umask(0)
    try:
        assert stat.S_IMODE(make_certificate(tmp_path).key.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_what_duckdb_spills_is_its_users_alone() -> None:
    from crime_pipelines.support.duckdb_connection import connect

    before = os.umask(0)
    try:
        with connect() as connection:
            connection.execute("SET memory_limit = '60MB'; SET threads = 1")
            folder = Path(connection.execute("SELECT current_setting('temp_directory')").fetchone()[0])
            seen: list[Path] = []
            over = threading.Event()

            def look() -> None:
                while not over.is_set() and not seen:
                    seen.extend(path for path in folder.rglob("*") if path.is_file())

            looking = threading.Thread(target=look)
            looking.start()
            connection.execute(
                "CREATE TABLE t AS SELECT range AS a, md5(range::TEXT) AS b FROM range(2000000)"
            )
            over.set()
            looking.join()
        assert seen, "it was to spill"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(before)
