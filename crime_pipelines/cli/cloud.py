"""Settings and libraries of the commands that speak to Google Cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from crime_pipelines.cloud.settings import ARCHITECTURES, VARIABLES, Settings
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.errors import InputError
from crime_pipelines.support.extras import how_to_install

_Command = TypeVar("_Command", bound=Callable[..., Any])


def place_options(command: _Command) -> _Command:
    """Return the options that say where in Google Cloud.

    Args:
        command: a command with the parameters `project` and `region`.

    Returns:
        The command.
    """
    command = click.option("--region", help=f"Region. [default: {VARIABLES['region']}, or us-central1]")(
        command
    )
    return click.option("--project", help=f"Google Cloud project. [default: {VARIABLES['project']}]")(command)


def architecture_option(command: _Command) -> _Command:
    """Return the option that chooses the architecture.

    Args:
        command: a command with the parameter `architecture`.

    Returns:
        The command.
    """
    return click.option(
        "--architecture",
        type=click.Choice([str(each) for each in ARCHITECTURES]),
        help=f"1: Parquet in the lake, then BigQuery; 2: straight to BigQuery. "
        f"[default: {VARIABLES['architecture']}, or 1]",
    )(command)


def layout_option(command: _Command) -> _Command:
    """Return the option that names the department's layout.

    Args:
        command: a command with the parameter `layout`.

    Returns:
        The command.
    """
    return click.option(
        "--layout",
        metavar="NAME|URI",
        help="Layout of the department whose incidents the warehouse holds: one of 'crime-pipelines layout "
        "list', or the gs:// URI of a .toml file in the code bucket. "
        f"[default: {VARIABLES['layout']}, or {CHICAGO.name}]",
    )(command)


def settings_of(
    project: str | None, region: str | None, architecture: str | None = None, layout: str | None = None
) -> Settings:
    """Return the settings of a command.

    Args:
        project: the option, if given.
        region: the option, if given.
        architecture: the option, if given.
        layout: the option, if given.

    Returns:
        The settings, from the options and the environment.

    Raises:
        InputError: a setting is missing or wrong.
    """
    settings = Settings.from_environment(project=project, region=region, layout=layout)
    return settings.for_architecture(int(architecture)) if architecture else settings


@contextmanager
def google_libraries(extra: str = "gcp") -> Iterator[None]:
    """Say what to install where a library of Google's is missing.

    Args:
        extra: the extra that brings it.

    Yields:
        Nothing; import them inside.

    Raises:
        InputError: one is missing.
    """
    try:
        yield
    except ImportError as error:
        raise InputError(f"{error}; {how_to_install(extra)}") from error
