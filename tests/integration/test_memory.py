"""Memory is bounded, whatever the input: docs/scale.md says by how much."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.worst_inputs import WORST, write
from crime_pipelines.support.cores import usable_cores

#: Bytes on two cores, and for each further one.
MOST = 1_500_000_000
MORE_PER_CORE = 128_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", WORST)
def test_no_input_takes_more_than_the_readme_says(name: str, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    write(source, name, 60_000_000)
    run = ["run", str(source), "--out", str(tmp_path / "out"), "--max-rejected", "1"]
    command = [sys.executable, "-m", "tests.peak_memory", *run]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peak = int(done.stderr.splitlines()[-1])
    assert peak <= MOST + max(0, usable_cores() - 2) * MORE_PER_CORE
