"""Reading batches of files with DuckDB: one pass that parses, types and writes all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from crime_pipelines.csv_sql import csv_relation, damaged_sql, quoted, rows_sql, wrong_width_sql
from crime_pipelines.domain.schema import Reason
from crime_pipelines.raw_rows import CARRIERS
from crime_pipelines.sources import SourceFile

#: A rejected row has no year, so it ends up here (see `csv_sql`).
REJECTED_PARTITION: Final = "year=__HIVE_DEFAULT_PARTITION__"
#: How incidents are written. Columns of words have some hundred of them. Ids, coordinates and blocks have so
#: many that DuckDB's own limit, a fifth of a row group, has it make dictionaries only to throw them away.
INCIDENTS_FORMAT: Final = "FORMAT parquet, DICTIONARY_SIZE_LIMIT 1000"


@dataclass(frozen=True, slots=True)
class Batch:
    """Files with the same headings, read in one statement.

    Attributes:
        number: its number, which its output files carry.
        files: the files, as the user named them.
        paths: where each lies on this machine.
    """

    number: int
    files: tuple[SourceFile, ...]
    paths: tuple[Path, ...]

    def only(self, paths: set[Path], number: int) -> Batch:
        """Some of the batch's files as a batch of their own.

        Args:
            paths: where those files lie.
            number: the new batch's number.

        Returns:
            The batch.
        """
        chosen = [(file, path) for file, path in zip(self.files, self.paths, strict=True) if path in paths]
        return Batch(number, tuple(file for file, _ in chosen), tuple(path for _, path in chosen))


class NeedsRepairError(Exception):
    """Some files can't be read in one pass.

    Attributes:
        paths: those files.
    """

    def __init__(self, paths: set[Path]) -> None:
        """Remember the files.

        Args:
            paths: the files.
        """
        super().__init__(f"{len(paths)} files need repair")
        self.paths = paths


def batches(files: Sequence[SourceFile], paths: Sequence[Path]) -> list[Batch]:
    """Put files of the same headings together.

    Args:
        files: the files.
        paths: where each lies on this machine.

    Returns:
        The batches.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for at, file in enumerate(files):
        groups.setdefault((file.headings, file.gzipped), []).append(at)
    return [
        Batch(number, tuple(files[at] for at in group), tuple(paths[at] for at in group))
        for number, group in enumerate(groups.values())
    ]


def read(connection: duckdb.DuckDBPyConnection, batch: Batch, incidents: Path, shift_years: int) -> int:
    """Read a batch into the folder of incidents, rejected rows into its `REJECTED_PARTITION`.

    Rows of the wrong width are left in the table ``wrong_width_<number>`` (path, raw_row).

    Args:
        connection: an open database.
        batch: the files.
        incidents: the folder to write Parquet into, partitioned by year.
        shift_years: calendar years to move dates by.

    Returns:
        The number of rows written, rejected ones among them.

    Raises:
        NeedsRepairError: nothing of the batch was kept; some files need repair first.
        duckdb.Error: the files can't be read, or the folder can't be written.
    """
    if any(file.line_break == "\r" for file in batch.files):
        raise NeedsRepairError(
            {path for file, path in zip(batch.files, batch.paths, strict=True) if file.line_break == "\r"}
        )
    errors, scans = f"errors_{batch.number}", f"scans_{batch.number}"
    for table in (errors, scans):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    try:
        row = connection.execute(
            f"COPY ({_select(batch, shift_years, errors, scans)}) TO {quoted(incidents)} "
            f"({INCIDENTS_FORMAT}, PARTITION_BY (year), FILENAME_PATTERN 'batch{batch.number}_{{i}}', "
            f"OVERWRITE_OR_IGNORE)"
        ).fetchone()
        damaged = connection.execute(damaged_sql(errors, scans)).fetchall()
    except duckdb.InvalidInputException as error:
        # The reader gave up on a file: mixed line breaks, for one. It names the file on a line of its own.
        named = {Path(line.partition("=")[2].strip()) for line in str(error).splitlines() if "file =" in line}
        _forget(incidents, batch)
        raise NeedsRepairError((named & set(batch.paths)) or set(batch.paths)) from error
    if damaged:
        _forget(incidents, batch)
        raise NeedsRepairError({Path(path) for (path,) in damaged})
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE wrong_width_{batch.number} AS {wrong_width_sql(errors, scans)}"
    )
    return int(row[0]) if row else 0


def _forget(incidents: Path, batch: Batch) -> None:
    for path in incidents.glob(f"*/batch{batch.number}_*"):
        path.unlink()


def _select(batch: Batch, shift_years: int, errors: str, scans: str) -> str:
    first = batch.files[0]
    width = len(first.headings)
    relation = csv_relation(
        batch.paths, width, headings=True, gzipped=first.gzipped, errors=errors, scans=scans
    )
    return rows_sql(relation, width, first.columns, shift_years)


def malformed_union(number: int, files: dict[Path, str]) -> str:
    """A SELECT of the rows of the wrong width that `read` set aside, as reason, source_file and raw_row.

    Args:
        number: the batch's number.
        files: how the user named each file that was read.

    Returns:
        The SELECT.
    """
    return (
        f"SELECT {quoted(Reason.MALFORMED_ROW)} AS reason, {_named('path', files)} AS source_file, raw_row "
        f"FROM wrong_width_{number}"
    )


def _named(column: str, files: dict[Path, str]) -> str:
    paths = ", ".join(quoted(path) for path in files)
    names = ", ".join(quoted(name) for name in files.values())
    return f"MAP([{paths}], [{names}])[{column}]"


def rejected_select(partition: Path, files: dict[Path, str]) -> str:
    """A SELECT of the rejected rows that travelled with the incidents, as reason, source_file and raw_row.

    Args:
        partition: their partition.
        files: how the user named each file that was read.

    Returns:
        The SELECT.
    """
    return (
        f"SELECT {CARRIERS['reason']} AS reason, {_named(CARRIERS['source_file'], files)} AS source_file, "
        f"{CARRIERS['raw_row']} AS raw_row "
        f"FROM read_parquet({quoted(partition / '*.parquet')}, hive_partitioning = false)"
    )
