"""The programs that are measured, side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.inputs import command

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Variant:
    """A program that does the job, or a part of it.

    Attributes:
        name: its name in tables and options.
        command: the command for a file, an output folder and the file of areas.
        answers: whether it writes `answers/` and `run.json`.
    """

    name: str
    command: Callable[[Path, Path, Path], list[str]]
    answers: bool = True


def _python(*program: str) -> Callable[[Path, Path, Path], list[str]]:
    return lambda source, out, areas: [
        sys.executable, *program, str(source), str(out), "--areas", str(areas)
    ]  # fmt: skip


def _script(name: str) -> Callable[[Path, Path, Path], list[str]]:
    return _python(str(_HERE / name))


ENGINE: Final = Variant(
    "crime-pipelines run", lambda source, out, areas: [command(), "run", str(source), "--out", str(out)]
)
PEER: Final = Variant("peer_duckdb", _script("peer_duckdb.py"))
BEAM: Final = Variant(
    "crime-pipelines run --engine beam",
    lambda source, out, areas: [command(), "run", str(source), "--out", str(out), "--engine", "beam"],
)
#: Beam as people write it; see `benchmarks.beam`.
BEAM_ROWS: Final = Variant("peer_beam_rows", _script("peer_beam_rows.py"), answers=False)
SPARK: Final = Variant(
    "crime-pipelines run --engine spark",
    lambda source, out, areas: [command(), "run", str(source), "--out", str(out), "--engine", "spark"],
)
#: PySpark as people write it; see `benchmarks.spark`.
SPARK_SCRIPT: Final = Variant("peer_pyspark", _script("peer_pyspark.py"), answers=False)
#: What Spark takes for itself.
SPARK_FLOOR: Final = Variant("floor_pyspark", _python("-m", "benchmarks.floor_pyspark"), answers=False)
VARIANTS: Final = (
    ENGINE,
    PEER,
    Variant("peer_polars", _script("peer_polars.py")),
    Variant(
        "floor",
        lambda source, out, areas: [sys.executable, str(_HERE / "floor.py"), str(source)],
        answers=False,
    ),
)
