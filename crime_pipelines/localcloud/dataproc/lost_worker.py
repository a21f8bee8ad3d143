"""A worker that is lost while it works: a job runs on executors that are processes, and one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

#: Two executors as processes of their own, for one to be lost.
MASTER: Final = "local-cluster[2,1,1024]"
_EXECUTOR: Final = "CoarseGrainedExecutorBackend"
#: An executor's log says so for each task that it begins.
_AT_WORK: Final = "Running task"


def home_within(place: Path, spark_home: Path) -> Path:
    """Make a Spark home in a cluster's folder: executors keep their files below it.

    Args:
        place: the cluster's folder.
        spark_home: the installed Spark, which stays as it is.

    Returns:
        The folder; it holds links to the parts of the installed one.
    """
    home = place / "spark"
    home.mkdir()
    for part in spark_home.iterdir():
        if part.name != "work":
            (home / part.name).symlink_to(part)
    return home


def kill_executor(place: Path, group: int) -> bool:
    """Kill an executor of a job, as soon as one has begun a task.

    Args:
        place: the cluster's folder.
        group: the job's process group.

    Returns:
        Whether one was killed.
    """
    for log in sorted(place.glob("spark/work/*/*/stderr")):
        with suppress(OSError):
            if _AT_WORK in log.read_text(encoding="utf-8", errors="replace"):
                return _kill(group, log.parent.name)
    return False


def _kill(group: int, executor: str) -> bool:
    listed = subprocess.run(
        # Whole lines, not as wide as a terminal: readline puts the width of one into the environment.
        ["ps", "-A", "-ww", "-o", "pid=,pgid=,args="],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    for line in listed.stdout.splitlines():
        pid, own_group, arguments = line.split(None, 2)
        if int(own_group) == group and _EXECUTOR in arguments and f"--executor-id {executor} " in arguments:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
                return True
    return False
