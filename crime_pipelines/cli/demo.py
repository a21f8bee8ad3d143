"""`crime-pipelines demo`."""

from __future__ import annotations

from pathlib import Path

import click

from crime_pipelines.cli.cloud import google_libraries
from crime_pipelines.cli.run import summarise


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
    help="Folder for the output. Its content is replaced at the end, at once, or stays as it was.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Rows of the generated file, where there is no SOURCE.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Its seed.")
def demo(source: str | None, architecture: str, out: Path, rows: int, seed: int) -> None:
    """Send SOURCE through a cloud on this machine and show each step as it happens.

    SOURCE is a CSV file, plain or gzipped; without one, a file is made up. It lands in a bucket, its event
    starts a function, which starts a job on a cluster of its own, whose rows end up in BigQuery: all over
    Google's own client libraries and protocols, with stand-ins behind them (see `localcloud`).

    \b
    DIR then holds
      answers/             the five answers, read back from BigQuery: what `run` gives
      report/index.html    the report, as render_charts wrote it
      run.json             what each step took and moved

    \b
    Examples
      crime-pipelines demo --architecture 1 --out out
      crime-pipelines demo crimes.csv.gz --architecture 2 --out out
      crime-pipelines demo --architecture streaming --rows 2000 --out out

    Exit codes: 0 done, 1 failed on the way, 2 the input, the machine or the call is wrong, 130 interrupted.
    """
    with google_libraries("local"):
        from crime_pipelines.localcloud.demo import demo as show
    record, answers = show(source, out, architecture, click.echo, rows=rows, seed=seed)
    click.echo()
    summarise(out, record, answers)
