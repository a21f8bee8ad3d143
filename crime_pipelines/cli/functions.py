"""`crime-pipelines functions`."""

from __future__ import annotations

from pathlib import Path

import click

from crime_pipelines.support.destinations import refuse_file


@click.group()
def functions() -> None:
    """Build and describe the Cloud Run functions."""


@functions.command()
@click.argument("archive", type=click.Path(path_type=Path))
def build(archive: Path) -> None:
    """Pack the functions' source folder into the zip file ARCHIVE, ready to deploy."""
    from crime_pipelines.cloud.functions.package import build as pack

    refuse_file(archive, makes_folder=True)
    pack(archive)
    click.echo(f"{archive}: {archive.stat().st_size:,} bytes")
