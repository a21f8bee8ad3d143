"""`crime-pipelines report` and `crime-pipelines serve`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from crime_pipelines.finished import Output
    from crime_pipelines.report.page import Extras

_FOLDER: Final = "report"
_CHARTS: Final = "charts"

boundaries_option = click.option(
    "--boundaries",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="GeoJSON of the community areas, for their true outlines on the map. [default: hexagons, put "
    "together from the incidents' own coordinates]",
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
def report(folder: Path, formats: tuple[str, ...], boundaries: Path | None) -> None:
    """Write the report of the run's output in DIR again.

    \b
    DIR/report then holds
      html    index.html, the whole report
      png     charts/*.png and charts/*.svg, each chart for a slide
      pdf     charts/*.pdf, and report.pdf, the whole report, where a Chromium, Chrome or Edge is at hand

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong.
    """
    from crime_pipelines.finished import read_output
    from crime_pipelines.report.page import PAGE, Extras, write_report

    shapes = shapes_of(boundaries)
    output = read_output(folder)
    extras = Extras(output.beside, shapes)
    place = folder / _FOLDER
    if "html" in formats or "pdf" in formats:
        click.echo(write_report(place, output.record, output.answers, extras))
    kinds = [*(("svg", "png") if "png" in formats else ()), *(("pdf",) if "pdf" in formats else ())]
    if kinds:
        _write_charts(place / _CHARTS, output, extras, kinds)
    if "pdf" in formats:
        _print(place / PAGE)


def _write_charts(place: Path, output: Output, extras: Extras, kinds: list[str]) -> None:
    from crime_pipelines.report.files import chart_files

    place.mkdir(exist_ok=True, parents=True)
    for name, content in chart_files(output.record, output.answers, extras, kinds):
        new = place / f".{name}.new"
        new.write_bytes(content)
        new.replace(place / name)
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
    pdf = page.with_name("report.pdf")
    print_page(browser, page, pdf)
    click.echo(pdf)


def shapes_of(boundaries: Path | None) -> Mapping[int, Any] | None:
    """The outlines in a file; None without one."""
    if boundaries is None:
        return None
    from crime_pipelines.report.boundaries import read_boundaries

    return read_boundaries(boundaries)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), required=False)
@click.option("--warehouse", is_flag=True, help="Show the live warehouse in BigQuery instead of a DIR.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 for any.")
@boundaries_option
def serve(folder: Path | None, warehouse: bool, host: str, port: int, boundaries: Path | None) -> None:
    """Serve the report of the run's output in DIR, or of the live warehouse, as a dashboard on this machine.

    An open page shows by itself what is new: a later run into DIR, or rows that a stream has written. The
    filters keep what is chosen. Stop it with Ctrl-C.

    \b
    Examples
      crime-pipelines serve out
      GOOGLE_CLOUD_PROJECT=my-project crime-pipelines serve --warehouse
    """
    from crime_pipelines.dashboard import Dashboard, OutputFolder, Source, server

    if (folder is None) is not warehouse:
        raise click.UsageError("name a DIR, or give --warehouse")
    shapes = shapes_of(boundaries)
    source: Source
    if folder is None:
        from crime_pipelines.live import LiveWarehouse

        source = LiveWarehouse(shapes)
    else:
        source = OutputFolder(folder, shapes)
    listening = server(Dashboard(source), host, port)
    address = f"[{host}]" if ":" in host else host
    click.echo(f"http://{address}:{listening.server_address[1]}/ (stop with Ctrl-C)")
    try:
        listening.serve_forever()
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    finally:
        listening.server_close()
