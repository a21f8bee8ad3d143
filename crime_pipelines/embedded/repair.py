"""The careful way to read a file whose structure DuckDB's reader stumbles over.

It is slower, so it is taken only for a file in which the reader found broken quoting, mixed line breaks or
bytes that are not UTF-8. The file is copied row by row: sound rows into a clean file that DuckDB reads,
malformed ones beside it, by the rules of `domain.records`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crime_pipelines.domain.records import join_record, records
from crime_pipelines.domain.schema import Reason
from crime_pipelines.sources import SourceFile

_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Repaired:
    """A file after repair.

    Attributes:
        path: the clean copy, with headings, UTF-8, ``\\n``.
        malformed: a CSV file of reason, source file and raw row; without headings.
        malformed_rows: how many rows it holds.
        undecodable_rows: sound rows in which bytes that are not UTF-8 were replaced.
    """

    path: Path
    malformed: Path
    malformed_rows: int
    undecodable_rows: int


def repair(file: SourceFile, scratch: Path, name: str) -> Repaired:
    """Copy a file's sound rows, and set its malformed ones aside.

    Args:
        file: the file.
        scratch: a folder for the copies.
        name: a name for them, free in that folder.

    Returns:
        Where the copies are. Memory use is bounded; disk use is the file's unpacked size.

    Raises:
        InputError: the file can't be read.
        OSError: the copies can't be written.
    """
    clean, malformed = scratch / f"{name}.csv", scratch / f"{name}.malformed.csv"
    bad = undecodable = 0
    with (
        file.open() as raw,
        io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="") as text,
        clean.open("w", encoding="utf-8", newline="") as sound,
        malformed.open("w", encoding="utf-8", newline="") as aside,
    ):
        lines: Iterator[str] = iter(text)
        next(lines)  # the headings
        sound.write(join_record(file.headings) + "\n")
        for record in records(lines, len(file.headings)):
            if record.sound:
                undecodable += _REPLACEMENT in record.text
                sound.write(record.text + "\n")
            else:
                bad += 1
                aside.write(join_record((Reason.MALFORMED_ROW, file.uri, record.text)) + "\n")
    return Repaired(clean, malformed, bad, undecodable)
