"""The executor that the local cloud kills is found, whatever the terminal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crime_pipelines.localcloud.dataproc.lost_worker import kill_executor

# As long as the class path that stands before an executor's own words.
_EXECUTOR = [*("--class-path " + "x" * 3000).split(), "CoarseGrainedExecutorBackend", "--executor-id", "1"]


@pytest.mark.parametrize("columns", [None, "80", "1"])
def test_an_executor_at_work_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    if columns is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", columns)
    log = tmp_path / "spark" / "work" / "app-1" / "1" / "stderr"
    log.parent.mkdir(parents=True)
    log.write_text("INFO Executor: Starting executor ID 1", encoding="utf-8")
    waits = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", waits, *_EXECUTOR, "--cores", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert not kill_executor(tmp_path, process.pid)  # it has no task yet
        log.write_text("INFO Executor: Running task 0.0 in stage 0.0 (TID 0)", encoding="utf-8")
        assert not kill_executor(tmp_path, process.pid + 1)  # of another job
        assert kill_executor(tmp_path, process.pid)
        assert process.wait() == -signal.SIGKILL
