"""CSV through DuckDB: its reader, and the statement that types rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crime_pipelines.domain.dialect import DUCKDB
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.mapping import MappedColumn, mapped_sql
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.records.csv_records import fields_of, join_record, join_record_sql
from crime_pipelines.domain.records.csv_splitter import GREATEST_RECORD, Record
from crime_pipelines.domain.versions import read_versions_sql
from crime_pipelines.engines.reject_columns import carrying_sql, raw_columns
from crime_pipelines.support.duckdb_paths import quoted, without_wildcards

#: DuckDB refuses some records of just the size that it is told to be the greatest.
_MAX_LINE_SIZE: Final = 2 * GREATEST_RECORD
_REPLACEMENT: Final = "\ufffd"
_ESCAPE: Final = "\x10"
#: What is written behind `_ESCAPE` in place of a character.
_ESCAPES: Final = {_ESCAPE: "0", "\n": "n", "\r": "r"}


@dataclass(frozen=True, slots=True)
class CSVOptions:
    """DuckDB's options for reading CSV.

    Attributes:
        headings: whether the first line holds the headings.
        strict: whether a line that does not fit is an error; it is passed over otherwise.
        are_escaped: whether the fields are `escaped`.
    """

    headings: bool = True
    strict: bool = False
    are_escaped: bool = False


def csv_relation(paths: Sequence[Path], width: int, options: CSVOptions) -> str:
    """Express the raw rows of files of the same number of headings as a table.

    Args:
        paths: where the files lie on this machine, unpacked.
        width: the number of headings.
        options: how to read them.

    Returns:
        A SQL table expression of the columns that `raw_columns` names, all of them text, and `path`.
    """
    declared = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in raw_columns(width))
    names = (quoted(without_wildcards(str(path))) for path in paths)
    # No new_line and no strict_mode: named together they make this reader drop rows of CRLF files in silence.
    # No store_rejects: with it, a row of thousands of fields too many takes minutes and gigabytes.
    scan = (
        f"read_csv([{', '.join(names)}], columns = {{{declared}}}, "
        f"header = {_boolean(options.headings)}, auto_detect = false, "
        f"delim = ',', quote = '\"', escape = '\"', "
        f"compression = 'none', filename = 'path', hive_partitioning = false, "
        f"ignore_errors = {_boolean(not options.strict)}, "
        f"max_line_size = {_MAX_LINE_SIZE})"
    )
    if not options.are_escaped:
        return scan
    columns = ", ".join(f"{_unescaped_sql(name)} AS {name}" for name in raw_columns(width))
    return f"(SELECT {columns}, path FROM {scan})"


def escaped(field: str) -> str:
    """Write a field without line breaks.

    Args:
        field: the field.

    Returns:
        The field, line breaks and the escaping character itself in two characters each.
    """
    for sign, code in _ESCAPES.items():
        if sign in field:
            field = field.replace(sign, _ESCAPE + code)
    return field


def strict_line(record: Record, width: int) -> tuple[bytes, bool]:
    """Write a sound row in the one form that all readers of CSV agree on, as `are_escaped` says.

    Args:
        record: the row.
        width: the number of headings.

    Returns:
        The line in UTF-8, with its line feed, and whether bytes that are not UTF-8 were replaced.
    """
    if record.is_plain and record.data.isascii():
        return record.data + b"\n", False
    text = record.text
    fields = fields_of(text, width)
    if fields is None:
        raise AssertionError(f"a sound row has no {width} fields")
    return (join_record([escaped(field) for field in fields]) + "\n").encode(), _REPLACEMENT in text


def _unescaped_sql(column: str) -> str:
    text = column
    # The escaping character comes back last, as it was written first.
    for sign, code in reversed(_ESCAPES.items()):
        text = f"REPLACE({text}, CHR({ord(_ESCAPE)}) || '{code}', CHR({ord(sign)}))"
    return f"CASE WHEN CONTAINS({column}, CHR({ord(_ESCAPE)})) THEN {text} ELSE {column} END"


def _boolean(value: bool) -> str:
    return str(value).lower()


def rows_sql(
    relation: str,
    width: int,
    columns: Sequence[tuple[str, MappedColumn]],
    shift_years: int,
    also: Sequence[str] = (),
    layout: Layout = CHICAGO,
) -> str:
    """Write the statement that makes versions of incidents, or rejects, of raw rows.

    Args:
        relation: a SQL table expression of raw rows, as `csv_relation` gives them.
        width: the number of headings.
        columns: for each field that the files have, the columns that it is made of.
        shift_years: calendar years to move dates by.
        also: further columns of the relation to select.
        layout: the files' layout.

    Returns:
        A SELECT of `schema.COLUMNS`, rejected rows as `reject_columns.CARRIERS` says, with the path as file.
    """
    names = raw_columns(width)
    known = {"reason": "reject_reason", "source_file": "path", "raw_row": join_record_sql(names)}
    outer = [*carrying_sql("reject_reason", known), *also]
    passed_on = ["path", *names]
    mapped, raw = mapped_sql(relation, columns, names, DUCKDB, passed_on)
    read = read_versions_sql(mapped, raw, DUCKDB, shift_years, passed_on, layout)
    return f"SELECT {', '.join(outer)} FROM ({read}) AS rows_read"
