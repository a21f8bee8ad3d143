"""Errors that end a run with one clear line instead of a traceback."""

from __future__ import annotations


class PipelineError(Exception):
    """Something that the user can mend; its text is one line that says what and where.

    Attributes:
        exit_code: the process's exit code.
    """

    exit_code = 1


class InputError(PipelineError):
    """The input can't be read, or is not what the pipeline reads."""

    exit_code = 2
