"""Running a program in a process of its own, and what it took."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.variants import Variant

#: getrusage counts kilobytes on Linux, bytes on macOS.
_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one run of a program.

    Attributes:
        wall: seconds from its start to its end, the interpreter's start and imports among them.
        cpu: seconds of all cores, in user code and in the kernel, its children's among them.
        memory: most bytes resident at once in its largest process. Every variant is a single process.
    """

    wall: float
    cpu: float
    memory: float


@dataclass(slots=True)
class Measured:
    """The runs of one variant on one file.

    Attributes:
        costs: what each run took.
        seconds: what each run said in its `run.json` of its stages.
    """

    costs: list[Cost] = field(default_factory=list)
    seconds: list[dict[str, float]] = field(default_factory=list)

    @property
    def median(self) -> Cost:
        """The median of each cost by itself."""
        return Cost(
            statistics.median(cost.wall for cost in self.costs),
            statistics.median(cost.cpu for cost in self.costs),
            statistics.median(cost.memory for cost in self.costs),
        )

    @property
    def stages(self) -> dict[str, float]:
        """The median of each stage, and of what lies outside all of them."""
        if not self.seconds:
            return {}
        names = self.seconds[0]
        found = {name: statistics.median(each[name] for each in self.seconds) for name in names}
        outside = [
            cost.wall - sum(each.values()) for cost, each in zip(self.costs, self.seconds, strict=True)
        ]
        return {**found, "outside": statistics.median(outside)}


class FailedError(Exception):
    """A program ended with another exit code than 0; the text is the end of what it printed."""


def run_once(command: Sequence[str]) -> Cost:
    """Run a program to its end.

    Args:
        command: the program and its arguments.

    Returns:
        What it took.

    Raises:
        FailedError: it failed.
    """
    with tempfile.TemporaryFile() as log:
        begun = time.perf_counter()
        # Its peak memory starts from this process's size at the fork: import nothing heavy here.
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            said = log.read().decode(errors="replace").strip().splitlines()[-6:]
            raise FailedError("\n".join([f"exit code {process.returncode}", *said]))
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RSS_UNIT)


def side_by_side(
    variants: Sequence[Variant],
    source: Path,
    areas: Path,
    repeat: int,
    first_outputs: Callable[[dict[str, Path]], None],
    failed: Callable[[Variant, FailedError], None],
) -> dict[str, Measured]:
    """Run variants on a file, one after the other, round after round.

    Every round runs each of them once, each round beginning with another, so that drift of the machine hits
    all alike.

    Args:
        variants: the variants.
        source: the file.
        areas: the file of areas.
        repeat: rounds.
        first_outputs: called once, after the first round, with the output folder of each variant that
            has one; the folders are gone afterwards.
        failed: called when a variant fails, which takes no further part.

    Returns:
        What was measured, by the variant's name.
    """
    measured: dict[str, Measured] = {}
    left = list(variants)
    scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=source.parent))
    try:
        for number in range(repeat):
            turn = number % len(left) if left else 0
            for variant in [*left[turn:], *left[:turn]]:
                out = scratch / f"{variant.name.replace(' ', '-')}-{number}"
                # What the one before has written must not be flushed to disk in this one's time.
                os.sync()
                try:
                    cost = run_once(variant.command(source, out, areas))
                except FailedError as error:
                    failed(variant, error)
                    left.remove(variant)
                    measured.pop(variant.name, None)
                    continue
                result = measured.setdefault(variant.name, Measured())
                result.costs.append(cost)
                if variant.answers:
                    result.seconds.append(record_of(out)["seconds"])
                print(
                    f"  {source.name} round {number + 1}: {variant.name} {cost.wall:.2f} s, "
                    f"{cost.cpu:.2f} s CPU, {cost.memory / 1e6:,.0f} MB",
                    file=sys.stderr,
                )
            if number == 0:
                outputs = {
                    variant.name: scratch / f"{variant.name.replace(' ', '-')}-0"
                    for variant in left
                    if variant.answers
                }
                first_outputs(outputs)
            for path in scratch.iterdir():
                shutil.rmtree(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return measured


def record_of(out: Path) -> dict[str, Any]:
    """Read a run's `run.json`."""
    found: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return found
