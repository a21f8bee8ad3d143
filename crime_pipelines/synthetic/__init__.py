"""Synthetic incident files of any size, in the City's file layout: for demos, tests and benchmarks.

    from crime_pipelines.synthetic import generate
    generate(Path("crimes.csv.gz"), 1_000_000, seed=7, defects=0.01)

It needs numpy: import it where it is used.
"""

from .defects import COPIES, KINDS, REASONS, WARNINGS
from .rows import HEADER
from .writer import Generated, generate

__all__ = ["COPIES", "HEADER", "KINDS", "REASONS", "WARNINGS", "Generated", "generate"]
