"""`crime-pipelines layout list`, `show`, `check` and `new`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crime_pipelines.quality.options import MAX_REJECTED
from crime_pipelines.support.destinations import refuse_file

if TYPE_CHECKING:
    from crime_pipelines.domain.layouts.model import Layout
    from crime_pipelines.sources.proposals.trial import Trial

#: The exit code where more rows are rejected than a run takes.
_OVER_THE_GATE = 3
_SHOWN = 40


@click.group()
def layout() -> None:
    """Layouts: how the files of departments map to our fields.

    docs/how-to/add-a-department.md leads through writing one.
    """


@layout.command("list")
def list_layouts() -> None:
    """List the layouts that come with the package."""
    from crime_pipelines.layouts import BUNDLED, bundled

    for name in BUNDLED:
        found = bundled(name)
        lacks = f"; without {', '.join(sorted(found.absent))}" if found.absent else ""
        told = "" if found.is_detected else "; only where --layout names it"
        click.echo(f"{name:18}{found.title} ({len(found.areas.all)} areas{lacks}{told})")


@layout.command()
@click.argument("name")
def show(name: str) -> None:
    """Show a layout as a TOML file, to be copied and changed.

    NAME is one of 'crime-pipelines layout list', or a .toml file, which is validated.
    """
    from crime_pipelines.layouts import layout_named, layout_text

    layout_named(name)
    click.echo(layout_text(name), nl=False)


@layout.command()
@click.argument("file")
@click.argument("name", metavar="LAYOUT")
def check(file: str, name: str) -> None:
    """Try LAYOUT on FILE: ten rows as they are read, and what would be rejected.

    All rows of FILE are read. Exit code 3 if more of them are rejected than 'run' takes by default.
    """
    from crime_pipelines.layouts import layout_named
    from crime_pipelines.sources.headings import fields_in
    from crime_pipelines.sources.looking import look_unmapped

    found = look_unmapped(file)
    fields = fields_in(found.headings, found.uri, layout_named(name))
    _try(file, fields.layout, None)


@layout.command()
@click.argument("file")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="LAYOUT.toml",
    help="File to write the layout to; it must not exist. [default: standard output]",
)
def new(file: str, out: Path | None) -> None:
    """Propose a layout for FILE, by the names of its columns and by what they hold.

    The proposal is a TOML file to look at, line by line, and to correct. Ten rows as they would be read, and
    what would be rejected, are shown on standard error. Columns about persons are never proposed.

    \b
    Example
      crime-pipelines layout new export.csv --out mine.toml
      crime-pipelines layout check export.csv mine.toml
      crime-pipelines run export.csv --out out --layout mine.toml
    """
    import tomllib

    from crime_pipelines.domain.layouts.loading import layout_of
    from crime_pipelines.sources.looking import look_unmapped
    from crime_pipelines.sources.proposals.choosing import choose
    from crime_pipelines.sources.proposals.columns import SAMPLE, first_rows, sampled
    from crime_pipelines.sources.proposals.writing import proposed_text

    if out is not None:
        refuse_file(out)
        if out.exists():
            raise click.UsageError(f"{out}: is there already; name another file")
    found = look_unmapped(file)
    columns = sampled(found)
    text = proposed_text(found, choose(columns, first_rows(found, SAMPLE)))
    proposed = layout_of(tomllib.loads(text), "proposed", Path())
    if out is None:
        click.echo(text, nl=False)
    else:
        with out.open("x", encoding="utf-8") as target:
            target.write(text)
        click.echo(f"{out}: written; look at every line", err=True)
    _try(file, proposed, SAMPLE, err=True)


def _try(file: str, tried: Layout, most: int | None, *, err: bool = False) -> None:
    from crime_pipelines.sources.headings import fields_in
    from crime_pipelines.sources.looking import look_unmapped
    from crime_pipelines.sources.proposals.columns import first_rows
    from crime_pipelines.sources.proposals.trial import try_layout

    found = look_unmapped(file)
    fields = fields_in(found.headings, found.uri, tried)
    trial = try_layout(first_rows(found, most), fields.columns, fields.layout)
    _say(trial, fields.layout, err)
    if not err and trial.rejects > MAX_REJECTED * trial.rows:
        sys.exit(_OVER_THE_GATE)


def _say(trial: Trial, tried: Layout, err: bool) -> None:
    names = {area.number: area.name for area in tried.areas.all}
    headings = ("id", "occurred_at", "primary_type", "location_description", "area", "arrest")
    rows = [
        (
            str(each.id),
            str(each.occurred_at),
            each.primary_type or "",
            each.location_description or "",
            f"{each.community_area} {names[each.community_area]}" if each.community_area else "",
            "" if each.arrest is None else str(each.arrest).lower(),
        )
        for each in trial.incidents
    ]
    table = [[_cut(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip(), err=err)
    kept = trial.rows - trial.rejects
    click.echo(
        f"\n{trial.rows:,} rows: {kept:,} can be incidents, {trial.rejects:,} would be rejected", err=err
    )
    for reason, number in trial.rejected.most_common():
        click.echo(f"  {number:,} {reason}, such as {_cut(trial.examples[reason])!r}", err=err)
    for name, number in trial.unreadable.most_common():
        click.echo(f"  {number:,} values of {name} can't be read, and count as empty", err=err)
    for name, number in trial.empty.most_common():
        click.echo(f"  {number:,} incidents without {name}", err=err)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
