"""`crime-pipelines export`."""

from __future__ import annotations

from pathlib import Path

import click

#: The keys of `output.exports.KINDS`, without the time that it takes to import them.
KINDS = ("xlsx", "duckdb", "sqlite", "csv")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "kind",
    type=click.Choice(KINDS),
    required=True,
    help="xlsx: a workbook with a sheet for each answer (extra `excel`); duckdb, sqlite: a database in one "
    "file, with the incidents; csv: a folder of CSV files that spreadsheets open safely.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File or, for csv, folder to write. [default: DIR.xlsx, DIR.duckdb, DIR.sqlite or DIR-csv]",
)
@click.option(
    "--incidents/--no-incidents",
    default=None,
    help="Export the incidents as well as the answers. [default: into databases alone]",
)
@click.option(
    "--formula-safe/--as-is",
    default=True,
    show_default=True,
    help="In CSV files, put an apostrophe before texts that a spreadsheet would take for formulas.",
)
@click.option(
    "--publish",
    "public",
    is_flag=True,
    help="Leave out small counts, and what would give them away; PATH is then DIR-public.xlsx and so on.",
)
@click.option("--force", is_flag=True, help="Replace PATH if it exists.")
def export(
    folder: Path,
    kind: str,
    out: Path | None,
    incidents: bool | None,
    formula_safe: bool,
    public: bool,
    force: bool,
) -> None:
    """Export the answers of the run's output in DIR for other programs.

    The Parquet files in DIR/incidents need no export: DuckDB, pandas, Polars, Spark and BigQuery read them.

    \b
    Examples
      crime-pipelines export out --to xlsx
      crime-pipelines export out --to duckdb --out crimes.duckdb
      crime-pipelines export out --to csv --incidents
      crime-pipelines export out --to xlsx --publish

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong.
    """
    from crime_pipelines.output.exports import export as write

    click.echo(
        write(
            folder,
            kind,
            out,
            with_incidents=incidents,
            formula_safe=formula_safe,
            may_replace=force,
            public=public,
        )
    )
