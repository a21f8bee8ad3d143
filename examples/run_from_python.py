"""Read a file of incidents, answer the questions, and use the answers in Python.

    python examples/run_from_python.py crimes.csv.gz out

Without arguments it makes up a file in a temporary folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import crime_pipelines


def main(source: Path, out: Path) -> None:
    """Run the pipeline and print some of what it found.

    Args:
        source: a file of incidents.
        out: the output folder.
    """
    try:
        result = crime_pipelines.run(source, out)
    except crime_pipelines.PipelineError as error:
        sys.exit(f"Error: {error}")
    print(f"{result.record.read:,} rows read, {result.record.incidents:,} incidents")
    for place in result.answers["theft_locations"].records()[:3]:
        print(f"{place['year']}, rank {place['rank']}: {place['location']} ({place['thefts']:,} thefts)")
    (trend,) = result.answers["crime_trend"].records()
    print(f"Trend: {trend['direction']}")
    problems = [finding.problem for finding in crime_pipelines.check(result.out) if finding.problem]
    print(problems or "The output is sound.")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            made = crime_pipelines.generate(Path(folder, "crimes.csv.gz"), 5_000)
            main(made.path, Path(folder, "out"))
