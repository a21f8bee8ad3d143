"""`crime-pipelines feed` and `crime-pipelines deadletters`."""

from __future__ import annotations

import json

import click

from crime_pipelines.cli.cloud import google_libraries, layout_option, place_options, settings_of
from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.messages import OTHER_DEPARTMENT, REFUSED

_reason_option = click.option(
    "--reason",
    type=click.Choice([*(each.value for each in Reason), OTHER_DEPARTMENT, REFUSED]),
    help="Those of one reason only.",
)


@click.group()
def feed() -> None:
    """Publish new incidents to Pub/Sub and look after that feed.

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong.
    """


@feed.command()
@click.argument("source")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Messages a second.")
@click.option("--shuffle", type=int, metavar="SEED", help="Publish in a random order, of this seed.")
@layout_option
@place_options
def replay(
    source: str,
    speed: float | None,
    shuffle: int | None,
    layout: str | None,
    project: str | None,
    region: str | None,
) -> None:
    """Publish every row of SOURCE as a message, for demonstrations and load.

    SOURCE is a file, a folder, a glob or a URI, as for `run`. Without --speed, as fast as Pub/Sub takes it.
    """
    settings = settings_of(project, region, layout=layout)
    with google_libraries():
        from itertools import chain

        from crime_pipelines.cloud.feed.publishing import publish_all
        from crime_pipelines.cloud.feed.replay import messages_of, paced, shuffled
        from crime_pipelines.cloud.layouts import deployed_layout
        from crime_pipelines.sources import resolve_for_warehouse

        known = deployed_layout(settings)
        files = resolve_for_warehouse(source, known)
        messages = chain.from_iterable(messages_of(file) for file in files)
        ordered = messages if shuffle is None else iter(shuffled(messages, shuffle))
        timed = paced(ordered, speed) if speed else ordered
        number = publish_all(settings, settings.feed_topic, timed, known.department)
    click.echo(f"{source}: {number:,} messages published to {settings.feed_topic}")


@feed.command()
@click.option(
    "--state", required=True, metavar="FILE", help="Keeps how far the API was read; local or gs://."
)
@click.option("--url", help="The resource, ending in .json. [default: Chicago's crimes]")
@click.option("--since", metavar="TIME", help="Begin after this publication time where there is no FILE.")
@click.option("--page-rows", type=click.IntRange(1, 50_000), default=5_000, show_default=True, metavar="N")
@click.option("--most-pages", type=click.IntRange(min=1), metavar="N", help="Stop after so many pages.")
@layout_option
@place_options
def poll(
    state: str,
    url: str | None,
    since: str | None,
    page_rows: int,
    most_pages: int | None,
    layout: str | None,
    project: str | None,
    region: str | None,
) -> None:
    """Ask the API of a department's city for what is new, and publish it.

    Rows come in the order of their publication; FILE is written after each page, so that a poll that was
    killed goes on where it was. An app token is taken from SOCRATA_APP_TOKEN.
    """
    settings = settings_of(project, region, layout=layout)
    with google_libraries():
        from crime_pipelines.cloud.feed.poll import poll as poll_api

        done = poll_api(settings, state, url=url, since=since, page_rows=page_rows, most_pages=most_pages)
    until = f", read up to {done.watermark.updated_at}" if done.watermark else ""
    click.echo(f"{done.messages:,} messages published to {settings.feed_topic}{until}")
    if done.dead:
        click.echo(f"{done.dead:,} rows that no message can hold: to {settings.dead_letters_topic}", err=True)
    for why, rows in done.passed_over.items():
        click.echo(f"{rows:,} rows {why}: passed over", err=True)


@feed.command()
@click.option("--url", help="The resource, ending in .json. [default: Chicago's crimes]")
@click.option(
    "--most",
    type=click.IntRange(min=0),
    default=1_000,
    show_default=True,
    metavar="N",
    help="Take more withdrawn incidents for a mistake.",
)
@click.option("--dry-run", is_flag=True, help="Publish nothing; print the ids of withdrawn incidents.")
@layout_option
@place_options
def reconcile(
    url: str | None,
    most: int,
    dry_run: bool,
    layout: str | None,
    project: str | None,
    region: str | None,
) -> None:
    """Find incidents that the department has withdrawn, and publish a tombstone for each.

    The ids in the warehouse are compared with those of the API, which takes a call for 50,000 of them.
    """
    settings = settings_of(project, region, layout=layout)
    with google_libraries():
        from crime_pipelines.cloud.feed.reconcile import reconcile as reconcile_ids

        done = reconcile_ids(settings, url=url, most=most, dry_run=dry_run)
    if dry_run:
        for number in done.withdrawn:
            click.echo(number)
    what = "tombstones to publish" if dry_run else f"tombstones published to {settings.feed_topic}"
    click.echo(
        f"{done.known:,} incidents in the warehouse, {done.published:,} in the API; "
        f"{len(done.withdrawn):,} withdrawn: {what}",
        err=dry_run,
    )


@click.group()
def deadletters() -> None:
    """Messages of the feed that can't become incidents.

    Exit codes: 0 done, 1 failed on the way, 2 the call is wrong.
    """


@deadletters.command(name="list")
@_reason_option
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, metavar="N")
@place_options
def list_letters(reason: str | None, limit: int, project: str | None, region: str | None) -> None:
    """Print dead letters, the latest first, one JSON object a line."""
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.cloud.feed.dead_letters import letters

        for each in letters(settings, reason, limit):
            shown = {
                "received_at": each.received_at.isoformat(),
                "reason": each.reason,
                "error": each.error,
                "payload": each.payload.decode(errors="backslashreplace"),
            }
            click.echo(json.dumps(shown, ensure_ascii=False))


@deadletters.command(name="replay")
@_reason_option
@layout_option
@place_options
def replay_letters(reason: str | None, layout: str | None, project: str | None, region: str | None) -> None:
    """Publish those dead letters again that read as incidents now, after a fix."""
    settings = settings_of(project, region, layout=layout)
    with google_libraries():
        from crime_pipelines.cloud.feed.dead_letters import replay as replay_all
        from crime_pipelines.cloud.settings import kept_subscription

        done = replay_all(settings, reason)
    click.echo(f"{done.published:,} published to {settings.feed_topic}, {done.still_dead:,} still dead")
    if done.in_part:
        click.echo(
            f"{done.in_part:,} left where they are: the table holds their beginning alone; the whole "
            f"messages are in the subscription {kept_subscription(settings.dead_letters_topic)}",
            err=True,
        )
