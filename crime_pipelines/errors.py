"""Errors that end a run with one clear line instead of a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: The end of every command on Windows, and of a run from Python: see docs/decisions/0018.
ON_WINDOWS: Final = "Windows is not supported; crime-pipelines runs inside WSL (wsl --install)"


class PipelineError(Exception):
    """An error that the user can mend; its text is one line that says what, where and what to do.

    Attributes:
        exit_code: the process's exit code.
    """

    exit_code = 1


class InputError(PipelineError):
    """The input can't be read, or is not what the pipeline reads."""

    exit_code = 2


class GateError(PipelineError):
    """More rows are rejected than may be."""

    exit_code = 3


def no_incident(source: str, rejected: Mapping[str, int], deleted: int = 0) -> InputError:
    """Make the error for a source in which no row is a valid incident.

    Args:
        source: the source as given.
        rejected: its rows, by the reason why they can't be incidents.
        deleted: incidents that it says are deleted.

    Returns:
        The error, to be raised.
    """
    counts = {**rejected, **({"deleted": deleted} if deleted else {})}
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
    return InputError(f"{source}: no row is an incident ({reasons or 'there are no rows'})")


def rows_lost(source: str, counted: int, read: int) -> PipelineError:
    """Make the error of a file of which rows were lost, or read twice.

    Args:
        source: the file.
        counted: its rows, counted apart from the reader.
        read: the rows that the reader made something of.

    Returns:
        The error, to be raised.
    """
    return PipelineError(
        f"{source}: {counted:,} rows were counted, but {read:,} were read; nothing was written. "
        "This is a fault of crime-pipelines: please report it"
    )
