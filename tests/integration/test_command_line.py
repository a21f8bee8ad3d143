"""The command line in a process of its own: exit codes, errors in one line, interruption, logs, storage."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crime_pipelines.checking import check_output
from crime_pipelines.generate import HEADER, generate
from tests.cloud.processes import free_port
from tests.conformance.inputs import row

PROGRAM = [sys.executable, "-c", "from crime_pipelines.cli.main import main; main()"]


def call(*arguments: object, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env={**os.environ, **variables}, timeout=120, check=False,
    )  # fmt: skip


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start the command line."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def content(folder: Path) -> dict[str, str]:
    """Every file of a folder with a digest of what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.csv"
    generate(path, 2_000, seed=3, defects=0.05)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.csv"
    generate(path, 400_000, seed=4)
    return path


def test_generate_run_check(tmp_path: Path) -> None:
    made = call("generate", tmp_path / "in.csv.gz", "--rows", 3000, "--defects", 0.1, "--crlf", "--bom")
    assert (made.returncode, made.stderr) == (0, "")
    ran = call("run", tmp_path / "in.csv.gz", "--out", tmp_path / "out")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"Report: {tmp_path / 'out' / 'report' / 'index.html'}" in ran.stdout
    assert "Is crime rising or falling?" in ran.stdout
    checked = call("check", tmp_path / "out")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines()[-1] == f"{tmp_path / 'out'}: sound"
    damaged = tmp_path / "out" / "answers" / "theft_locations.csv"
    damaged.write_text(damaged.read_text(encoding="utf-8").replace(",1,", ",1,NOT "), encoding="utf-8")
    assert call("check", tmp_path / "out").returncode == 1
    assert call("check", tmp_path).returncode == 2


