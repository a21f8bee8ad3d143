"""`crime-pipelines report` and `crime-pipelines serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from crime_pipelines.cli.common.options import common
from crime_pipelines.output.layout import PAGE, PUBLIC, REPORT
from crime_pipelines.support.destinations import refuse_file, refuse_folder
from crime_pipelines.support.full_disk import full_disk_in_words

if TYPE_CHECKING:
    from crime_pipelines.output.reader import Output
    from crime_pipelines.report.extras import Extras

_CHARTS: Final = "charts"
_PDF: Final = "report.pdf"

boundaries_option = click.option(
    "--boundaries",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="GeoJSON of the department's areas, each with its number or name, for their outlines on the map. "
    "[default: for Chicago those of the package, for others hexagons, put together from the incidents' own "
    "coordinates]",
)
title_option = click.option("--title", default="", metavar="TEXT", help="Title of the report.")
note_option = click.option(
    "--note", default="", metavar="TEXT", help="What the report is to tell its readers, on its first screen."
)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "formats",
    type=click.Choice(["html", "png", "pdf"]),
    multiple=True,
    default=["html"],
    show_default=True,
    help="May be given more than once.",
)
@boundaries_option
@title_option
@note_option
@click.option(
    "--publish",
    "public",
    is_flag=True,
    help="Write DIR/public instead: what of the page, the answers and the analyses is fit to be published.",
)
def report(
    folder: Path, formats: tuple[str, ...], boundaries: Path | None, title: str, note: str, public: bool
) -> None:
    """Write the report of the run's output in DIR again.

    \b
    DIR/report then holds
      html    index.html, the whole report
      png     charts/*.png and charts/*.svg, each chart for a slide
      pdf     charts/*.pdf, and report.pdf, the whole report, where a Chromium, Chrome or Edge is at hand

    \b
    Examples
      crime-pipelines report out --format png --format pdf
      crime-pipelines report out --publish --title "Crime in 2021"
      crime-pipelines report out --boundaries areas.geojson

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong.
    """
    from crime_pipelines.output.reader import read_output
    from crime_pipelines.output.record import recorded
    from crime_pipelines.report.charts.geojson import read_boundaries
    from crime_pipelines.report.extras import Extras
    from crime_pipelines.report.page import write_public, write_report

    if public and "png" in formats:
        raise click.UsageError("--publish writes html and pdf alone: charts as files may show small counts")
    recorded(folder)
    place, write = (folder / PUBLIC, write_public) if public else (folder / REPORT, write_report)
    kinds = [*(("svg", "png") if "png" in formats else ()), *(("pdf",) if "pdf" in formats else ())]
    for each in (place, *([place / _CHARTS] if kinds and not public else [])):
        refuse_folder(each)
    for name in (PAGE, _PDF):
        if place.is_dir():
            refuse_file(place / name)
    output = read_output(folder)
    shapes = read_boundaries(boundaries, output.record.known_areas) if boundaries else None
    extras = Extras(output.beside, shapes, analyses=output.analyses, title=title, note=note)
    with full_disk_in_words(place):
        if "html" in formats or "pdf" in formats:
            click.echo(write(place, output.record, output.answers, extras))
        if kinds and not public:
            _write_charts(place / _CHARTS, output, extras, kinds)
        if "pdf" in formats:
            _print(place / PAGE)


def _write_charts(place: Path, output: Output, extras: Extras, kinds: list[str]) -> None:
    from crime_pipelines.report.chart_files import chart_files

    place.mkdir(exist_ok=True, parents=True)
    for name, content in chart_files(output.record, output.answers, extras, kinds):
        new = place / f".{name}.new"
        try:
            new.write_bytes(content)
            new.replace(place / name)
        finally:  # interrupted, as by a terminal that closes
            new.unlink(missing_ok=True)
        click.echo(place / name)


def _print(page: Path) -> None:
    from crime_pipelines.report.printing import find_browser, print_page

    browser = find_browser()
    if browser is None:
        click.echo(
            f"There is no Chromium, Chrome or Edge here to print the whole report with: open {page} in any "
            "browser and print it from there.",
            err=True,
        )
        return
    pdf = page.with_name(_PDF)
    print_page(browser, page, pdf)
    click.echo(pdf)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), required=False)
@click.option("--warehouse", is_flag=True, help="Show the live warehouse in BigQuery instead of a DIR.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 for any.")
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A further name by which browsers may ask, such as that of a proxy. May be given more than once. "
    "[default: localhost; with --host 0.0.0.0 also this machine's name and addresses]",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@boundaries_option
def serve(
    folder: Path | None,
    warehouse: bool,
    host: str,
    port: int,
    names: tuple[str, ...],
    opens: bool,
    boundaries: Path | None,
) -> None:
    """Serve the report of the run's output in DIR, or of the live warehouse, as a dashboard on this machine.

    An open page shows by itself what is new: a later run into DIR, or rows that a stream has written. The
    filters keep what is chosen. /answers.json and /answers/NAME.json are the answers for programs. There is
    no password: whoever reaches the port reads the report. Stop it with Ctrl-C.

    \b
    Examples
      crime-pipelines serve out --open
      crime-pipelines serve out --host 0.0.0.0 --port 8080
      GOOGLE_CLOUD_PROJECT=my-project crime-pipelines serve --warehouse

    Exit codes: 0 stopped, 2 the input or the call is wrong.
    """
    from crime_pipelines.dashboard.dashboard import Dashboard, OutputFolder, Source
    from crime_pipelines.dashboard.server import Server

    if (folder is None) is not warehouse:
        raise click.UsageError("name a DIR, or give --warehouse")
    if not common().quiet:
        click.echo(f"Making the report of {folder or 'the warehouse'} ...", err=True)
    source: Source
    if folder is None:
        from crime_pipelines.dashboard.warehouse import LiveWarehouse

        source = LiveWarehouse(boundaries)
    else:
        source = OutputFolder(folder, boundaries)
    server = Server(Dashboard(source), host, port, names)
    click.echo(f"{server.address} (stop with Ctrl-C)")
    if opens:
        click.launch(server.address)
    try:
        server.serve()
        click.echo("Stopped.", err=True)
    finally:
        server.close()
