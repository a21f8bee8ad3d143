"""`crime-pipelines`: its commands, put together."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Final, NoReturn

import click

from crime_pipelines import __version__
from crime_pipelines.cli.check import check
from crime_pipelines.cli.dataproc import dataproc
from crime_pipelines.cli.demo import demo
from crime_pipelines.cli.feed import deadletters, feed
from crime_pipelines.cli.functions import functions
from crime_pipelines.cli.generate import generate
from crime_pipelines.cli.localcloud import localcloud
from crime_pipelines.cli.logs import say_error
from crime_pipelines.cli.report import report, serve
from crime_pipelines.cli.run import run
from crime_pipelines.cli.warehouse import warehouse
from crime_pipelines.errors import PipelineError
from crime_pipelines.logs import LOG_FORMATS, set_up_logs

#: What to say and the exit code, by the signal that ended the process.
_SIGNALS: Final = {
    signal.SIGINT: ("Interrupted: nothing was changed.", 130),
    signal.SIGTERM: ("Terminated: nothing was changed.", 143),
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="crime-pipelines")
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    show_default=True,
    help="How to log on standard error: for people, or one JSON object a line as Cloud Logging reads it.",
)
def cli(log_format: str) -> None:
    """Five answers from a police department's incident file.

    \b
    crime-pipelines generate crimes.csv --rows 100000    a file to try it on
    crime-pipelines run crimes.csv --out out             the answers, in out/report/index.html
    crime-pipelines check out                            whether that output is sound
    crime-pipelines serve out                            the report as a dashboard that keeps up to date
    crime-pipelines demo --architecture 1 --out demo     the same through a cloud on this machine
    """
    set_up_logs(log_format)


_COMMANDS: Final = (
    run, generate, check, report, serve, dataproc, functions, warehouse, localcloud, demo, feed, deadletters
)  # fmt: skip
for _command in _COMMANDS:
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line and end the process with its exit code.

    0: done. 1: something went wrong on the way. 2: the input or the call is wrong. 130 and 143: interrupted.
    Errors that the user can mend are one line on standard error.
    """
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        received.append(number)
        # From here on, what an engine's threads stumble over is what was broken off.
        threading.excepthook = lambda _: None
        logging.disable()
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)
    try:
        code = cli.main(standalone_mode=False)
    except BaseException as error:
        # An engine may make an error of its own of the interruption: the signal has the first word.
        if received:
            _break_off(*_SIGNALS[signal.Signals(received[0])])
        _end_with(error)
    sys.exit(code if isinstance(code, int) else 0)


def _break_off(text: str, code: int) -> NoReturn:
    """End although an engine's threads may be at work: Python, taken down under them, aborts the process."""
    logging.disable(logging.NOTSET)
    say_error(text)
    logging.disable()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with(error: BaseException) -> NoReturn:
    match error:
        case PipelineError():
            _end(f"Error: {' '.join(str(error).split())}", error.exit_code)
        case click.ClickException():
            error.show()
            sys.exit(error.exit_code)
        case KeyboardInterrupt() | click.Abort():
            _end(*_SIGNALS[signal.SIGINT])
        case BrokenPipeError():
            sys.stderr.close()  # whoever read our output has left
            sys.exit(1)
        case OSError():
            _end(f"Error: {error.filename or 'the disk'}: {error.strerror or error}", 1)
        case _:
            raise error


def _end(text: str, code: int) -> NoReturn:
    say_error(text)
    sys.exit(code)
