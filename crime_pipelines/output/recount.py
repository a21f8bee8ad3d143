"""Counting the rows of a run's source files again, for `check --source`."""

from __future__ import annotations

from pathlib import PurePosixPath

from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import BUNDLED, layout_named
from crime_pipelines.output.record import RunRecord
from crime_pipelines.sources import SPOOLED, resolve


def recount(record: RunRecord, source: str, layout: str | None = None) -> str | None:
    """Hold a run's row counts against its source files as they are now.

    Args:
        record: what the run said of itself.
        source: the SOURCE, perhaps in another place than when it was read.
        layout: its layout, by its name or its TOML file; the run's unless given.

    Returns:
        What is wrong, in one line; None if each file has as many rows as the run read of it.

    Raises:
        InputError: SOURCE can't be read, or the layout can't, or SOURCE is of another department.
    """
    files = resolve(source, layout=_layout(record, layout))
    department = files[0].layout.department
    # A layout of one's own is of another department once its file is called otherwise.
    if layout is None and department != record.department:
        raise InputError(
            f"{source}: is of the department {department} (layout {files[0].layout}), and the output is of "
            f"{record.department} (layout {record.layout}); name the SOURCE that it was made from"
        )
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


def _layout(record: RunRecord, named: str | None) -> Layout | None:
    """Return the layout to read SOURCE by; None where its headings tell it."""
    try:
        layout = layout_named(named or record.layout)
    except InputError as error:
        if named or record.layout in BUNDLED:
            raise
        raise InputError(f"{error}; it is the output's layout: say by --layout where it is now") from error
    return layout if named or not layout.is_told_by_headings else None
