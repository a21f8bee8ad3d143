"""The command line in a process of its own: exit codes, errors in one line, interruption, logs, storage.

Most of these processes are forked with their imports done (`tests.forked`). A file made, run and checked, a
closed terminal and progress on a terminal start as users start them.
"""

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
from collections.abc import Iterator
from pathlib import Path

import pytest

from crime_pipelines.engines.testing.inputs import row
from crime_pipelines.output.checks import check_output
from crime_pipelines.synthetic import HEADER, generate
from tests.cloud.processes import free_port
from tests.forked import CODE, PROGRAM, Forked, call
from tests.waiting import PATIENCE, eventually


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
    generate(path, 200_000, seed=4)
    return path


def started(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, started as users start it."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_generate_run_check(tmp_path: Path) -> None:
    made = started("generate", tmp_path / "in.csv.gz", "--rows", 3000, "--defects", 0.05, "--crlf", "--bom")
    assert (made.returncode, made.stderr) == (0, "")
    ran = started("run", tmp_path / "in.csv.gz", "--out", tmp_path / "out")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"Report: {tmp_path / 'out' / 'report' / 'index.html'}" in ran.stdout
    assert "Is crime rising or falling?" in ran.stdout
    checked = started("check", tmp_path / "out")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines()[-1] == f"{tmp_path / 'out'}: sound"
    damaged = tmp_path / "out" / "answers" / "theft_locations.csv"
    damaged.write_text(damaged.read_text(encoding="utf-8").replace(",1,", ",1,NOT "), encoding="utf-8")
    assert started("check", tmp_path / "out").returncode == 1
    assert started("check", tmp_path).returncode == 2


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


def _make_what_is_there(kind: str, folder: Path) -> Path:
    path = folder / "x.csv.gz"
    if kind == "file":
        path.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/null")
    elif kind == "link to a file":
        (folder / "real").write_text("mine", encoding="utf-8")
        path.symlink_to("real")
    elif kind == "link to nothing":
        path.symlink_to("nowhere")
    else:
        return Path("/dev/stdout")
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [("file", "exists; name another file, or say --force"), ("folder", "is a folder"),
     ("pipe", "is a device or pipe"), ("device", "is a device or pipe"), ("link to a device", "is a device"),
     ("link to a file", "exists"), ("link to nothing", "exists")],
)  # fmt: skip
def test_generate_replaces_nothing_unasked(kind: str, said: str, tmp_path: Path) -> None:
    path = _make_what_is_there(kind, tmp_path)
    before = {each: (each.lstat().st_ino, each.lstat().st_mtime_ns) for each in tmp_path.iterdir()}
    made = call("generate", path, "--rows", 10)
    assert (made.returncode, made.stdout) == (2, "")
    assert f"Error: {path}" in made.stderr
    assert said in made.stderr
    assert made.stderr.count("\n") == 1
    after = {each: (each.lstat().st_ino, each.lstat().st_mtime_ns) for each in tmp_path.iterdir()}
    assert after == before
    forced = call("generate", path, "--rows", 10, "--force")
    assert forced.returncode == (0 if "file" in kind or "nothing" in kind else 2)
    assert path.is_symlink() == ("link" in kind or kind == "device")


