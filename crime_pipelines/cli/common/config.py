"""Settings from a file: `crime-pipelines.toml`, the options of commands as defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click

from crime_pipelines.errors import InputError

FILE: Final = "crime-pipelines.toml"


def find_config(folder: Path) -> Path | None:
    """Find the settings file that holds for a folder.

    Args:
        folder: the folder.

    Returns:
        The file in it, or in the nearest of the folders above it; None where there is none.
    """
    return next((each / FILE for each in (folder, *folder.parents) if (each / FILE).is_file()), None)


def read_config(path: Path, command: click.Group) -> dict[str, Any]:
    """Read a settings file.

    Options stand by their names without the dashes, those of a command in a table of its name:

        log-format = "json"

        [run]
        engine = "spark"

        [dataproc.submit]
        serverless = true

    Args:
        path: the file. A relative path in it is relative to its folder.
        command: the group whose options stand at the top.

    Returns:
        The defaults, by the names of click's parameters; a table is a mapping of its own.

    Raises:
        InputError: the file can't be read, or one of its settings is none.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); name another with --config") from error
    except (ValueError, RecursionError) as error:  # of TOML and of UTF-8
        raise InputError(f"{path}: is not TOML ({error})") from error
    return _defaults(settings, command, path, "")


def _defaults(settings: Mapping[str, Any], command: click.Command, path: Path, table: str) -> dict[str, Any]:
    options = {
        name.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--") and option.name != "help"
    }
    commands = command.commands if isinstance(command, click.Group) else {}
    found: dict[str, Any] = {}
    for name, value in settings.items():
        inside = f"{table}.{name}" if table else name
        if isinstance(value, Mapping):
            if name not in commands:
                raise InputError(f"{path}: [{inside}]: there is no such command{_nearest(name, commands)}")
            found[name] = _defaults(value, commands[name], path, inside)
        elif name not in options:
            place = f"[{table}] " if table else ""
            raise InputError(f"{path}: {place}{name}: there is no such option{_nearest(name, options)}")
        else:
            option = options[name]
            found[str(option.name)] = _checked(value, option, path, inside)
    return found


def _checked(value: Any, option: click.Option, path: Path, name: str) -> Any:
    """Return a value as click takes it, with paths relative to the file's folder."""
    if isinstance(value, date):  # TOML has days, options have texts
        value = value.isoformat()
    values = value if isinstance(value, list) else [value]
    if isinstance(value, list) is not option.multiple:
        raise InputError(f"{path}: {name}: must be {'a list' if option.multiple else 'one value'}")
    for each in values:
        if not isinstance(each, str | int | float) or isinstance(each, bool) is not option.is_flag:
            raise InputError(f"{path}: {name}: {each!r} is not a value of {option.opts[0]}")
    is_layout_file = option.name == "layout" and str(value).endswith(".toml")
    if isinstance(option.type, click.Path) or is_layout_file:
        value = [str(path.parent / str(each)) for each in values]
        value = value if option.multiple else value[0]
    try:
        option.type_cast_value(click.Context(click.Command(name)), value)
    except click.BadParameter as error:
        raise InputError(f"{path}: {name}: {error.message}") from error
    return value


def _nearest(name: str, names: Mapping[str, object]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; choose one of {', '.join(sorted(names))}"
