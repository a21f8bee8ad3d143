"""`crime-pipelines localcloud`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crime_pipelines.cli.cloud import google_libraries
from crime_pipelines.cloud.settings import ARCHITECTURES, Settings
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.errors import InputError

if TYPE_CHECKING:
    from crime_pipelines.localcloud.supervisor import State

_folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where it keeps its files and logs. [default: localcloud in the cache folder]",
)


@click.group()
def localcloud() -> None:
    """Run a cloud on this machine, to try things out.

    Cloud Storage, Pub/Sub and BigQuery are Google's emulators and stand-ins that speak the same protocols;
    the functions are served as in the cloud, and Dataproc's endpoint runs jobs on local Spark with Google's
    own connectors. All of it listens on this machine alone, and starts empty.

    \b
    crime-pipelines localcloud up
    eval "$(crime-pipelines localcloud status --env)"    # every command of this shell then speaks to it
    crime-pipelines localcloud land crimes.csv           # its event starts a run
    crime-pipelines localcloud down

    What is fetched once (Google's connectors, the BigQuery emulator) is kept in ~/.cache/crime-pipelines, or
    in the folder that CRIME_PIPELINES_CACHE names.

    Exit codes: 0 done, 1 failed on the way or not up, 2 the machine lacks something or the call is wrong.
    """


@localcloud.command()
@_folder_option
@click.option(
    "--architecture",
    type=click.Choice([str(each) for each in ARCHITECTURES]),
    default="1",
    show_default=True,
    help="What a landed file starts.",
)
@click.option(
    "--tick-every",
    type=click.IntRange(min=0),
    default=0,
    metavar="SECONDS",
    help="How often the scheduler ticks. [default: never; `localcloud tick` ticks once]",
)
@click.option(
    "--layout",
    default=CHICAGO.name,
    show_default=True,
    metavar="NAME|FILE",
    help="Layout of the department whose incidents its warehouse holds: one of 'crime-pipelines layout "
    "list', or a .toml file.",
)
def up(folder: Path | None, architecture: str, tick_every: int, layout: str) -> None:
    """Start it."""
    with google_libraries("local"):
        from crime_pipelines.localcloud.supervisor import up as start
    state = start(
        _place(folder),
        int(architecture),
        tick_every,
        lambda text: click.echo(text, err=True),
        layout=layout,
    )
    _show(state)


@localcloud.command()
@_folder_option
@click.option("--env", "variables", is_flag=True, help="Print the variables by which programs find it.")
@click.pass_context
def status(context: click.Context, folder: Path | None, variables: bool) -> None:
    """Say how it stands. Exit code 1 if it is not up, or a part of it has ended."""
    with google_libraries("local"):
        from crime_pipelines.localcloud.processes import is_alive
        from crime_pipelines.localcloud.supervisor import status as state_of
    state = state_of(_place(folder))
    if state is None:
        click.echo("the local cloud is not up", err=True)
        context.exit(1)
    elif variables:
        for name, value in state.environment.items():
            click.echo(f"export {name}={shlex.quote(value)}")
    else:
        _show(state)
        ended = [name for name, pid in state.servers.items() if not is_alive(pid)]
        for name in ended:
            click.echo(f"{name} has ended", err=True)
        context.exit(int(bool(ended)))


@localcloud.command()
@_folder_option
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
def land(folder: Path | None, path: str) -> None:
    """Upload FILE, CSV plain or gzipped, to the landing bucket, and say which run that starts."""
    from crime_pipelines.sources import resolve_for_warehouse

    with google_libraries("local"):
        from crime_pipelines.cloud.layouts import deployed_layout
        from crime_pipelines.localcloud.cloud import applied
        from crime_pipelines.localcloud.demos.batch_demo import land as upload
    state = _state(folder)
    with applied(state.environment):
        settings = Settings.from_environment()
        (file,) = resolve_for_warehouse(path, deployed_layout(settings))
        run_id, uri = upload(settings, file)
    click.echo(f"{uri}: run {run_id}")


@localcloud.command()
@_folder_option
def tick(folder: Path | None) -> None:
    """Tick as the scheduler does: all that has landed is read as one run."""
    with google_libraries("local"):
        from crime_pipelines.localcloud.cloud import applied
        from crime_pipelines.localcloud.scheduler import tick as publish_tick
    state = _state(folder)
    with applied(state.environment):
        settings = Settings.from_environment()
        click.echo(f"{settings.files_topic}: message {publish_tick(settings)}")


@localcloud.command()
@_folder_option
@click.argument("kind", metavar="KIND", type=click.Choice(["quota", "worker", "busy", "twice", "late"]))
@click.option("--times", type=click.IntRange(min=0), default=1, show_default=True, metavar="N")
def fault(folder: Path | None, kind: str, times: int) -> None:
    """Ask for a fault of the next N clusters or deliveries, to see what becomes of a run.

    \b
    quota   a cluster is refused for want of quota, before there is a job
    worker  a worker is lost while a job runs
    busy    a function is at its limit of instances: 429, a failed delivery
    twice   a message is delivered twice at once
    late    a message is delivered after the one that follows it
    """
    with google_libraries("local"):
        from crime_pipelines.cloud.clients import SOCKET
        from crime_pipelines.localcloud.faults import FILE, Fault, Faults
    endpoint = _state(folder).environment["CRIME_DATAPROC_ENDPOINT"]
    Faults(Path(endpoint.removeprefix(SOCKET)).with_name(FILE)).ask_for(Fault(kind), times)
    click.echo(f"{kind}: {times:,} times from now on")


@localcloud.command()
@_folder_option
def calls(folder: Path | None) -> None:
    """Print which service account needed which permission so far, and on what, as CSV."""
    with google_libraries("local"):
        from crime_pipelines.localcloud.calls.record import as_csv
        from crime_pipelines.localcloud.supervisor import calls as calls_in
    _state(folder)
    click.echo(as_csv(calls_in(_place(folder))), nl=False)


@localcloud.command()
@_folder_option
def down(folder: Path | None) -> None:
    """End it, with everything that runs in it."""
    with google_libraries("local"):
        from crime_pipelines.localcloud.supervisor import down as end
    ended = end(_place(folder))
    click.echo("the local cloud is down" if ended else "the local cloud was not up")


def _state(folder: Path | None) -> State:
    from crime_pipelines.localcloud.supervisor import status as state_of

    state = state_of(_place(folder))
    if state is None:
        raise InputError("the local cloud is not up: crime-pipelines localcloud up")
    return state


def _place(folder: Path | None) -> Path:
    from crime_pipelines.support.cache import cache_folder

    return folder or cache_folder() / "localcloud"


def _show(state: State) -> None:
    click.echo(f"the local cloud is up (architecture {state.architecture}, process {state.pid})")
    for name, address in state.endpoints.items():
        click.echo(f"  {name:<32}{address}")
