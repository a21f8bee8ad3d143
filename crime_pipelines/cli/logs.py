"""What the command line says last, in the format of its logs."""

from __future__ import annotations

import logging

import click

from crime_pipelines.logs import CloudFormatter


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