def test_an_output_that_holds_the_input_is_refused(small: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data" / "in.csv"
    copy.parent.mkdir()
    copy.write_bytes(small.read_bytes())
    ran = call("run", copy, "--out", copy.parent)
    assert ran.returncode == 2
    assert copy.read_bytes() == small.read_bytes()


@pytest.mark.slow
def test_files_of_others_stay_in_the_folder_of_an_output(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    foreign = {
        "thesis.txt": b"years of work",
        "answers/notes.md": b"mine",
        "incidents/year=2016/mine.parquet": b"not even Parquet",
        "rejects/mine.parquet": b"",
    }
    for name, data in foreign.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    for _ in range(2):
        ran = call("run", small, "--out", out)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert {name: (out / name).read_bytes() for name in foreign} == foreign
        assert [each.name for each in tmp_path.iterdir()] == ["out"]
        assert [each.problem for each in check_output(out) if each.problem] == []
    written = set(json.loads((out / "run.json").read_text(encoding="utf-8"))["files_written"])
    assert written == {name for name in content(out) if name not in foreign}


def test_a_file_that_no_run_wrote_is_not_replaced(small: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "report" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("mine", encoding="utf-8")
    ran = call("run", small, "--out", tmp_path / "out")
    assert ran.returncode == 2
    assert f"{page}: was not written by a run" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["report", "index.html"]
    assert page.read_text(encoding="utf-8") == "mine"


#: Which signal it was is not the business of what is interrupted: one of them is for the quick tests.
INTERRUPTS = pytest.mark.parametrize(
    ("sent", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
    ],
)


@INTERRUPTS
def test_interruption_is_clean(
    sent: signal.Signals, code: int, small: Path, large: Path, tmp_path: Path
) -> None:
    assert call("run", small, "--out", tmp_path / "out").returncode == 0
    before = content(tmp_path)
    running = Forked("run", large, "--out", tmp_path / "out")
    wait_for_workplace(running, tmp_path)
    running.send_signal(sent)
    output, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == code
    assert output == ""
    assert errors.count("\n") == 1
    assert content(tmp_path) == before


# Sends every signal as soon as the output is in its place, or whenever a file of the old one is removed, or
# while the answers are printed.
_SIGNALLED_WHEN_DONE = """
import os, signal, sys
from pathlib import Path
from crime_pipelines.output import atomic_replace as output
from crime_pipelines.cli import run
from crime_pipelines.cli.main import main

moment = sys.argv.pop(1)

def after(owner, name, what):
    real = getattr(owner, name)
    def watched(*arguments):
        done = real(*arguments)
        what()
        return done
    setattr(owner, name, watched)

def send():
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)

def watch(event, arguments):
    if event in ("os.remove", "os.rmdir"):
        send()

if moment == "put":
    after(Path, "rename", send)
    after(output, "_exchange", send)
elif moment == "removed":
    after(output.Workplace, "publish", lambda: sys.addaudithook(watch))
else:
    after(run, "summarise", send)
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["put", "removed", "told"])
def test_once_its_output_is_in_place_a_run_is_done(moment: str, small: Path, tmp_path: Path) -> None:
    arguments = ["run", str(small), "--out", str(tmp_path / "out")]
    for before in ("nothing", "an output"):
        ran = call(moment, *arguments, code=_SIGNALLED_WHEN_DONE)
        assert (ran.returncode, ran.stderr) == (0, ""), before
        assert ran.stdout.splitlines()[-1] == f"Report: {tmp_path / 'out' / 'report' / 'index.html'}"
        assert [each.name for each in tmp_path.iterdir()] == ["out"]
        assert [each.problem for each in check_output(tmp_path / "out") if each.problem] == []


def test_a_closed_terminal_ends_a_run_cleanly(large: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    in_terminal = f"import fcntl, os, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); {CODE}"
    with subprocess.Popen(
        [sys.executable, "-c", in_terminal, "run", str(large), "--out", str(tmp_path / "out")],
        stdin=follower, stdout=follower, stderr=follower,
    ) as running:  # fmt: skip
        os.close(follower)
        wait_for(running, tmp_path, ".out.run-*")
        os.close(leader)
        assert running.wait(timeout=PATIENCE) == 128 + signal.SIGHUP
    assert [*tmp_path.iterdir()] == []


@pytest.mark.slow
def test_without_a_terminal_to_lose_a_run_goes_on(small: Path, large: Path, tmp_path: Path) -> None:
    ignoring = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); {CODE}"
    running = Forked("run", large, "--out", tmp_path / "out", code=ignoring)
    wait_for_workplace(running, tmp_path)
    running.send_signal(signal.SIGHUP)
    output, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert "Report: " in output


def wait_for_workplace(running: Forked | subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until a run has begun to write."""
    wait_for(running, folder, ".out.run-*/new/incidents/*/*")


def wait_for(running: Forked | subprocess.Popen[bytes], folder: Path, pattern: str) -> None:
    """Wait until a run has made a file that fits a pattern."""
    eventually(
        lambda: list(folder.glob(pattern)),
        hopeless=lambda: "" if running.poll() is None else "the run ended before it could be interrupted",
    )


def assert_ended_cleanly(running: Forked, code: int, folder: Path) -> None:
    """An interrupted run of `in.csv` says so in one line, and leaves nothing beside its input."""
    output, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == code
    assert output == ""
    assert errors.strip().count("\n") == 0
    assert [each.name for each in folder.iterdir()] == ["in.csv"]


# Counts what Python does to files once a run's folder is made, and kills the process at a given such moment;
# without one, says how many there were.
_KILLED_AT = """
import atexit, os, signal, sys
from crime_pipelines.cli.main import main

moment, folder = int(sys.argv.pop(1)), sys.argv.pop(1)
seen = 0
changes = ("os.mkdir", "os.remove", "os.rename", "os.rmdir")

def watch(event, arguments):
    global seen
    opened = event == "open" and str(arguments[0]).startswith(folder)
    if opened or event in changes or arguments[-1:] == ("renameat2",):
        if seen or (event == "os.mkdir" and str(arguments[0]).endswith("/new")):
            seen += 1
        if seen and seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)

atexit.register(lambda: print(seen, file=sys.stderr))
sys.addaudithook(watch)
main()
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_old_output_stays_whole(small: Path, large: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("run", small, "--out", out).returncode == 0
    before = content(out)
    running = Forked("run", large, "--out", out)
    wait_for_workplace(running, tmp_path)  # one is killed while DuckDB writes
    running.kill()
    running.communicate(timeout=PATIENCE)
    assert running.returncode == -signal.SIGKILL
    assert content(out) == before

    def killed(moment: int) -> subprocess.CompletedProcess[str]:
        return call(moment, tmp_path, "run", small, "--out", out, code=_KILLED_AT)

    whole = killed(0)
    assert whole.returncode == 0
    moments = int(whole.stderr)
    before = content(out)
    chosen = random.Random()  # other moments each time: a seed would only ever try the same few
    replaced = []
    # the last ones remove the old output, after the exchange
    for moment in (1, moments - 10, *chosen.choices(range(2, moments - 10), k=6)):
        assert killed(moment).returncode == -signal.SIGKILL, moment
        replaced.append(content(out) != before)
        if replaced[-1]:
            assert [each.problem for each in check_output(out) if each.problem] == []
            assert json.loads((out / "run.json").read_text(encoding="utf-8"))["read"] == 2_000
            before = content(out)
    assert replaced[:2] == [False, True]
    assert call("run", small, "--out", out).returncode == 0
    assert [each.problem for each in check_output(out) if each.problem] == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_two_runs_for_one_place_do_not_harm_each_other(small: Path, tmp_path: Path) -> None:
    runs = [Forked("run", small, "--out", tmp_path / "out") for _ in range(3)]
    for running in runs:
        running.communicate(timeout=PATIENCE)
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


def test_a_log_holds_no_incident(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"{row(1)}\n{row(2)}\n", encoding="utf-8")
    failed = call("--log-format", "json", "run", tmp_path / "in.csv", "--out", tmp_path / "out")
    assert failed.returncode == 2
    assert "lacks the headings" in json.loads(failed.stderr.splitlines()[-1])["message"]
    assert [value for value in row(1).split(",") if len(value) > 3 and value in failed.stderr] == []


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
        running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    for stage in ("Reading incidents", "Answering questions", "Writing the report"):
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


@pytest.mark.slow
def test_reads_cloud_storage(
    bucket: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gcsfs", reason="needs the extra gcp: make dev")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    from crime_pipelines.cloud.clients import storage_client
    from crime_pipelines.cloud.settings import Settings

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
        assert all(file["name"].startswith("gs://incidents/exports/") for file in record["files"])
    missing = call("run", "gs://incidents/nothing.csv", "--out", tmp_path / "none")
    assert missing.returncode == 2
    assert missing.stderr == "Error: gs://incidents/nothing.csv: no such file or folder\n"
