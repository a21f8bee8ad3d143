"""Outputs of earlier runs, told by their `run.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

#: The file in which a run says what it read and wrote.
RECORD: Final = "run.json"
#: The folder of an output's incidents.
INCIDENTS: Final = "incidents"
#: A record of more bytes is none of ours.
_GREATEST: Final = 256 << 20


def read_record(text: bytes) -> Mapping[str, Any] | None:
    """Read the record of a run or a demo.

    Args:
        text: the content of a file called `RECORD`.

    Returns:
        The record; None if another program wrote it.
    """
    if len(text) > _GREATEST:
        return None
    try:
        record = json.loads(text)
        is_ours = "crime-pipelines" in record["versions"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if is_ours and isinstance(record, dict) else None


def files_written(record: Mapping[str, Any] | None) -> frozenset[str]:
    """Find the files that a run wrote into its output folder.

    Args:
        record: the run's record; None if there is none.

    Returns:
        Their paths inside the folder; none where the record does not list them.
    """
    names = record.get("files_written") if record else None
    return (
        frozenset(names)
        if isinstance(names, list) and all(isinstance(name, str) for name in names)
        else frozenset()
    )


def layout_of(path: str, read: Callable[[str], bytes]) -> str | None:
    """Find the layout of the incidents that a run wrote.

    Args:
        path: a file below the folder of the output's incidents.
        read: reads the content of a file.

    Returns:
        The layout's name, or the file that describes it; None where no output of ours is around the file.
    """
    for folder in PurePosixPath(path).parents:
        if folder.name == INCIDENTS:
            try:
                record = read_record(read(str(folder.parent / RECORD)))
            except OSError:
                continue
            layout = record.get("layout") if record else None
            return layout if isinstance(layout, str) else None
    return None


def parquet_written(folder: Path, inside: str) -> list[str] | None:
    """Find the Parquet files that a run wrote into a folder of its output.

    Args:
        folder: the output.
        inside: the folder in it.

    Returns:
        Their paths inside that folder; None while the output has no record that lists them, and where one of
        them is gone: then what is there instead is looked at.
    """
    try:
        written = files_written(read_record((folder / RECORD).read_bytes()))
    except OSError:
        return None
    names = [name.removeprefix(f"{inside}/") for name in sorted(written) if name.startswith(f"{inside}/")]
    names = [name for name in names if name.endswith(".parquet")]
    is_whole = all((folder / inside / name).is_file() for name in names)
    return names if written and is_whole else None
