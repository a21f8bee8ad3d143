"""The files that are measured on: made once, kept in `benchmarks/data/`, ignored by git; the real fifth."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.engines.base import Job, find_period
from crime_pipelines.engines.duckdb.engine import DuckDBEngine
from crime_pipelines.questions.model import Question, Row
from crime_pipelines.sources import resolve

DATA: Final = Path(__file__).parent / "data"
SEED: Final = 1
_BLOCK: Final = 1 << 22
_REAL_FIFTH: Final = "chicago/crimes_2012_2018_fifth.csv.gz"


def command() -> str:
    """Return the program `crime-pipelines` of the environment that this runs in."""
    return str(Path(sys.executable).with_name("crime-pipelines"))


def incident_file(rows: int, defects: float) -> Path:
    """Return a generated incident file, made unless it is there.

    Args:
        rows: its rows.
        defects: the share of them that carry a defect.

    Returns:
        The file.

    Raises:
        subprocess.CalledProcessError: it could not be made.
    """
    DATA.mkdir(exist_ok=True)
    path = DATA / f"incidents-{rows}-seed{SEED}{f'-defects{defects:g}' if defects else ''}.csv"
    if not path.exists():
        print(f"making {path.name} ...", file=sys.stderr)
        options = ["--rows", str(rows), "--seed", str(SEED), "--defects", str(defects)]
        subprocess.run([command(), "generate", str(path), *options], check=True, stdout=subprocess.DEVNULL)
    return path


def area_file() -> Path:
    """Write the community areas with their residents as CSV, such as the peers' author would have at hand."""
    DATA.mkdir(exist_ok=True)
    path = DATA / "areas.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["area", "name", "residents"])
        writer.writerows(AREAS)
    return path


def real_fifth() -> Path:
    """Return the file of a fifth of Chicago's incidents; ends the process with 2 without it."""
    source = Path(os.environ.get("CRIME_PIPELINES_DATA", "../shared/data"), _REAL_FIFTH)
    if not source.is_file():
        print(f"{source}: is not there; nothing was measured", file=sys.stderr)
        raise SystemExit(2)
    return source


def rows_of(question: Question, source: Path) -> Sequence[Row]:
    """Ask a file, with its dates unshifted, what a question's query asks.

    Args:
        question: the question.
        source: a file of incidents.

    Returns:
        The query's rows, as the question's `finish` takes them.
    """
    with TemporaryDirectory() as name, DuckDBEngine() as engine:
        folder, scratch = Path(name, "out"), Path(name, "scratch")
        folder.mkdir()
        scratch.mkdir()
        engine.ingest(Job(resolve(str(source)), folder, scratch, 0))
        found = find_period(engine)
        assert found is not None
        return engine.answer(question, None, 0, found[0])


def into_page_cache(path: Path) -> None:
    """Read a file once, so that no variant pays for the disk and the next one doesn't."""
    block = bytearray(_BLOCK)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass
