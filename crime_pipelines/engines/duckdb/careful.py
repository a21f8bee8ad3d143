"""The careful way to read a file: row by row, by the rules of `domain.records.csv_records`.

It takes a file that DuckDB can't be trusted with (odd quoting, mixed line breaks, bytes that are not UTF-8)
or that DuckDB has read wrongly. Sound rows are written again in the one form that all readers of CSV agree
on, a line for each: DuckDB has failed at fields that hold line breaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import duckdb
import numpy as np

from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.engines.duckdb.csv_scan import strict_line
from crime_pipelines.sources.file import SourceFile

#: The table of malformed rows: reason, source_file, raw_row.
MALFORMED: Final = "malformed_rows"
#: Characters of malformed rows that are held in memory.
_HELD: Final = 1 << 22


@dataclass(slots=True)
class CarefulRows:
    """The findings in a file.

    Attributes:
        sound: rows with a field for each heading.
        malformed: the others.
        undecodable: sound rows in which bytes that are not UTF-8 were replaced.
    """

    sound: int = 0
    malformed: int = 0
    undecodable: int = 0


class MalformedRows:
    """Malformed rows on their way into the table `MALFORMED`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the table.

        Args:
            connection: an open database.
        """
        self._connection = connection
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {MALFORMED} (reason VARCHAR, source_file VARCHAR, raw_row VARCHAR)"
        )

    def replace(self, uri: str, rows: Iterator[str]) -> int:
        """Keep a file's malformed rows, instead of any that were kept of it before.

        Args:
            uri: how the user named the file.
            rows: its malformed rows; memory for some millions of characters of them is taken.

        Returns:
            Their number.

        Raises:
            duckdb.Error: they can't be kept.
        """
        self._connection.execute(f"DELETE FROM {MALFORMED} WHERE source_file = ?", [uri])
        number = 0
        held: list[str] = []
        size = 0
        for row in rows:
            held.append(row)
            size += len(row)
            if size >= _HELD:
                number += self._insert(uri, held)
                held, size = [], 0
        return number + self._insert(uri, held)

    def _insert(self, uri: str, rows: list[str]) -> int:
        if rows:
            self._connection.register("rows_to_keep", {"raw_row": np.array(rows, dtype=object)})
            try:
                self._connection.execute(
                    f"INSERT INTO {MALFORMED} SELECT '{Reason.MALFORMED_ROW}', ?, raw_row FROM rows_to_keep",
                    [uri],
                )
            finally:
                self._connection.unregister("rows_to_keep")
        return len(rows)


def go_through(file: SourceFile, malformed: MalformedRows, clean: Path | None = None) -> CarefulRows:
    """Go through a file row by row and keep its malformed rows.

    Args:
        file: the file.
        malformed: where its malformed rows go.
        clean: where to write its sound rows: UTF-8, ``\\n``, strict quoting, `csv_scan.escaped`, no headings.

    Returns:
        What was found. Memory use is bounded; disk use is the file's size.

    Raises:
        OSError: the file can't be read, or the copy can't be written.
        duckdb.Error: malformed rows can't be kept.
    """
    width = len(file.headings)
    found = CarefulRows()
    with file.open_rows() as rows:
        if clean is None:
            found.malformed = malformed.replace(file.uri, _parted(rows, width, found, None))
        else:
            with clean.open("wb") as sound:
                found.malformed = malformed.replace(file.uri, _parted(rows, width, found, sound))
    return found


def _parted(rows: Iterable[bytes], width: int, found: CarefulRows, sound: BinaryIO | None) -> Iterator[str]:
    """Malformed rows; sound ones are counted and copied on the way."""
    for record in records(rows, width):
        if not record.sound:
            yield record.text
            continue
        found.sound += 1
        if sound is not None:
            line, is_replaced = strict_line(record, width)
            sound.write(line)
            found.undecodable += is_replaced
