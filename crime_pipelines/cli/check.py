"""`crime-pipelines check` and `crime-pipelines backtest`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from crime_pipelines.cli.common.options import say
from crime_pipelines.cli.common.progress import TerminalProgress

layout_option = click.option(
    "--layout",
    metavar="NAME|FILE",
    help="Layout of SOURCE: one of 'crime-pipelines layout list', or a .toml file. [default: the output's, "
    "or told by the headings of each file]",
)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--source",
    metavar="SOURCE",
    help="The files that the output was made from: their rows are counted again.",
)
@layout_option
@click.pass_context
def check(context: click.Context, folder: Path, source: str | None, layout: str | None) -> None:
    """Hold the output of a run in DIR against its own invariants.

    Every row is accounted for, the Parquet files hold what run.json says, each incident stands once and in
    its own year, and the answers follow from the incidents. Exit code 0 if all of it holds, 1 if not, 2 if
    DIR is not a run's output or SOURCE can't be read. With --quiet only what fails is printed.

    \b
    Examples
      crime-pipelines check out
      crime-pipelines check out --source crimes.csv.gz
      crime-pipelines check out --source export.csv --layout mine.toml
    """
    from crime_pipelines.output.checks import check_output

    if layout and source is None:
        raise click.UsageError("--layout is that of a SOURCE; name it by --source")
    broken = 0
    for finding in check_output(folder, source, layout):
        broken += finding.problem is not None
        if finding.problem is None:
            say(f"ok    {finding.check}")
        else:
            click.echo(f"FAIL  {finding.check}\n      {finding.problem}")
    if broken:
        click.echo(f"{folder}: {broken} of its checks fail")
        context.exit(1)
    say(f"{folder}: sound")


@click.command()
@click.argument("source")
@layout_option
def backtest(source: str, layout: str | None) -> None:
    """Print how good forecasts of the incidents in SOURCE would have been.

    SOURCE is what `run` takes, or the output of a run. From each month, week and day of the past the next
    ones are forecast with what was known then, and compared with what came. Beside it stands the error of the
    simplest forecast: the same month or week of the year before, the same weekday of the week before.

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong.
    """
    from rich.console import Console
    from rich.table import Table

    from crime_pipelines.output.reader import read_analyses
    from crime_pipelines.output.record import FILE
    from crime_pipelines.pipeline import run
    from crime_pipelines.questions.accuracy import accuracy
    from crime_pipelines.report.formatting import count, percent

    if Path(source, FILE).is_file():
        if layout:
            raise click.UsageError("--layout is that of files; an output has its own")
        analyses = read_analyses(Path(source))
    else:
        with TemporaryDirectory() as folder, TerminalProgress() as progress:
            analyses = run(
                source, Path(folder, "out"), shift_years=0, layout=layout, progress=progress
            ).analyses
    table = Table("Forecasts of", box=None, pad_edge=False)
    for heading in ("series", "past", "error", "simplest", "ratio", "in 80 %", "in 95 %"):
        table.add_column(heading, justify="right")
    found = list(accuracy(analyses))
    for each in found:
        table.add_row(
            each.what,
            count(each.series),
            count(each.forecasts),
            percent(each.error),
            percent(each.naive_error),
            f"{each.ratio:.2f}",
            *("-" if share is None else percent(share) for share in (each.inside_80, each.inside_95)),
        )
    if not found:
        notes = {row["note"] for row in analyses["monthly_forecasts"].records() if row["note"]}
        click.echo(f"{source}: nothing to test; {'; '.join(sorted(notes)) or 'no complete month'}")
        return
    Console(width=110, no_color=True, highlight=False).print(table)
