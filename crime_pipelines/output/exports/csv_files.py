"""CSV files for spreadsheets: texts are kept from being taken for formulas."""

from __future__ import annotations

import csv
from pathlib import Path

from crime_pipelines.output.exports.contents import Contents
from crime_pipelines.questions.model import as_text, formula_safe


def write_csv_files(contents: Contents, path: Path) -> None:
    """Write a folder of CSV files, one for each answer.

    Args:
        contents: what they hold.
        path: the folder, which does not exist.

    Raises:
        OSError: a file can't be written.
    """
    path.mkdir()
    for name, answer in contents.answers.items():
        answer.write_csv(path / f"{name}.csv", formula_safe=contents.formula_safe)
    if contents.with_incidents:
        with (path / "incidents.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(column.name for column in contents.incident_columns)
            for rows in contents.incidents():
                for row in rows:
                    texts = (as_text(value) for value in row)
                    writer.writerow(map(formula_safe, texts) if contents.formula_safe else texts)
