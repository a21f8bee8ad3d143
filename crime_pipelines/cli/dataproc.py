"""`crime-pipelines dataproc`."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from crime_pipelines.cli.cloud import (
    architecture_option,
    google_libraries,
    layout_option,
    place_options,
    settings_of,
)
from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.allowed_sources import refuse_other_sources
from crime_pipelines.domain.periods.as_of import LATEST
from crime_pipelines.errors import InputError, PipelineError

if TYPE_CHECKING:
    from rich.status import Status

    from crime_pipelines.cloud.dataproc.attempts import Attempt
    from crime_pipelines.cloud.dataproc.client import Dataproc
    from crime_pipelines.cloud.settings import Settings

_INTERRUPTED: Final = 130
_log = logging.getLogger(__name__)


@click.group()
def dataproc() -> None:
    """Start and watch runs on Dataproc, on a cluster per run or as serverless batches.

    \b
    crime-pipelines dataproc doctor                      what a first run would lack in this project
    crime-pipelines dataproc publish                     the code, to where Dataproc fetches it
    crime-pipelines dataproc templates                   the workflow templates, put up or brought up to date
    crime-pipelines dataproc submit gs://BUCKET/x.csv    a run, watched until it is done
    crime-pipelines dataproc status RUN_ID
    crime-pipelines dataproc cancel RUN_ID

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong, 130 interrupted.
    """


@dataproc.command()
@place_options
@click.pass_context
def doctor(context: click.Context, project: str | None, region: str | None) -> None:
    """Check the project for what a run needs, and say what to do about what is lacking.

    Looks at quotas, APIs, service agents, the subnetwork, the image and the key's grants; changes nothing.
    Exit code 1 where something is lacking or can't be seen.
    """
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.cloud.dataproc.doctor import Health, examine
        from crime_pipelines.cloud.dataproc.google_rest import GoogleRest
    is_well = True
    for finding in examine(settings, GoogleRest()):
        is_well &= finding.health is Health.WELL
        click.echo(f"{finding.health.value:<10}{finding.what}")
        if finding.remedy:
            click.echo(f"{'':<10}{finding.remedy}")
    context.exit(int(not is_well))


@dataproc.command()
@place_options
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The package, built before. [default: built now, from the checkout]",
)
@click.option(
    "--libraries/--no-libraries",
    default=True,
    show_default=True,
    help="Also the third-party libraries of the jobs' driver, fetched from the package index.",
)
@click.option(
    "--layout",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also a layout of your own, a .toml file, with its table of areas.",
)
def publish(
    project: str | None, region: str | None, wheel: Path | None, libraries: bool, layout: Path | None
) -> None:
    """Upload the package, the job files and the driver's libraries to the code bucket."""
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.cloud.clients import storage_client
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.dataproc.publish import publish as upload
        from crime_pipelines.cloud.dataproc.publish import publish_layout
    with explained(f"gs://{settings.code_bucket}"), _status("publishing") as status:
        storage = storage_client(settings)
        uploaded = [] if layout is None else [publish_layout(settings, storage, layout)]
        uploaded += upload(settings, storage, status.update, wheel=wheel, with_libraries=libraries)
    for uri in uploaded:
        click.echo(uri)


@dataproc.command()
@place_options
@click.option("--print", "show", is_flag=True, help="Show them as JSON instead, without asking Dataproc.")
def templates(project: str | None, region: str | None, show: bool) -> None:
    """Put up the workflow templates of both architectures, or bring them up to date."""
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.dataproc.templates import as_json
    if show:
        click.echo(as_json(settings))
        return
    with explained("workflow templates"), _connected(settings) as service:
        for name in service.put_templates():
            click.echo(name)


