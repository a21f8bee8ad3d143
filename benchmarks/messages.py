"""A worker's CPU for a message of the stream, now and with the state that it once kept.

Each runs over the same messages on Prism, as a process of its own, against the local cloud's BigQuery. What
few messages take is taken off: starting, and opening BigQuery.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.inputs import incident_file
from crime_pipelines.beam.runners import prism_binary
from crime_pipelines.cloud.feed.replay import messages_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import PipelineError
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.localcloud.prerequisites import bigquery_emulator
from crime_pipelines.sources import resolve

#: The last commit whose stream held each incident's version in state and counted by steps.
STATEFUL: Final = "4e3d44e0683293ffd2236d44855a2e10f3a698af"
#: One of so many messages can't become an incident.
DEAD: Final = 100
MANY: Final = 10_000
FEW: Final = 1_000
_ROOT: Final = Path(__file__).parents[1]
_HERE: Final = Path(__file__).parent


class Cost(NamedTuple):
    """CPU microseconds a message.

    Attributes:
        now: of the stream.
        with_state: of the stream as it was.
    """

    now: float
    with_state: float


def lacking() -> str:
    """Say what the measurement lacks here; empty if nothing."""
    try:
        prism_binary()
        bigquery_emulator(lambda text: None)
    except PipelineError as error:
        return str(error)
    there = subprocess.run(["git", "-C", _ROOT, "cat-file", "-e", STATEFUL], check=False, capture_output=True)
    return f"commit {STATEFUL[:7]} is not in this clone: git fetch --unshallow" if there.returncode else ""


def cost(rounds: int) -> Cost:
    """Measure both, in turn.

    Args:
        rounds: how often; the least counts.

    Returns:
        The cost.

    Raises:
        subprocess.CalledProcessError: one fails.
    """
    found: dict[str, dict[int, list[float]]] = {name: {FEW: [], MANY: []} for name in Cost._fields}
    with tempfile.TemporaryDirectory() as folder, _as_it_was(Path(folder) / "tree") as tree:
        programs = {"now": (_ROOT, "stream_worker.py"), "with_state": (tree, "stream_with_state.py")}
        files = {number: _messages(Path(folder) / f"{number}", number) for number in (FEW, MANY)}
        with Emulators(Path(folder) / "cloud", Settings("local-crime"), lambda text: None) as emulators:
            for turn in range(rounds):
                for number, path in files.items():
                    for name, (package, program) in programs.items():
                        done = subprocess.run(
                            [sys.executable, _HERE / program, path, f"{name}_{number}_{turn}"],
                            env={**os.environ, **emulators.environment, "PYTHONPATH": str(package)},
                            cwd=folder,
                            check=True,
                            stdout=subprocess.PIPE,
                            text=True,
                        )
                        found[name][number].append(float(done.stdout.splitlines()[-1]))
                        print(
                            f"  stream, {name}: {number:,} messages {done.stdout.strip()} s", file=sys.stderr
                        )
    return Cost(
        *((min(seconds[MANY]) - min(seconds[FEW])) / (MANY - FEW) * 1e6 for seconds in found.values())
    )


@contextmanager
def _as_it_was(tree: Path) -> Iterator[Path]:
    """Check out the package with state, and take it away again."""
    subprocess.run(["git", "-C", _ROOT, "worktree", "add", "--quiet", "--detach", tree, STATEFUL], check=True)
    try:
        (tree / "crime_pipelines" / "beam").symlink_to(tree / "beam")
        yield tree
    finally:
        subprocess.run(["git", "-C", _ROOT, "worktree", "remove", "--force", tree], check=True)


def _messages(path: Path, number: int) -> Path:
    """Write messages of different incidents, all of 2024, one of `DEAD` of them dead."""
    source = resolve(str(incident_file(50_000, 0)))[0]
    with path.open("w", encoding="utf-8") as file:
        for at, message in enumerate(islice(messages_of(source), number)):
            row = json.loads(message)
            row["date"] = row["date"][:6] + "2024" + row["date"][10:] if at % DEAD else "soon"
            file.write(json.dumps(row) + "\n")
    return path
