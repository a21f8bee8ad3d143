"""`crime-pipelines run`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crime_pipelines.cli.common.notify import notify_option, notifying
from crime_pipelines.cli.common.options import common, say
from crime_pipelines.cli.common.progress import TerminalProgress
from crime_pipelines.cli.report import boundaries_option, note_option, title_option
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.engines.registry import DEFAULT_ENGINE
from crime_pipelines.output.layout import PUBLIC
from crime_pipelines.quality.options import MAX_REJECTED
from crime_pipelines.support.locales import written_as
from crime_pipelines.support.logs import log_fields

if TYPE_CHECKING:
    from crime_pipelines.output.record import RunRecord
    from crime_pipelines.questions import Answer


@click.command()
@click.argument("source")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the output. What an earlier run wrote there is replaced atomically, all else stays.",
)
@click.option(
    "--engine",
    default=DEFAULT_ENGINE,
    show_default=True,
    metavar="NAME",
    help="Engine that reads and counts: duckdb, spark, beam, or one that another installed package adds. "
    "All engines give the same answers.",
)
@click.option(
    "--beam-runner",
    metavar="NAME",
    help="Where the pipeline of --engine beam runs: direct (in this process) or prism (in one of its own). "
    "[default: direct]",
)
@click.option(
    "--shift-years",
    type=int,
    default=DEFAULT_SHIFT_YEARS,
    show_default=True,
    metavar="N",
    help="Calendar years to move every date by; 0 for none. Rows moved before are not moved again.",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Day that the answers' calendar windows end with. [default: the end of the covered period]",
)
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 1),
    default=MAX_REJECTED,
    show_default=True,
    metavar="SHARE",
    help="Share of the rows that may be rejected; with more, nothing is written and the exit code is 3.",
)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for rejects.csv: the rejected rows as they stand in their files, each with its reason; it "
    "is written even if they are too many and the run writes nothing else.",
)
@click.option(
    "--layout",
    metavar="NAME|FILE",
    help="Layout of the files: one of 'crime-pipelines layout list', or a .toml file. [default: told by the "
    "headings of each file]",
)
@boundaries_option
@click.option(
    "--population",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="CSV of the areas' residents, with columns area and residents (or pop_YEAR), for rates. [default: "
    "for Chicago those of the census of 2020]",
)
@notify_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be read and how long that takes, show the first rows, and write nothing.",
)
@click.option("--no-analysis", is_flag=True, help="Leave out comparisons and forecasts: the answers alone.")
@click.option(
    "--weather",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="CSV of daily temperatures in degrees Fahrenheit, with columns date and meanTemp or TAVG (or TMAX "
    "and TMIN), to say how much of each month is the weather. Forecasts do not use it.",
)
@click.option(
    "--near-repeats",
    is_flag=True,
    help="Look for near repeats: crimes that follow others close by within days. Takes some seconds more.",
)
@title_option
@note_option
@click.option(
    "--publish",
    "public",
    is_flag=True,
    help="Write DIR/public as well: what of the page, the answers and the analyses is fit to be published.",
)
def run(
    source: str,
    out: Path,
    engine: str,
    beam_runner: str | None,
    shift_years: int,
    as_of: datetime | None,
    max_rejected: float,
    rejects: Path | None,
    layout: str | None,
    boundaries: Path | None,
    population: Path | None,
    notify: str | None,
    dry_run: bool,
    no_analysis: bool,
    weather: Path | None,
    near_repeats: bool,
    title: str,
    note: str,
    public: bool,
) -> None:
    """Read the incidents of SOURCE and answer the questions.

    SOURCE is a file, a folder, a glob (in quotes), a gs:// URI, bq://project.dataset.table, or - for
    standard input, of the City of Chicago or of another department that 'crime-pipelines layout list' names
    or --layout describes: CSV separated by comma, tab or semicolon, plain or packed with gzip, bzip2, xz,
    zstd or zip, Parquet, a JSON array, or JSON lines.

    \b
    DIR then holds
      incidents/           one row per incident, Parquet, partitioned by year
      rejects/             rows that can't be incidents, whole, each with its reason
      answers/             the answers as CSV
      analysis/            comparisons and forecasts as CSV
      report/index.html    the answers to look at, in one page that opens offline
      public/              with --publish: the page and CSV files without small counts, for anybody
      run.json             what was read, rejected and needed, and which files were written

    \b
    Examples
      crime-pipelines run crimes.csv.gz --out out
      crime-pipelines run crimes.csv.gz --out out --dry-run
      crime-pipelines run 'exports/*.csv' --out out --shift-years 0
      curl URL | crime-pipelines run - --out out
      crime-pipelines run gs://bucket/crimes/ --out out --as-of 2021-10-31

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong, 3 too many rows are rejected;
    129, 130 or 143 where a signal ended the run, 141 where nobody reads what is printed.
    """
    from crime_pipelines.pipeline import run as run_pipeline
    from crime_pipelines.sources.storage import shown

    if beam_runner and engine != "beam":
        raise click.UsageError("--beam-runner needs --engine beam")
    if dry_run:
        from crime_pipelines.cli.common.dry_run import show_dry_run
        from crime_pipelines.output.known_names import names_of_a_run
        from crime_pipelines.questions.chosen import chosen_analyses

        names = names_of_a_run(chosen_analyses(not no_analysis, weather, near_repeats), public=public)
        show_dry_run(source, out, engine, shift_years, layout, names)
        return
    named = {"source": shown(source), "output": str(out)}
    with log_fields(**named), notifying(notify, command="run", engine=engine, **named) as found:
        with TerminalProgress() as progress:
            result = run_pipeline(
                source,
                out,
                engine=engine,
                engine_options={"runner": beam_runner} if beam_runner else None,
                shift_years=shift_years,
                as_of=as_of.date() if as_of else None,
                max_rejected=max_rejected,
                layout=layout,
                rejects=rejects,
                boundaries=boundaries,
                population=population,
                analyses=not no_analysis,
                weather=weather,
                near_repeats=near_repeats,
                title=title,
                note=note,
                public=public,
                locale=common().locale,
                progress=progress,
            )
        found.update(message_of(result.record))
        found["report"] = str(out / "report" / "index.html")
    summarise(out, result.record, result.answers, result.analyses)
    if public:
        say(f"To publish: {out / PUBLIC}, and nothing else of {out}")


def message_of(record: RunRecord) -> dict[str, Any]:
    """Say what a run read, as fields of a notification.

    Args:
        record: what the run says of itself.

    Returns:
        The fields.
    """
    with written_as(None):  # what programs read is the same in every locale
        text = f"crime-pipelines run: {_counts(record)}"
    return {
        "text": text,
        "as_of": record.as_of.isoformat(),
        "read": record.read,
        "incidents": record.incidents,
        "superseded": record.superseded,
        "deleted": record.deleted,
        "rejected": record.rejected,
        "warnings": [warning.text for warning in record.input_warnings],
        "seconds": sum(record.seconds.values()),
    }


def _counts(record: RunRecord) -> str:
    from crime_pipelines.report.formatting import count

    reasons = ", ".join(f"{count(rows)} {reason}" for reason, rows in record.rejected.items())
    rejected = f" ({reasons})" if reasons else ""
    deleted = f" ({count(record.deleted)} incidents deleted)" if record.deleted else ""
    return (
        f"{record.source}: {count(record.read)} rows read, {count(record.incidents)} incidents, "
        f"{count(record.superseded)} superseded{deleted}, {count(record.rejects)} rejected{rejected}; "
        f"as of {record.as_of}"
    )


def summarise(
    out: Path,
    record: RunRecord,
    answers: Mapping[str, Answer],
    analyses: Mapping[str, Answer] | None = None,
) -> None:
    """Say what a run read and what its answers are.

    Args:
        out: its output.
        record: what it says of itself.
        answers: its answers by name.
        analyses: its analyses by name, where they are at hand.
    """
    from crime_pipelines.report.coverage import Facts
    from crime_pipelines.report.formatting import in_locale
    from crime_pipelines.report.sections import words

    say(_counts(record))
    for name, said in words(answers, Facts.of(record), analyses).items():
        say(in_locale(f"\n{answers[name].question.wording}\n  {said.sentence}"))
    say(f"\nReport: {out / 'report' / 'index.html'}")