@pytest.mark.parametrize(
    "fault",
    ["missing", "empty", "no headings", "random bytes", "zip", "utf-16", "truncated gzip", "no folder"],
)
def test_wrong_input_is_one_line_and_leaves_nothing(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    if fault == "empty":
        path.touch()
    elif fault == "no headings":
        path.write_text(row(1) + "\n" + row(2) + "\n", encoding="utf-8")
    elif fault == "random bytes":
        path.write_bytes(random.Random(1).randbytes(1 << 16))
    elif fault == "zip":
        path.write_bytes(b"PK\x03\x04" + bytes(100))
    elif fault == "utf-16":
        path.write_bytes((HEADER + "\n" + row(1)).encode("utf-16"))
    elif fault == "truncated gzip":
        whole = gzip.compress("\n".join([HEADER, *map(row, range(1, 20_000))]).encode())
        path.write_bytes(whole[:-1000])
    elif fault == "empty folder":
        path.mkdir()
    before = content(tmp_path)
    ran = call("run", path, "--out", tmp_path / "out")
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith(f"Error: {path}")
    assert content(tmp_path) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"], ["run", "x.csv"], ["run", "x.csv", "--out", "o", "--as-of", "yesterday"],
        ["run", "x.csv", "--out", "o", "--engine", "abacus"], ["nothing"],
        ["generate", "x.csv", "--rows", "-1"], ["generate", "no/such/folder/x.csv"],
        ["generate", "x.csv", "--defects", "7"], ["run", "x.csv", "--out", "o", "--shift-years", "99999"],
    ],
)  # fmt: skip
def test_wrong_calls_end_with_2(arguments: list[str], tmp_path: Path) -> None:
    called = call(*arguments, cwd=tmp_path)
    assert called.returncode == 2
    assert called.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in called.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_holds_the_input_is_refused(small: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data" / "in.csv"
    copy.parent.mkdir()
    copy.write_bytes(small.read_bytes())
    ran = call("run", copy, "--out", copy.parent)
    assert ran.returncode == 2
    assert copy.read_bytes() == small.read_bytes()


def test_a_folder_of_something_else_is_kept_aside(small: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work", encoding="utf-8")
    ran = call("run", small, "--out", tmp_path / "out")
    assert ran.returncode == 0
    assert str(tmp_path / "out.replaced") in ran.stderr
    assert (tmp_path / "out.replaced" / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_is_clean(
    sent: signal.Signals, code: int, small: Path, large: Path, tmp_path: Path
) -> None:
    assert call("run", small, "--out", tmp_path / "out").returncode == 0
    before = content(tmp_path)
    running = start("run", large, "--out", tmp_path / "out")
    wait_for_workplace(running, tmp_path)
    running.send_signal(sent)
    output, errors = running.communicate(timeout=60)
    assert running.returncode == code
    assert output == ""
    assert errors.count("\n") == 1
    assert content(tmp_path) == before


def wait_for_workplace(running: subprocess.Popen[str], folder: Path) -> None:
    """Wait until a run has begun to write."""
    wait_for(running, folder, ".out.run-*/new/incidents/*/*")


def wait_for(running: subprocess.Popen[str], folder: Path, pattern: str) -> None:
    """Wait until a run has made a file that fits a pattern."""
    deadline = time.monotonic() + 60
    while not list(folder.glob(pattern)):
        assert running.poll() is None, "the run ended before it could be interrupted"
        assert time.monotonic() < deadline, f"the run made no {pattern}"


def assert_ended_cleanly(running: subprocess.Popen[str], code: int, folder: Path) -> None:
    """An interrupted run of `in.csv` says so in one line, and leaves nothing beside its input."""
    output, errors = running.communicate(timeout=60)
    assert running.returncode == code
    assert output == ""
    assert errors.strip().count("\n") == 0
    assert [each.name for each in folder.iterdir()] == ["in.csv"]


def test_killed_at_any_moment_the_old_output_stays_whole(small: Path, large: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("run", small, "--out", out).returncode == 0
    before = content(out)
    begun = time.monotonic()
    assert call("run", large, "--out", tmp_path / "other").returncode == 0
    whole = time.monotonic() - begun
    running = start("run", large, "--out", out)
    wait_for_workplace(running, tmp_path)  # whatever the machine's pace: one is killed while it writes
    running.kill()
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert content(out) == before
    chosen = random.Random()  # other moments each time: a seed would only ever try the same few
    for _ in range(8):
        running = start("run", large, "--out", out)
        try:
            running.communicate(timeout=chosen.uniform(0.05, 1.0) * whole)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
        if content(out) != before:  # it got as far as the exchange: then all of it is there
            assert [each.problem for each in check_output(out) if each.problem] == []
            assert json.loads((out / "run.json").read_text(encoding="utf-8"))["read"] == 400_000
            before = content(out)
    assert call("run", small, "--out", out).returncode == 0
    assert [each.problem for each in check_output(out) if each.problem] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


def test_two_runs_for_one_place_do_not_harm_each_other(small: Path, tmp_path: Path) -> None:
    runs = [start("run", small, "--out", tmp_path / "out") for _ in range(3)]
    for running in runs:
        running.communicate(timeout=120)
        assert running.returncode == 0
    assert [each.problem for each in check_output(tmp_path / "out") if each.problem] == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_logs_are_one_json_object_a_line(small: Path, tmp_path: Path) -> None:
    ran = call("--log-format", "json", "run", small, "--out", tmp_path / "out")
    assert ran.returncode == 0
    entries = [json.loads(line) for line in ran.stderr.splitlines()]
    assert {each["severity"] for each in entries} == {"INFO"}
    assert all({"message", "time", "logging.googleapis.com/sourceLocation"} <= set(each) for each in entries)
    assert entries[-1]["message"] == "run finished"
    assert entries[-1]["read"] == 2_000
    failed = call("--log-format", "json", "run", tmp_path / "none.csv", "--out", tmp_path / "out")
    assert failed.returncode == 2
    entry = json.loads(failed.stderr.splitlines()[-1])
    assert entry["severity"] == "ERROR"
    assert str(tmp_path / "none.csv") in entry["message"]


def test_progress_shows_on_a_terminal_alone(small: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, "run", str(small), "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE, stderr=follower, stdin=follower, env={**os.environ, "TERM": "xterm"},
    ) as running:  # fmt: skip
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 1 << 16):
                shown += part
        except OSError:  # how Linux says that the other side is closed
            pass
        os.close(leader)
        running.communicate(timeout=60)
    assert running.returncode == 0
    for stage in ("Reading incidents", "Answering the questions", "Writing the report"):
        assert stage.encode() in shown


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket in a stand-in for Cloud Storage; the variable that points clients to it."""
    from gcp_storage_emulator.server import create_server

    port = free_port()
    server = create_server("localhost", port, in_memory=True, default_bucket="incidents")
    server.start()
    yield f"http://localhost:{port}"
    server.stop()


def test_reads_cloud_storage(
    bucket: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    from crime_pipelines.clients import storage_client
    from crime_pipelines.settings import Settings

    held = storage_client(Settings("test")).bucket("incidents")
    held.blob("exports/small.csv").upload_from_filename(str(small))
    packed = gzip.compress("\n".join([HEADER, row(1)]).encode())
    held.blob("exports/2.csv.gz").upload_from_string(packed, content_type="application/octet-stream")
    for source, read in (
        ("gs://incidents/exports/small.csv", 2_000),
        ("gs://incidents/exports", 2_001),
        ("gs://incidents/exports/*.gz", 1),
    ):
        ran = call("run", source, "--out", tmp_path / "out")
        assert (ran.returncode, ran.stderr) == (0, "")
        record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
        assert record["read"] == read
        assert all(name.startswith("gs://incidents/exports/") for name in record["files"])
    missing = call("run", "gs://incidents/nothing.csv", "--out", tmp_path / "none")
    assert missing.returncode == 2
    assert missing.stderr == "Error: gs://incidents/nothing.csv: no such file or folder\n"
