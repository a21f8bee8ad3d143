"""Errors that end a run with one clear line instead of a traceback."""

from __future__ import annotations

from collections.abc import Mapping


class PipelineError(Exception):
    """Something that the user can mend; its text is one line that says what and where.

    Attributes:
        exit_code: the process's exit code.
    """

    exit_code = 1


class InputError(PipelineError):
    """The input can't be read, or is not what the pipeline reads."""

    exit_code = 2


def no_incident(source: str, rejected: Mapping[str, int]) -> InputError:
    """The error of a source that no incident comes of.

    Args:
        source: the source as given.
        rejected: its rows, by the reason why they can't be incidents.

    Returns:
        The error, to be raised.
    """
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in rejected.items())
    return InputError(f"{source}: no row is an incident ({reasons or 'there are no rows'})")
