"""Everyday use of the command line: settings, quiet and dry runs, notifications, pipes, completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from crime_pipelines.synthetic import generate
from tests.forked import CODE, PROGRAM, call
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("small") / "small.csv.gz", 2_000, seed=3, defects=0.02).path


@pytest.fixture(scope="module")
def out(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "out"
    assert call("run", small, "--out", folder).returncode == 0
    return folder


def test_options_come_before_variables_and_those_before_the_file(small: Path, tmp_path: Path) -> None:
    (tmp_path / "crime-pipelines.toml").write_text('[run]\nengine = "a"\nout = "made"\n', encoding="utf-8")
    (tmp_path / "below").mkdir()

    def engine_of(*arguments: str, **variables: str) -> str:
        ran = call("run", small, *arguments, cwd=tmp_path / "below", **variables)
        assert ran.returncode == 2
        return ran.stderr.partition("unknown engine '")[2][:1]

    assert engine_of() == "a"
    assert engine_of(CRIME_PIPELINES_RUN_ENGINE="b") == "b"
    assert engine_of("--engine", "c", CRIME_PIPELINES_RUN_ENGINE="b") == "c"
    named = tmp_path / "other.toml"
    named.write_text('[run]\nengine = "d"\nout = "made"\n', encoding="utf-8")
    assert engine_of("--config", str(named)) == "d"
    assert engine_of(CRIME_PIPELINES_CONFIG=str(named)) == "d"


def test_options_of_every_command_may_stand_behind_it(small: Path, tmp_path: Path) -> None:
    ran = call("run", small, "--out", tmp_path / "out", "--log-format", "json")
    assert ran.returncode == 0
    entries = [json.loads(line) for line in ran.stderr.splitlines()]
    assert {(each["source"], each["output"]) for each in entries} == {(str(small), str(tmp_path / "out"))}
    stages = [each["stage"] for each in entries if "stage" in each]
    assert stages == ["look", "read", "answer", "report", "publish"]
    both = call("check", "-q", tmp_path / "out", "--verbose")
    assert (both.returncode, both.stderr.splitlines()[-1]) == (
        2,
        "Error: --quiet and --verbose exclude each other",
    )


def test_quiet_prints_what_is_wrong_alone(small: Path, tmp_path: Path) -> None:
    ran = call("run", small, "--out", tmp_path / "out", "--quiet", CRIME_PIPELINES_RUN_SHIFT_YEARS="0")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert all(line.startswith("WARNING: ") for line in ran.stderr.splitlines())
    checked = call("check", "--quiet", tmp_path / "out")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert call("check", "-v", tmp_path / "out").returncode == 0


def test_a_dry_run_says_what_would_be_read_and_writes_nothing(small: Path, tmp_path: Path) -> None:
    ran = call("run", small, "--out", tmp_path / "out", "--dry-run", TMPDIR=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"{small}: comma-separated text packed with gzip" in ran.stdout
    assert "columns passed over: Year, Location" in ran.stdout
    assert "id=8400000" in ran.stdout
    assert ": 2,000 rows. " in ran.stdout
    assert "nothing was written" in ran.stdout
    assert list(tmp_path.iterdir()) == []
    for wrong in (["--engine", "abacus"], ["--out", str(small.parent)]):
        refused = call("run", small, "--out", tmp_path / "out", "--dry-run", *wrong)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


@contextmanager
def _listening(status: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that keeps what is posted to it."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook?token=secret", posted
        server.shutdown()
        thread.join()


def test_success_and_failure_are_notified(small: Path, tmp_path: Path) -> None:
    with _listening(200) as (url, posted):
        assert call("run", small, "--out", tmp_path / "out", "--notify", url).returncode == 0
        failed = call("run", tmp_path / "none.csv", "--out", tmp_path / "out", "--notify", url)
        assert failed.returncode == 2
    done, lost = posted
    assert (done["status"], done["command"], done["exit_code"]) == ("succeeded", "run", 0)
    assert done["read"] == done["incidents"] + done["superseded"] + sum(done["rejected"].values())
    assert done["report"] == str(tmp_path / "out" / "report" / "index.html")
    assert done["text"].startswith(f"crime-pipelines run: {small}: ")
    assert (lost["status"], lost["exit_code"]) == ("failed", 2)
    assert lost["error"] == failed.stderr.removeprefix("Error: ").strip()


def test_a_notification_that_fails_is_a_warning_without_the_secret(small: Path, tmp_path: Path) -> None:
    with _listening(500) as (url, _):
        ran = call("run", small, "--out", tmp_path / "out", "--notify", url)
    assert ran.returncode == 0
    assert "WARNING: --notify: 127.0.0.1 could not be told" in ran.stderr
    assert "secret" not in ran.stderr
    assert call("run", small, "--out", tmp_path / "out", "--notify", "file:///x").returncode == 2


def test_a_reader_that_leaves_ends_a_command_quietly(out: Path) -> None:
    for arguments in (["check", str(out)], ["run", "--help"], ["--help"]):
        reading, writing = os.pipe()
        os.close(reading)
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        os.close(writing)
        assert (ended.returncode, ended.stderr) == (141, ""), arguments


def test_completion_offers_commands_and_options() -> None:
    def offered(words: str, number: int) -> list[str]:
        asked = {
            "_CRIME_PIPELINES_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(number),
        }
        ran = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.argv[0] = 'crime-pipelines'; {CODE}"],
            env={**os.environ, **asked},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return ran.stdout.split()

    assert "plain,run" in offered("crime-pipelines r", 1)
    assert offered("crime-pipelines run --log-f", 2) == ["plain,--log-format"]
    assert offered("crime-pipelines run --log-format ", 3) == ["plain,text", "plain,json"]
