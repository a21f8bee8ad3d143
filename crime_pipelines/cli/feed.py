"""`crime-pipelines feed` and `crime-pipelines deadletters`."""

from __future__ import annotations

import json

import click

from crime_pipelines.cli.cloud import google_libraries, place_options, settings_of
from crime_pipelines.domain.schema import Reason

_reason_option = click.option(
    "--reason", type=click.Choice([each.value for each in Reason]), help="Those of one reason only."
)


@click.group()
def feed() -> None:
    """The feed of new incidents, in Pub/Sub.

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong.
    """


@feed.command()
@click.argument("source")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Messages a second.")
@click.option("--shuffle", type=int, metavar="SEED", help="Publish in a random order, of this seed.")
@place_options
def replay(
    source: str, speed: float | None, shuffle: int | None, project: str | None, region: str | None
) -> None:
    """Publish every row of SOURCE as a message, for demonstrations and load.

    SOURCE is a file, a folder, a glob or a URI, as for `run`. Without --speed, as fast as Pub/Sub takes it.
    """
    settings = settings_of(project, region)
    with google_libraries():
        from itertools import chain

        from crime_pipelines.feed.publishing import publish_all
        from crime_pipelines.feed.replay import messages_of, paced, shuffled
        from crime_pipelines.sources import resolve

        messages = chain.from_iterable(messages_of(file) for file in resolve(source))
        ordered = messages if shuffle is None else iter(shuffled(messages, shuffle))
        number = publish_all(settings, settings.feed_topic, paced(ordered, speed) if speed else ordered)
    click.echo(f"{source}: {number:,} messages published to {settings.feed_topic}")


@feed.command()
@click.option(
    "--state", required=True, metavar="FILE", help="Keeps how far the API was read; local or gs://."
)
@click.option("--url", help="The resource, ending in .json. [default: Chicago's crimes]")
@click.option("--since", metavar="TIME", help="Begin after this publication time where there is no FILE.")
@click.option("--page-rows", type=click.IntRange(1, 50_000), default=5_000, show_default=True, metavar="N")
@click.option("--most-pages", type=click.IntRange(min=1), metavar="N", help="Stop after so many pages.")
@place_options
def poll(
    state: str,
    url: str | None,
    since: str | None,
    page_rows: int,
    most_pages: int | None,
    project: str | None,
    region: str | None,
) -> None:
    """Ask the City's API for what is new, and publish it.

    Rows come in the order of their publication; FILE is written after each page, so that a poll that was
    killed goes on where it was. An app token is taken from SOCRATA_APP_TOKEN.
    """
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.feed.poll import poll as poll_api

        done = poll_api(settings, state, url=url, since=since, page_rows=page_rows, most_pages=most_pages)
    until = f", read up to {done.watermark.updated_at}" if done.watermark else ""
    click.echo(f"{done.messages:,} messages published to {settings.feed_topic}{until}")


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
        from crime_pipelines.feed.letters import letters

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
@place_options
def replay_letters(reason: str | None, project: str | None, region: str | None) -> None:
    """Publish those dead letters again that read as incidents now, after a fix."""
    settings = settings_of(project, region)
    with google_libraries():
        from crime_pipelines.feed.letters import replay as replay_all

        done = replay_all(settings, reason)
    click.echo(f"{done.published:,} published to {settings.feed_topic}, {done.still_dead:,} still dead")
