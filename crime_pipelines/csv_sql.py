"""CSV through DuckDB: its reader, what that can't be trusted with, and the statement that types rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from crime_pipelines.domain.dialect import DUCKDB
from crime_pipelines.domain.reading import read_incidents_sql
from crime_pipelines.domain.records import GREATEST_RECORD, join_record_sql
from crime_pipelines.raw_rows import carrying_sql, raw_columns

#: What DuckDB calls a row with too few or too many fields; anything else it finds calls for the careful way.
_WRONG_WIDTH: Final = ("MISSING COLUMNS", "TOO MANY COLUMNS")
_WITHOUT_BREAK: Final = "RTRIM(csv_line, chr(10) || chr(13))"


def quoted(text: object) -> str:
    """A text as DuckDB's string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def csv_relation(
    paths: Sequence[Path], width: int, *, headings: bool, gzipped: bool, errors: str, scans: str
) -> str:
    """The raw rows of files of the same headings.

    Args:
        paths: where the files lie on this machine.
        width: the number of headings.
        headings: whether the files' first line holds the headings.
        gzipped: whether the files are packed with gzip.
        errors: the name of a table to make, of what the reader stumbled over.
        scans: the name of a table to make, of the files it read.

    Returns:
        A SQL table expression of the columns that `raw_columns` names, all of them text, and `path`.
    """
    declared = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in raw_columns(width))
    # No new_line and no strict_mode: named together they make this reader drop rows of CRLF files in silence.
    return (
        f"read_csv([{', '.join(map(quoted, paths))}], columns = {{{declared}}}, "
        f"header = {str(headings).lower()}, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        f"compression = '{'gzip' if gzipped else 'none'}', filename = 'path', store_rejects = true, "
        f"rejects_table = '{errors}', rejects_scan = '{scans}', max_line_size = {GREATEST_RECORD})"
    )


def rows_sql(relation: str, width: int, columns: Sequence[tuple[str, int]], shift_years: int) -> str:
    """The statement that makes incidents, or rejects, of raw rows.

    Args:
        relation: a SQL table expression of raw rows, as `csv_relation` gives them.
        width: the number of headings.
        columns: for each field that the files have, the position of its column.
        shift_years: calendar years to move dates by.

    Returns:
        A SELECT of `schema.COLUMNS`, rejected rows as `raw_rows.CARRIERS` says; `source_file` holds the path.
    """
    names = raw_columns(width)
    known = {"reason": "reject_reason", "source_file": "path", "raw_row": join_record_sql(names)}
    outer = carrying_sql("reject_reason", known)
    raw = {name: names[at] for name, at in columns}
    read = read_incidents_sql(relation, raw, DUCKDB, shift_years, also=["path", *names])
    return f"SELECT {', '.join(outer)} FROM ({read}) AS rows_read"


def damaged_sql(errors: str, scans: str) -> str:
    """The files that can't be trusted to this reader.

    Args:
        errors: as for `csv_relation`, which has been read.
        scans: likewise.

    Returns:
        A SELECT of their paths.
    """
    return (
        f"SELECT DISTINCT file_path FROM {errors} JOIN {scans} USING (scan_id, file_id) "
        f"WHERE error_type NOT IN {_WRONG_WIDTH} "
        f"OR CONTAINS({_WITHOUT_BREAK}, chr(10)) OR CONTAINS({_WITHOUT_BREAK}, chr(13))"
    )


def wrong_width_sql(errors: str, scans: str) -> str:
    """The rows of the wrong width, which the reader left out; to be asked where no file is damaged.

    Args:
        errors: as for `csv_relation`, which has been read.
        scans: likewise.

    Returns:
        A SELECT of path and raw_row.
    """
    # The reader notes one error for each column too many.
    return (
        f"SELECT file_path AS path, ANY_VALUE({_WITHOUT_BREAK}) AS raw_row "
        f"FROM {errors} JOIN {scans} USING (scan_id, file_id) GROUP BY file_path, line_byte_position"
    )
