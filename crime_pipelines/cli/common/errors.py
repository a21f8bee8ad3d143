"""The end of the command line: exit codes, and the last message in the format of the logs."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Final

import click

from crime_pipelines.errors import PipelineError
from crime_pipelines.support.logs import CloudFormatter

#: Every exit code, and what it means.
EXIT_CODES: Final = {
    0: "Done.",
    1: "Something went wrong on the way, such as a full disk; of `check`, the output is not sound; of "
    "`localcloud status`, it is not up.",
    2: "The input can't be read, the call is wrong, or this machine lacks something.",
    3: "More rows are rejected than `--max-rejected` allows; nothing was written.",
    129: "The terminal was closed (SIGHUP); nothing was changed.",
    130: "Interrupted with Ctrl-C (SIGINT); nothing was changed.",
    141: "Whoever read standard output has left, as with `| head`.",
    143: "Terminated (SIGTERM); nothing was changed.",
}
#: What a shell adds to a signal's number to make an exit code.
OF_SIGNAL: Final = 128
#: The exit code where whoever read standard output has left, as if SIGPIPE had ended the process.
BROKEN_PIPE: Final = OF_SIGNAL + 13


def say_error(text: str) -> None:
    """Say on standard error what ended the process, in the format of the logs.

    Args:
        text: one line.
    """
    formats = [handler.formatter for handler in logging.getLogger().handlers]
    if any(isinstance(each, CloudFormatter) for each in formats):
        logging.getLogger(__name__).error(text.removeprefix("Error: "))
    else:
        click.echo(text, err=True)


def in_one_line(error: BaseException) -> str:
    """Write an error as one line.

    Args:
        error: the error.

    Returns:
        What went wrong, without "Error:".
    """
    if isinstance(error, click.ClickException):
        return " ".join(error.format_message().split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the disk'}: {error.strerror}"
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "interrupted"
    return " ".join(str(error).split()) or type(error).__name__


def exit_code_of(error: BaseException) -> int:
    """Return the exit code that an error ends the process with.

    Args:
        error: the error.

    Returns:
        The code, as `crime_pipelines.cli.main.main` lists them.
    """
    match error:
        case PipelineError() | click.ClickException():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            return OF_SIGNAL + signal.SIGINT
        case BrokenPipeError():
            return BROKEN_PIPE
        case _:
            return 1


def leave_broken_pipe() -> None:
    """Send what is still to be printed nowhere, so that Python does not stumble over it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
