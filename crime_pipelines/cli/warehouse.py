"""`crime-pipelines warehouse`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import click

from crime_pipelines.cli.cloud import google_libraries, place_options, settings_of


@click.group()
def warehouse() -> None:
    """The warehouse in BigQuery: its tables and views, and the answers in it.

    Exit codes: 0 done, 1 failed on the way, 2 the call is wrong.
    """


@warehouse.command()
@place_options
def setup(project: str | None, region: str | None) -> None:
    """Create the datasets, tables and views that are missing, and bring the views up to date.

    For projects that Terraform does not look after. What is there keeps its rows.
    """
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.dataproc.client import explained
        from crime_pipelines.warehouse.setup import set_up
    with explained(f"warehouse {settings.project}.{settings.dataset}"):
        for name in set_up(settings):
            click.echo(name)


@warehouse.command()
def schema() -> None:
    """Print every table and view as JSON, for Terraform.

    In the views' queries ${project} and ${dataset} stand for the names.
    """
    from crime_pipelines.warehouse.setup import declarations

    click.echo(json.dumps(declarations(), indent=2, ensure_ascii=False))


@warehouse.command()
@place_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder to write the answers to, as CSV files. [default: to standard output]",
)
def answers(project: str | None, region: str | None, out: Path | None) -> None:
    """Read the five answers, as of the latest run."""
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.clients import warehouse_client
        from crime_pipelines.dataproc.client import explained
        from crime_pipelines.warehouse.answers import read
    with (
        explained(f"answers {settings.project}.{settings.answers_dataset}"),
        closing(warehouse_client(settings)) as client,
    ):
        found = read(settings, client)
    if out:
        out.mkdir(parents=True, exist_ok=True)
    for name, answer in found.items():
        if out:
            answer.write_csv(out / f"{name}.csv")
            click.echo(out / f"{name}.csv")
        else:
            click.echo(f"# {answer.question.wording}")
            click.echo(answer.to_csv())