@dataproc.command()
@place_options
@architecture_option
@click.argument("source")
@click.option("--run-id", help="What to call the run. [default: made from SOURCE and the time]")
@click.option(
    "--shift-years", type=int, metavar="N", help="Calendar years to move every date by. [default: 3]"
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Day of the answers. [default: the end of the covered period]",
)
@layout_option
@click.option("--serverless", is_flag=True, help="As a serverless batch instead of on a cluster.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Watch the run until it is over.")
@click.pass_context
def submit(
    context: click.Context,
    project: str | None,
    region: str | None,
    architecture: str | None,
    source: str,
    run_id: str | None,
    shift_years: int | None,
    as_of: datetime | None,
    layout: str | None,
    serverless: bool,
    wait: bool,
) -> None:
    """Start a run that reads SOURCE, a gs:// URI of a file, a folder or a glob."""
    settings = settings_of(project, region, architecture, layout)
    with google_libraries():
        from crime_pipelines.cloud.clients import storage_client
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.dataproc.starting import start_once
        from crime_pipelines.cloud.dataproc.submission import Submission
        from crime_pipelines.cloud.layouts import refuse_other_layouts
    refuse_other_sources(source, settings)
    refuse_other_layouts(settings.layout, settings)
    submission = Submission(
        run_ids.of_request(source, datetime.now(UTC)) if run_id is None else run_id,
        source,
        settings.shift_years if shift_years is None else shift_years,
        f"{as_of:%Y-%m-%d}" if as_of else LATEST,
        settings.layout,
    )
    with explained(f"run {submission.run_id}"), _connected(settings) as service:
        started = start_once(
            settings,
            storage_client(settings),
            service,
            submission,
            str(uuid.uuid4()),
            serverless=serverless,
        )
        click.echo(f"{submission.run_id}: started as {started.operation}")
        if not wait:
            return
        try:
            over = _watch(service, submission.run_id, started.operation)
        except KeyboardInterrupt:
            end = f"crime-pipelines dataproc cancel {submission.run_id}"
            click.echo(f"Interrupted: the run goes on; to end it: {end}", err=True)
            context.exit(_INTERRUPTED)
    _report(submission.run_id, over)


@dataproc.command()
@place_options
@click.argument("run_id")
@click.pass_context
def status(context: click.Context, project: str | None, region: str | None, run_id: str) -> None:
    """Say how the attempts at a run stand, the latest first. Exit code 1 if that one failed."""
    settings = settings_of(project, region)
    with _attempts(settings, run_id) as (_, attempts):
        for attempt in attempts:
            place = f" on {attempt.place}" if attempt.place else ""
            click.echo(
                f"{attempt.started:%Y-%m-%d %H:%M} UTC  {attempt.state.value:<9}  "
                f"{attempt.kind}{place}: {attempt.detail}"
            )
    context.exit(int(_failed(attempts[0])))


@dataproc.command()
@place_options
@click.argument("run_id")
def cancel(project: str | None, region: str | None, run_id: str) -> None:
    """End a run; its cluster goes with it."""
    settings = settings_of(project, region)
    with _attempts(settings, run_id) as (service, attempts):
        active = [attempt for attempt in attempts if not attempt.state.is_over]
        for attempt in active:
            service.cancel(attempt)
            click.echo(f"{run_id}: asked to end {attempt.operation}")
    if not active:
        click.echo(f"{run_id}: is over ({attempts[0].state.value}), there is nothing to cancel")


@contextmanager
def _attempts(settings: Settings, run_id: str) -> Iterator[tuple[Dataproc, list[Attempt]]]:
    run_ids.checked(run_id)
    with google_libraries():
        from crime_pipelines.cloud.clients import storage_client
        from crime_pipelines.cloud.dataproc.client import explained
        from crime_pipelines.cloud.dataproc.starting import operations_of
    with explained(f"run {run_id}"), _connected(settings) as service:
        known = operations_of(settings, storage_client(settings), run_id)
        attempts = service.attempts(run_id, known)
        if not attempts:
            raise InputError(f"{run_id}: neither Dataproc nor the lake knows such a run")
        yield service, attempts


@contextmanager
def _connected(settings: Settings) -> Iterator[Dataproc]:
    from crime_pipelines.cloud.dataproc.client import Dataproc

    service = Dataproc(settings)
    try:
        yield service
    finally:
        service.close()


@contextmanager
def _status(text: str) -> Iterator[Status]:
    """Return a line on standard error that says what is going on, if that is a terminal."""
    console = Console(stderr=True)
    console.quiet = not console.is_terminal
    with console.status(text) as status:
        yield status


def _watch(service: Dataproc, run_id: str, operation: str) -> Attempt:
    with _status(f"{run_id}: waiting") as status:

        def told(attempt: Attempt) -> None:
            status.update(f"{run_id}: {attempt.detail}")
            _log.info(attempt.detail, extra={"run_id": run_id, "state": attempt.state.value})

        return service.wait(operation, told)


def _report(run_id: str, attempt: Attempt) -> None:
    if _failed(attempt):
        raise PipelineError(f"run {run_id} {attempt.state.value}: {attempt.detail}")
    click.echo(f"{run_id}: {attempt.state.value}, {attempt.detail}")


def _failed(attempt: Attempt) -> bool:
    from crime_pipelines.cloud.dataproc.attempts import State

    return attempt.state in (State.FAILED, State.CANCELLED)
