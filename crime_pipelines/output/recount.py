"""Counting the rows of a run's source files again, for `check --source`."""

from __future__ import annotations

from pathlib import PurePosixPath

from crime_pipelines.layouts import layout_named
from crime_pipelines.output.record import RunRecord
from crime_pipelines.sources import SPOOLED, resolve


def recount(record: RunRecord, source: str) -> str | None:
    """Hold a run's row counts against its source files as they are now.

    Args:
        record: what the run said of itself.
        source: the SOURCE, perhaps in another place than when it was read.

    Returns:
        What is wrong, in one line; None if each file has as many rows as the run read of it.

    Raises:
        InputError: SOURCE can't be read.
    """
    files = resolve(source, layout=layout_named(record.layout))
    read = {file.name: file for file in record.files}
    if len(files) == 1 and [*read] == [SPOOLED]:
        read = {files[0].uri: record.files[0]}  # what was piped in had no name
    if set(read) != {file.uri for file in files}:
        # moved: the same files under other folders
        read = {PurePosixPath(name).name: file for name, file in read.items()}
    problems: list[str] = []
    for file in files:
        before = read.pop(file.uri, None) or read.pop(PurePosixPath(file.uri).name, None)
        if before is None:
            problems.append(f"{file.uri} was not read")
            continue
        rows = file.count_rows().rows
        if rows != before.rows_read:
            problems.append(f"{file.uri} has {rows:,} rows, but {before.rows_read:,} were read")
    problems += [f"{file.name} was read and is not there" for file in read.values()]
    return "; ".join(problems) or None
