"""From a chunk of CSV to typed incidents and rejects: one statement of DuckDB, or the careful way."""

from __future__ import annotations

import io
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from crime_pipelines.beam.tables import INCIDENTS, REJECTS, database, query
from crime_pipelines.csv_sql import (
    csv_relation,
    damaged_sql,
    rows_sql,
    wrong_width_sql,
)
from crime_pipelines.domain.records import records
from crime_pipelines.domain.schema import Reason
from crime_pipelines.engine import Ingested
from crime_pipelines.errors import InputError
from crime_pipelines.raw_rows import CARRIERS
from crime_pipelines.sources import SourceFile

_ERRORS: Final = "chunk_errors"
_SCANS: Final = "chunk_scans"
_REPLACEMENT: Final = "\ufffd"


class ReadRows(NamedTuple):
    """What a chunk of a file holds.

    Attributes:
        incidents: versions of incidents, of schema `tables.INCIDENTS`.
        rejects: rows that can't be incidents, of schema `tables.REJECTS`.
        undecodable: sound rows with bytes that are not UTF-8, which were replaced.
    """

    incidents: pa.Table
    rejects: pa.Table
    undecodable: int

    def account(self) -> Ingested:
        """These rows counted, before versions are compared."""
        unreadable = pc.value_counts(self.incidents["unreadable"].drop_null()).to_pylist()
        warnings: Counter[str] = Counter()
        for each in unreadable:
            for field in each["values"].split(","):
                warnings[field] += each["counts"]
        if self.undecodable:
            warnings["encoding"] += self.undecodable
        reasons = pc.value_counts(self.rejects["reason"]).to_pylist()
        return Ingested(
            self.incidents.num_rows + self.rejects.num_rows,
            0,
            0,
            {each["values"]: each["counts"] for each in reasons},
            dict(warnings),
        )


def read_rows(data: bytes, file: SourceFile, shift_years: int) -> ReadRows:
    """Read a chunk of a file.

    Args:
        data: whole rows, as they stand in the file, without headings.
        file: the file.
        shift_years: calendar years to move dates by.

    Returns:
        The rows.

    Raises:
        InputError: the rows can't be read.
    """
    quick = _quickly(data, file, shift_years) if _is_usual(data) else None
    return quick or _carefully(data, file, shift_years)


def _is_usual(data: bytes) -> bool:
    """Whether every line ends in the same break: in what ends otherwise the reader loses rows."""
    returns = data.count(b"\r")
    return not returns or returns == data.count(b"\r\n") == data.count(b"\n")


def _quickly(data: bytes, file: SourceFile, shift_years: int) -> ReadRows | None:
    """Read rows in one statement; None if the reader stumbles over them."""
    if not data:
        return ReadRows(INCIDENTS.empty_table(), REJECTS.empty_table(), 0)
    connection = database()
    for table in (_ERRORS, _SCANS):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    handle, name = tempfile.mkstemp(prefix="crime-rows-", suffix=".csv")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        relation = csv_relation(
            [Path(name)], len(file.headings), headings=False, gzipped=False, errors=_ERRORS, scans=_SCANS
        )
        rows = query(rows_sql(relation, len(file.headings), file.columns, shift_years))
        if query(damaged_sql(_ERRORS, _SCANS)).num_rows:
            return None
        malformed = query(wrong_width_sql(_ERRORS, _SCANS))["raw_row"]
    except duckdb.InvalidInputException:
        return None  # the reader gave up
    finally:
        Path(name).unlink()
    is_reject = pc.is_null(rows["year"])
    rejected = rows.filter(is_reject)
    incidents = rows.filter(pc.invert(is_reject)) if rejected.num_rows else rows
    rejects = pa.concat_tables(
        [
            _rejects(rejected[CARRIERS["reason"]], file, rejected[CARRIERS["raw_row"]]),
            _rejects(pa.repeat(Reason.MALFORMED_ROW.value, len(malformed)), file, malformed),
        ]
    )
    return ReadRows(incidents.cast(INCIDENTS), rejects, 0)


def _rejects(
    reasons: pa.ChunkedArray | pa.Array, file: SourceFile, rows: pa.ChunkedArray | pa.Array
) -> pa.Table:
    columns = [reasons.cast(pa.string()), pa.repeat(file.uri, len(rows)), rows]
    return pa.Table.from_arrays(columns, schema=REJECTS)


def _carefully(data: bytes, file: SourceFile, shift_years: int) -> ReadRows:
    """Read rows one by one by the domain's rules, then the sound ones in one statement."""
    sound = io.StringIO()
    malformed: list[str] = []
    undecodable = 0
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace", newline="")
    for record in records(lines, len(file.headings)):
        if record.sound:
            undecodable += _REPLACEMENT in record.text
            sound.write(record.text + "\n")
        else:
            malformed.append(record.text)
    rows = _quickly(sound.getvalue().encode(), file, shift_years)
    if rows is None:
        raise InputError(f"{file.uri}: can't be read, not even row by row")
    aside = _rejects(
        pa.repeat(Reason.MALFORMED_ROW.value, len(malformed)), file, pa.array(malformed, pa.string())
    )
    return ReadRows(rows.incidents, pa.concat_tables([rows.rejects, aside]), undecodable)
