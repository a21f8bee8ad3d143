"""Rows of CSV as typed incidents and rejects, by one statement of DuckDB."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from crime_pipelines.beam.arrow import query
from crime_pipelines.domain.fields import Reason
from crime_pipelines.engines.duckdb.csv_scan import CSVOptions, csv_relation, rows_sql
from crime_pipelines.engines.reject_columns import CARRIERS
from crime_pipelines.errors import PipelineError
from crime_pipelines.schema.incidents import INCIDENTS, LAKE_REJECTS
from crime_pipelines.schema.row_counts import FileRows, RowCounts
from crime_pipelines.sources import SourceFile

#: The schemas of tables of versions and of rejects.
INCIDENTS_SCHEMA: Final = INCIDENTS.arrow_schema()
REJECTS_SCHEMA: Final = LAKE_REJECTS.arrow_schema()
_UTF8_BOM: Final = b"\xef\xbb\xbf"


class ReadRows(NamedTuple):
    """The rows of a piece of a file.

    Attributes:
        incidents: versions of incidents, of schema `INCIDENTS_SCHEMA`.
        rejects: rows that can't be incidents, of schema `REJECTS_SCHEMA`.
        undecodable: sound rows with bytes that are not UTF-8, which were replaced.
    """

    incidents: pa.Table
    rejects: pa.Table
    undecodable: int

    @property
    def number(self) -> int:
        """Rows read."""
        return int(self.incidents.num_rows + self.rejects.num_rows)

    def row_counts(self, file: SourceFile) -> RowCounts:
        """Count these rows, before versions are compared.

        Args:
            file: the file that they stand in.

        Returns:
            The row counts; nothing has counted them apart from the reader.
        """
        unreadable = pc.value_counts(self.incidents["unreadable"].drop_null()).to_pylist()
        warnings: Counter[str] = Counter()
        for each in unreadable:
            for field in each["values"].split(","):
                warnings[field] += each["counts"]
        if self.undecodable:
            warnings["encoding"] += self.undecodable
        reasons = pc.value_counts(self.rejects["reason"]).to_pylist()
        return RowCounts(
            [FileRows(file.uri, file.size, file.modified, 0, self.number)],
            0,
            0,
            {each["values"]: each["counts"] for each in reasons},
            dict(warnings),
        )


def type_rows(
    pieces: Sequence[bytes], file: SourceFile, shift_years: int, options: CSVOptions
) -> list[pa.Table] | None:
    """Type rows in one statement: to plan it takes longer than to read a small file.

    Args:
        pieces: whole rows, without headings; each piece of one file.
        file: the file that they stand in, or one of the same headings and layout.
        shift_years: calendar years to move dates by.
        options: how DuckDB reads them.

    Returns:
        The rows of each piece, rejected ones as `reject_columns.CARRIERS` says; None if DuckDB can't read
        them.

    Raises:
        PipelineError: they can't be put where DuckDB finds them.
    """
    width = len(file.headings)
    with tempfile.TemporaryDirectory(prefix="crime-rows-") as folder:
        paths = [Path(folder, f"{number:06d}.csv") for number in range(len(pieces))]
        try:
            for path, data in zip(paths, pieces, strict=True):
                with path.open("wb") as out:
                    if data.startswith(_UTF8_BOM):  # DuckDB drops the first; in a row it is a character
                        out.write(_UTF8_BOM)
                    out.write(data)
        except OSError as error:
            raise PipelineError(f"{tempfile.gettempdir()}: can't be written ({error.strerror})") from error
        also = ["path"] if len(pieces) > 1 else []
        scan = csv_relation(paths, width, options)
        try:
            rows = query(rows_sql(scan, width, file.columns, shift_years, also, file.layout))
        except duckdb.InvalidInputException:
            return None
    if len(pieces) == 1:
        return [rows]
    rows = rows.sort_by("path")
    numbers = {each["values"]: each["counts"] for each in pc.value_counts(rows["path"]).to_pylist()}
    rows = rows.drop_columns("path")
    tables: list[pa.Table] = []
    start = 0
    for path in paths:
        number = numbers.get(str(path), 0)
        tables.append(rows.slice(start, number))
        start += number
    return tables


def separate_rejects(
    rows: pa.Table | None, malformed: Sequence[str], file: SourceFile, undecodable: int = 0
) -> ReadRows:
    """Separate incidents and rejects.

    Args:
        rows: rows as `type_rows` gives them, if there are any.
        malformed: malformed rows.
        file: the file that they stand in.
        undecodable: as for `ReadRows`.

    Returns:
        The rows.
    """
    incidents = INCIDENTS_SCHEMA.empty_table()
    rejects = [
        _rejects(
            pa.repeat(Reason.MALFORMED_ROW.value, len(malformed)), file, pa.array(malformed, pa.string())
        )
    ]
    if rows is not None:
        is_reject = pc.is_null(rows["year"])
        rejected = rows.filter(is_reject)
        incidents = (rows.filter(pc.invert(is_reject)) if rejected.num_rows else rows).cast(INCIDENTS_SCHEMA)
        rejects.insert(0, _rejects(rejected[CARRIERS["reason"]], file, rejected[CARRIERS["raw_row"]]))
    return ReadRows(incidents, pa.concat_tables(rejects), undecodable)


def _rejects(
    reasons: pa.ChunkedArray | pa.Array, file: SourceFile, rows: pa.ChunkedArray | pa.Array
) -> pa.Table:
    columns = [reasons.cast(pa.string()), pa.repeat(file.uri, len(rows)), rows]
    return pa.Table.from_arrays(columns, schema=REJECTS_SCHEMA)
