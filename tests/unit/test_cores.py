from __future__ import annotations

import os
import subprocess
import sys

import pytest

from crime_pipelines.support.cores import usable_cores


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system can't restrict a process's cores"
)
def test_no_more_cores_than_the_process_may_use() -> None:
    allowed = sorted(os.sched_getaffinity(0))
    for chosen in (allowed[:1], allowed):
        program = (
            f"import os; os.sched_setaffinity(0, {chosen}); "
            "from crime_pipelines.support.cores import usable_cores; print(usable_cores())"
        )
        found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert int(found.stdout) == len(chosen)


@pytest.mark.parametrize(("machine", "cores"), [(12, 12), (None, 1)])
def test_where_the_system_does_not_say(
    machine: int | None, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: machine)
    assert usable_cores() == cores
