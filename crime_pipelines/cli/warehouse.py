"""`crime-pipelines warehouse`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import click

from crime_pipelines.cli.cloud import google_libraries, layout_option, place_options, settings_of
from crime_pipelines.support.destinations import refuse_folder
from crime_pipelines.support.full_disk import full_disk_in_words


@click.group()
def warehouse() -> None:
    """Set up and query the warehouse in BigQuery.

    Exit codes: 0 done, 1 failed on the way, 2 the call is wrong.
    """


@warehouse.command()
@place_options
@layout_option
def setup(project: str | None, region: str | None, layout: str | None) -> None:
    """Create the datasets, tables and views that are missing, and bring the views up to date.

    For projects that Terraform does not look after, and for a layout of your own. What is there keeps its
    rows. A dataset holds one department, whose areas come with the layout.
    """
    settings = settings_of(project, region, layout=layout)
    with google_libraries():
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.warehouse.setup import set_up
    with explained(f"warehouse {settings.project}.{settings.dataset}"):
        for name in set_up(settings):
            click.echo(name)


@warehouse.command()
@place_options
def refresh(project: str | None, region: str | None) -> None:
    """Bring the table of current incidents up to date with the versions loaded since the last refresh.

    Runs do it by themselves; where a stream alone writes, do it daily, for the live views look back a week.
    """
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.cloud.clients import warehouse_client
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.warehouse.current import refresh_incidents
    with (
        explained(f"warehouse {settings.project}.{settings.dataset}"),
        closing(warehouse_client(settings)) as client,
    ):
        done = refresh_incidents(client, settings)
    click.echo(f"{done.versions:,} versions looked at, in {done.months:,} months of incidents")


@warehouse.command()
@place_options
@click.option("--publish", is_flag=True, help="Publish those that were not published before.")
@click.option("--kept", is_flag=True, help="Print the messages of the last week instead; they stay there.")
def surges(project: str | None, region: str | None, publish: bool, kept: bool) -> None:
    """Look for surges: areas with far more incidents than usual in the last weeks.

    Prints them as CSV. With --publish each new one goes to the topic of surges instead, as JSON; the lake
    notes which were published. With --kept the messages that the topic's subscription keeps are printed, one
    JSON object a line; one that was published twice has the same id twice.
    """
    if publish and kept:
        raise click.UsageError("--publish and --kept exclude each other; give one of them")
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.cloud.clients import warehouse_client
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.warehouse.surges import kept_messages, look, publish_surges
    with explained(f"warehouse {settings.project}.{settings.dataset}"):
        if publish:
            published = publish_surges(settings)
            click.echo(f"{len(published):,} surges published to {settings.surges_topic}")
            return
        if kept:
            for message in kept_messages(settings):
                click.echo(json.dumps(message, ensure_ascii=False))
            return
        with closing(warehouse_client(settings)) as client:
            click.echo(look(client, settings).found.to_csv(), nl=False)


@warehouse.command()
def schema() -> None:
    """Print every table and view as JSON, for Terraform.

    In the views' queries ${project} and ${dataset} stand for the names.
    """
    from crime_pipelines.cloud.warehouse.setup import declarations

    click.echo(json.dumps(declarations(), indent=2, ensure_ascii=False))


@warehouse.command()
@place_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write the answers to, as CSV files. [default: to standard output]",
)
def answers(project: str | None, region: str | None, out: Path | None) -> None:
    """Read the answers, as of the latest run."""
    if out is not None:
        refuse_folder(out)
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.cloud.clients import warehouse_client
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.warehouse.answers import read
    with (
        explained(f"answers {settings.project}.{settings.answers_dataset}"),
        closing(warehouse_client(settings)) as client,
    ):
        found = read(settings, client)
    if not any(answer.rows for answer in found.values()):
        click.echo(
            f"{settings.project}.{settings.answers_dataset} holds no answers yet: no run has been loaded, or "
            "its answers are still being made (crime-pipelines dataproc status RUN_ID)",
            err=True,
        )
    if out is None:
        for answer in found.values():
            click.echo(f"# {answer.question.wording}")
            click.echo(answer.to_csv())
        return
    with full_disk_in_words(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, answer in found.items():
            answer.write_csv(out / f"{name}.csv")
            click.echo(out / f"{name}.csv")
