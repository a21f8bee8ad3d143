"""`crime-pipelines demo`."""

from __future__ import annotations

import shlex
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crime_pipelines.cli.cloud import google_libraries
from crime_pipelines.cli.common.options import say
from crime_pipelines.cli.run import summarise

if TYPE_CHECKING:
    from crime_pipelines.localcloud.demos.demo import Kept


@click.command()
@click.argument("source", required=False)
@click.option(
    "--architecture",
    type=click.Choice(["1", "2", "streaming"]),
    required=True,
    help="1: Parquet in the lake, then BigQuery; 2: straight to BigQuery; streaming: every row a message.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the output. What an earlier run wrote there is replaced atomically, all else stays.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Rows of the generated file, where there is no SOURCE.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Its seed.")
@click.option(
    "--layout",
    metavar="NAME|FILE",
    help="Layout of SOURCE, or of the generated file: one of 'crime-pipelines layout list', or a .toml file. "
    "[default: told by the headings of SOURCE, or chicago]",
)
@click.option(
    "--keep", "keeps", is_flag=True, help="Leave the cloud up until Ctrl-C, and say what to look at."
)
@click.option(
    "--calls",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write which service account needed which permission, and on what, as CSV.",
)
def demo(
    source: str | None,
    architecture: str,
    out: Path,
    rows: int,
    seed: int,
    layout: str | None,
    keeps: bool,
    calls: Path | None,
) -> None:
    """Send SOURCE through a cloud on this machine and show each step as it happens.

    SOURCE is a CSV file, plain or gzipped; without one, a file is made up. It lands in a bucket, its event
    starts a function, which starts a job on a cluster of its own, whose rows end up in BigQuery: all over
    Google's own client libraries and protocols, with stand-ins behind them (see `localcloud`).

    \b
    DIR then holds
      answers/             the answers, read back from BigQuery: what `run` gives
      report/index.html    the report, as render_charts wrote it
      run.json             what each step took and moved

    \b
    Examples
      crime-pipelines demo --architecture 1 --out out
      crime-pipelines demo crimes.csv.gz --architecture 2 --out out
      crime-pipelines demo --architecture streaming --rows 2000 --out out
      crime-pipelines demo --architecture 1 --out out --keep

    Exit codes: 0 done, 1 failed on the way, 2 the input, the machine or the call is wrong, 130 interrupted.
    """
    with google_libraries("local"):
        from crime_pipelines.localcloud.demos.demo import demo as show

    def look_around(kept: Kept) -> None:
        """Say what to look at, and wait for Ctrl-C."""
        say()
        summarise(out, kept.record, kept.answers)
        click.echo(
            "\nThe cloud is up until Ctrl-C. In another shell:\n"
            f"  source {shlex.quote(str(kept.variables))}\n"
            f"  crime-pipelines dataproc status {kept.record.run_id}\n"
            "  crime-pipelines warehouse answers\n"
            "  crime-pipelines serve --warehouse --open"
        )
        threading.Event().wait()

    record, answers = show(
        source,
        out,
        architecture,
        say,
        rows=rows,
        seed=seed,
        layout=layout,
        keep=look_around if keeps else None,
        calls=calls,
    )
    if keeps:
        click.echo("The cloud is down.", err=True)
        return
    say()
    summarise(out, record, answers)
