"""`crime-pipelines`: its commands, put together."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

import click

from crime_pipelines import __version__
from crime_pipelines.cli.check import backtest, check
from crime_pipelines.cli.common.errors import (
    OF_SIGNAL,
    exit_code_of,
    in_one_line,
    leave_broken_pipe,
    say_error,
)
from crime_pipelines.cli.common.options import Common, with_common_options
from crime_pipelines.cli.dataproc import dataproc
from crime_pipelines.cli.demo import demo
from crime_pipelines.cli.export import export
from crime_pipelines.cli.feed import deadletters, feed
from crime_pipelines.cli.functions import functions
from crime_pipelines.cli.generate import generate
from crime_pipelines.cli.layouts.commands import layout
from crime_pipelines.cli.localcloud import localcloud
from crime_pipelines.cli.report import report, serve
from crime_pipelines.cli.run import run
from crime_pipelines.cli.warehouse import warehouse
from crime_pipelines.errors import ON_WINDOWS, PipelineError
from crime_pipelines.support.interrupts import INTERRUPTS, is_finished
from crime_pipelines.support.logs import set_up_logs

#: What to call the signal that ended the process.
_NAMES: Final = {"SIGINT": "Interrupted", "SIGTERM": "Terminated", "SIGHUP": "Hung up"}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="crime-pipelines")
@click.pass_context
def cli(context: click.Context) -> None:
    """Answers from a police department's incident file.

    \b
    crime-pipelines generate crimes.csv --rows 100000    a file to try it on
    crime-pipelines run crimes.csv --out out             the answers, in out/report/index.html
    crime-pipelines check out                            whether that output is sound
    crime-pipelines serve out                            the report as a dashboard that keeps up to date
    crime-pipelines demo --architecture 1 --out demo     the same through a cloud on this machine

    Every option can also be set by a variable (CRIME_PIPELINES_RUN_ENGINE=spark for --engine of run) and in
    crime-pipelines.toml (engine = "spark" in the table [run]). The command line comes first, then variables,
    then the file. The options listed here may stand before a command or behind it.

    Tab completion: eval "$(_CRIME_PIPELINES_COMPLETE=bash_source crime-pipelines)"; zsh_source and
    fish_source are for zsh and fish.
    """
    set_up = context.ensure_object(Common)
    set_up_logs(set_up.log_format, is_verbose=set_up.verbose, is_quiet=set_up.quiet)


_COMMANDS: Final = (
    run, layout, generate, check, backtest, report, export, serve, demo,
    dataproc, functions, warehouse, localcloud, feed, deadletters,
)  # fmt: skip
for _command in _COMMANDS:
    cli.add_command(_command)
with_common_options(cli)


def main() -> NoReturn:
    """Run the command line and end the process with its exit code.

    0: done. 1: something went wrong on the way. 2: the input or the call is wrong. 3: more rows are rejected
    than may be. 129, 130 and 143: ended by SIGHUP, SIGINT or SIGTERM, which are ignored once a run's output
    is in its place. 141: whoever read standard output has left. Errors that the user can mend are one line on
    standard error.
    """
    if sys.platform == "win32":
        say_error(f"Error: {ON_WINDOWS}")
        sys.exit(2)
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        is_first = not received
        received.append(number)
        # A terminal that closes sends several signals: the first one is being obeyed.
        if is_finished() or (not is_first and number != signal.SIGINT):
            return
        # From here on, what an engine's threads stumble over is what was broken off.
        threading.excepthook = lambda _: None
        logging.disable()
        raise KeyboardInterrupt

    for number in INTERRUPTS:
        if number.name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, interrupt)
    printed_to = sys.stdout
    try:
        code = cli.main(standalone_mode=False)
    except BaseException as error:
        if isinstance(error, SystemExit) and sys.stdout is not printed_to:
            error = BrokenPipeError()  # click has met one, and has wrapped the streams
        # An engine may make an error of its own of the interruption: the signal has the first word.
        if received:
            _break_off(signal.Signals(received[0]))
        _end_with(error)
    sys.exit(code if isinstance(code, int) else 0)


def _break_off(number: signal.Signals) -> NoReturn:
    """End although an engine's threads may be at work: Python, taken down under them, aborts the process."""
    with suppress(OSError):  # the terminal is gone
        logging.disable(logging.NOTSET)
        say_error(_interrupted(number))
        logging.disable()
    threading.excepthook = lambda _: None  # an engine has put its own hook back on the way here
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(OF_SIGNAL + number)


def _interrupted(number: signal.Signals) -> str:
    return f"{_NAMES[number.name]}: {'the output is complete' if is_finished() else 'nothing was changed'}."


def _end_with(error: BaseException) -> NoReturn:
    code = exit_code_of(error)
    match error:
        case click.UsageError():
            error.show()
        case PipelineError() | click.ClickException():
            say_error(f"Error: {in_one_line(error)}")
        case KeyboardInterrupt() | click.Abort():
            say_error(_interrupted(signal.SIGINT))
        case BrokenPipeError():
            leave_broken_pipe()
        case OSError():
            say_error(f"Error: {in_one_line(error)}")
        case _:
            raise error
    sys.exit(code)
