"""`crime-pipelines generate`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from crime_pipelines.cli.common.options import say
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.errors import InputError
from crime_pipelines.support.full_disk import full_disk_in_words


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--rows", type=click.IntRange(min=0), default=100_000, show_default=True, help="Rows to write.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same file."
)
@click.option(
    "--first-day",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2012-01-01",
    show_default=True,
    metavar="YYYY-MM-DD",
    help="Day of the first incidents.",
)
@click.option("--years", type=int, default=7, show_default=True, help="Years that the incidents spread over.")
@click.option(
    "--change-per-year",
    type=float,
    default=-0.03,
    show_default=True,
    metavar="SHARE",
    help="Trend: -0.03 is 3 % fewer incidents each year.",
)
@click.option(
    "--defects",
    type=float,
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Share of rows with something wrong or unusual about them: bad dates, broken quoting, repeated "
    "rows, later versions, markup, formulas and more.",
)
@click.option(
    "--layout",
    default=CHICAGO.name,
    show_default=True,
    metavar="NAME|FILE",
    help="Layout to write in: one of 'crime-pipelines layout list', or a .toml file. Another than the City's "
    "takes no --defects.",
)
@click.option("--bom", is_flag=True, help="Begin with a byte order mark.")
@click.option("--crlf", is_flag=True, help="End lines with CR LF.")
@click.option("--force", is_flag=True, help="Replace PATH if it is a file that exists.")
def generate(
    path: Path,
    rows: int,
    seed: int,
    first_day: datetime,
    years: int,
    change_per_year: float,
    defects: float,
    layout: str,
    bom: bool,
    crlf: bool,
    force: bool,
) -> None:
    """Write a synthetic incident file to PATH, in the City's layout or a department's.

    The incidents are made up, but look like the City's: types, places, hours, seasons, arrest rates. In the
    layout of another department they have its headings, areas and ways to write a value. A PATH that ends in
    .gz is gzipped. A file that exists is replaced only with --force, and never anything
    else than a file. For demonstrations, load tests and benchmarks.
    """
    from crime_pipelines.synthetic import generate as write

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task("Writing rows", total=rows)
        try:
            with full_disk_in_words(path):
                made = write(
                    path,
                    rows,
                    seed=seed,
                    first_day=first_day.date(),
                    years=years,
                    change_per_year=change_per_year,
                    defects=defects,
                    layout=layout,
                    bom=bom,
                    crlf=crlf,
                    may_replace=force,
                    progress=lambda written: bars.update(task, completed=written),
                )
        except FileExistsError as error:
            raise InputError(f"{path}: exists; name another file, or say --force to replace it") from error
        except ValueError as error:
            raise InputError(str(error)) from error
    say(f"{made.path}: {made.rows:,} rows, {made.bytes:,} bytes")
    if made.defects:
        say(f"  of which {', '.join(f'{count:,} {kind}' for kind, count in made.defects.items())}")
