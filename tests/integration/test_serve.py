"""The dashboard's server: names, forms, methods, and browsers that leave or stay without a word."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

import crime_pipelines
from tests.forked import PROGRAM
from tests.waiting import PATIENCE


class Serving:
    """`crime-pipelines serve` in a process of its own."""

    def __init__(self, out: Path, *arguments: str) -> None:
        self.out = out
        self.process = subprocess.Popen(
            [*PROGRAM, "serve", str(out), "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.match(r"http://(\S+):(\d+)/ \(stop with Ctrl-C\)", self.said)
        assert found, self.said
        self.host, self.port = found[1], int(found[2])

    def ask(
        self, path: str, host: str = "localhost", method: str = "GET", encoding: str = ""
    ) -> tuple[int, bytes, dict[str, str]]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, headers={"Host": host, "Accept-Encoding": encoding})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        return errors


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    made = crime_pipelines.generate(folder / "in.csv", 500)
    return crime_pipelines.run(made.path, folder / "out").out


@pytest.fixture(scope="module")
def serving(out: Path) -> Iterator[Serving]:
    found = Serving(out, "--host", "0.0.0.0", "--name", "Crimes.example")
    try:
        yield found
    finally:
        found.process.kill()
        found.process.communicate()


def test_names_of_this_machine_are_served_and_no_others(serving: Serving) -> None:
    assert serving.host == "localhost"
    for host in (
        "localhost",
        "127.0.0.1:1",
        "[::1]",
        socket.gethostname().upper(),
        "crimes.example",
        "10.1.2.3",
    ):
        assert serving.ask("/state", host)[0] == 200, host
    for host in ("evil.example", "localhost.evil.example", "", "[", "a b"):
        assert serving.ask("/state", host)[0] in (400, 421), host


def test_answers_are_served_as_json(serving: Serving) -> None:
    status, body, headers = serving.ask("/answers.json")
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    found = json.loads(body)
    assert set(found["answers"]) == {each.stem for each in (serving.out / "answers").iterdir()}
    one = json.loads(serving.ask("/answers/crime_trend.json")[1])
    assert one["rows"] == found["answers"]["crime_trend"]["rows"]
    assert one["question"] == "Is crime rising or falling?"
    assert {each["name"] for each in one["columns"]} == set(one["rows"][0])
    for path in (
        "/answers/none.json",
        "/run.json",
        "/../run.json",
        "/answers/../../run.json",
        "/%2e%2e/run.json",
    ):
        assert serving.ask(path)[0] == 404, path


def test_what_is_large_is_packed_where_the_browser_takes_it(serving: Serving) -> None:
    plain = serving.ask("/")
    packed = serving.ask("/", encoding="gzip, br")
    assert packed[2]["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed[1]) == plain[1]
    assert len(packed[1]) < len(plain[1]) / 2
    head = serving.ask("/", method="HEAD")
    assert (head[0], head[1], head[2]["Content-Length"]) == (200, b"", str(len(plain[1])))
    assert serving.ask("/", method="POST")[0] == 405
    assert serving.ask("/" + "x" * 20_000)[0] in (400, 431)


def test_browsers_that_leave_and_idle_connections_cost_little(serving: Serving) -> None:
    before = psutil.Process(serving.process.pid).num_threads()
    idle = [socket.create_connection(("127.0.0.1", serving.port)) for _ in range(60)]
    for _ in range(40):
        with socket.create_connection(("127.0.0.1", serving.port)) as leaving:
            leaving.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert serving.ask("/state")[0] == 200
    assert psutil.Process(serving.process.pid).num_threads() == before
    for each in idle:
        each.close()
    assert serving.ask("/state")[0] == 200


def test_says_when_it_is_up_and_leaves_quietly(serving: Serving) -> None:
    assert serving.stop() == f"Making the report of {serving.out} ...\nStopped.\n"


def test_a_port_that_is_taken_is_one_line(out: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = subprocess.run(
            [*PROGRAM, "serve", str(out), "--quiet", "--port", str(taken.getsockname()[1])],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ran.returncode == 2
    assert re.fullmatch(
        r"Error: 127\.0\.0\.1:\d+: can't listen there \(.*\); choose another --port\n", ran.stderr
    )
