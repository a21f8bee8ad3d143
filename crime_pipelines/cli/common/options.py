"""Options that every command takes, before its name or after it, and the other ways to set any option."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from crime_pipelines.cli.common.config import FILE, find_config, read_config
from crime_pipelines.support.locales import write_as
from crime_pipelines.support.logs import LOG_FORMATS, set_up_logs

PREFIX: Final = "CRIME_PIPELINES"
_SETTINGS: Final = ("log_format", "quiet", "verbose", "locale")


@dataclass(slots=True)
class Common:
    """The values of the options that every command takes.

    Attributes:
        log_format: one of `LOG_FORMATS`.
        quiet: print warnings and errors alone, beside what was asked for.
        verbose: log each stage.
        locale: the locale that numbers, dates and times are written as; our own way without one.
    """

    log_format: str = "text"
    quiet: bool = False
    verbose: bool = False
    locale: str | None = None


def common() -> Common:
    """Return the values for the command that runs."""
    context = click.get_current_context(silent=True)
    found = context.find_root().obj if context else None
    return found if isinstance(found, Common) else Common()


def say(text: object = "") -> None:
    """Print a line about what was done, unless `--quiet` was given.

    Args:
        text: the line.
    """
    if not common().quiet:
        click.echo(text)


def with_common_options(group: click.Group) -> click.Group:
    """Give a command and all below it the options that every command takes, and a variable for each option.

    Args:
        group: the whole command line.

    Returns:
        The same.
    """
    for path, command in _tree(group, ()):
        command.params += _common_options()
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in ("help", "version"):
                parameter.envvar = variable_of(path, parameter)
    return group


def variable_of(path: tuple[str, ...], option: click.Option) -> str:
    """Name the variable that sets an option.

    >>> variable_of(("run",), click.Option(["--as-of"]))
    'CRIME_PIPELINES_RUN_AS_OF'

    Args:
        path: the command's name, behind those of its groups.
        option: its option.

    Returns:
        The variable's name.
    """
    long = next(name for name in option.opts if name.startswith("--"))
    return "_".join([PREFIX, *path, long.removeprefix("--")]).replace("-", "_").upper()


def _tree(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _tree(below, (*path, name))


def _common_options() -> list[click.Option]:
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            help=f"Defaults for options. [default: {FILE} here or in the nearest folder above]",
            is_eager=True,
            expose_value=False,
            callback=_take_config,
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice(LOG_FORMATS),
            help="How to log on standard error: for people, or one JSON object a line as Cloud Logging reads "
            "it. [default: text]",
            expose_value=False,
            callback=_take,
        ),
        click.Option(
            ["--locale"],
            metavar="NAME",
            help="Write numbers, dates and times in reports and on the terminal as a locale does, such as "
            "en-GB, de-DE or ja-JP; texts stay English, files for programs stay as they are. "
            "[default: 12.3 %, 11 November 2021, 22:00]",
            expose_value=False,
            callback=_take,
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            help="Print only warnings and errors, beside what was asked for.",
            expose_value=False,
            callback=_take,
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            help="Log each stage as well.",
            expose_value=False,
            callback=_take,
        ),
    ]


def _take_config(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    root = context.find_root()
    if context.resilient_parsing or (value is None and context is not root):
        return
    path = value or find_config(Path.cwd())
    if path is None or not isinstance(root.command, click.Group):
        return
    defaults = read_config(path, root.command)
    if context is not root:  # given behind the command's name: what stood before it still comes first
        for name in _SETTINGS:
            if name in defaults and getattr(common(), name) == getattr(Common(), name):
                _set(context, name, defaults[name])
    for name in _names(context):
        defaults = defaults.get(name, {})
    context.default_map = defaults


def _names(context: click.Context) -> list[str]:
    """Return the names that lead from the program to a command."""
    above = context.parent
    return [] if above is None else [*_names(above), str(context.info_name)]


def _take(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and not context.resilient_parsing:
        _set(context, str(parameter.name), value)


def _set(context: click.Context, name: str, value: Any) -> None:
    settings = context.find_root().ensure_object(Common)
    setattr(settings, name, value)
    if name == "locale":
        write_as(value)
        return
    if settings.quiet and settings.verbose:
        raise click.UsageError("--quiet and --verbose exclude each other", context)
    set_up_logs(settings.log_format, is_verbose=settings.verbose, is_quiet=settings.quiet)
