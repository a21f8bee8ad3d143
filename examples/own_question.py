"""Ask a question of one's own about the incidents that a run has written.

    python examples/own_question.py out

To have every run answer it, put it into the registry: docs/how-to/add-a-question.md.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import crime_pipelines
from crime_pipelines.engines.base import ask
from crime_pipelines.engines.duckdb.engine import DuckDBEngine
from crime_pipelines.output.record import recorded
from crime_pipelines.questions import Column, Question

WEEKDAYS = Question(
    name="thefts_by_weekday",
    title="Thefts by weekday",
    wording="On which weekdays do most thefts occur?",
    columns=(
        Column("weekday", "integer", "1 is Sunday, 7 is Saturday."),
        Column("thefts", "integer", "Thefts on that weekday."),
    ),
    caveats=(),
    # BigQuery's dialect, with the rules of the domain as functions
    sql="""
        SELECT EXTRACT(DAYOFWEEK FROM occurred_at) AS weekday, COUNT(*) AS thefts
        FROM incidents
        WHERE is_theft(primary_type, fbi_code)
        GROUP BY 1
        ORDER BY thefts DESC, weekday
    """,
)


def main(out: Path) -> None:
    """Ask the question of a run's output and print the answer as CSV.

    Args:
        out: the output folder of a run, by whatever engine.
    """
    record = recorded(out)
    with DuckDBEngine() as engine:
        engine.attach(out)
        answers = ask(engine, [WEEKDAYS], record.as_of, record.shift_years)
    print(answers["thefts_by_weekday"].to_csv(), end="")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            made = crime_pipelines.generate(Path(folder, "crimes.csv.gz"), 5_000)
            main(crime_pipelines.run(made.path, Path(folder, "out")).out)
