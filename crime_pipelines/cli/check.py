"""`crime-pipelines check`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_context
def check(context: click.Context, folder: Path) -> None:
    """Hold the output of a run in DIR against its own invariants.

    Every row is accounted for, the Parquet files hold what run.json says, each incident stands once and in
    its own year, and the answers follow from the incidents. Exit code 0 if all of it holds, 1 if not, 2 if
    DIR is not a run's output.
    """
    from crime_pipelines.checking import check_output

    broken = 0
    for finding in check_output(folder):
        broken += finding.problem is not None
        click.echo(f"{'ok  ' if finding.problem is None else 'FAIL'}  {finding.check}")
        if finding.problem:
            click.echo(f"      {finding.problem}")
    if broken:
        click.echo(f"{folder}: {broken} of its checks fail")
        context.exit(1)
    click.echo(f"{folder}: sound")
