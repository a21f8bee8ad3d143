"""`crime-pipelines`: its commands, put together."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Final, NoReturn

import click

from crime_pipelines import __version__
from crime_pipelines.cli.check import check
from crime_pipelines.cli.generate import generate
from crime_pipelines.cli.logs import LOG_FORMATS, set_up_logs
from crime_pipelines.cli.run import run
from crime_pipelines.errors import PipelineError

_INTERRUPTED: Final = 130
_TERMINATED: Final = 143


class _TerminatedError(KeyboardInterrupt):
    """The process was told to end."""


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
    """
    set_up_logs(log_format)


for _command in (run, generate, check):
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line and end the process with its exit code.

    0: done. 1: something went wrong on the way. 2: the input or the call is wrong. 130 and 143: interrupted.
    Errors that the user can mend are one line on standard error.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except PipelineError as error:
        _end(f"Error: {' '.join(str(error).split())}", error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except _TerminatedError:
        _end("Terminated: nothing was changed.", _TERMINATED)
    except (KeyboardInterrupt, click.Abort):
        _end("Interrupted: nothing was changed.", _INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left
        sys.exit(_INTERRUPTED)
    except OSError as error:
        _end(f"Error: {error.filename or 'the disk'}: {error.strerror or error}", 1)


def _end(text: str, code: int) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(code)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise _TerminatedError
