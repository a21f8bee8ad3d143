"""The files that are measured on: made once, kept in `benchmarks/data/`, which git ignores."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Final

from crime_pipelines.domain.areas import AREAS

DATA: Final = Path(__file__).parent / "data"
SEED: Final = 1
_BLOCK: Final = 1 << 22


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


def into_page_cache(path: Path) -> None:
    """Read a file once, so that no variant pays for the disk and the next one doesn't."""
    block = bytearray(_BLOCK)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass
