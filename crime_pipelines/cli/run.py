"""`crime-pipelines run`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from crime_pipelines.cli.progress import TerminalProgress
from crime_pipelines.cli.report import boundaries_option
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.engine import DEFAULT_ENGINE, ENGINES
from crime_pipelines.questions import Answer
from crime_pipelines.record import RunRecord


@click.command()
@click.argument("source")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the output. Its content is replaced at the end, at once, or stays as it was.",
)
@click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    default=DEFAULT_ENGINE,
    show_default=True,
    help="What reads and counts. All engines give the same answers.",
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
    help="Day that the answers' calendar windows end with. [default: the day of the latest incident]",
)
@boundaries_option
def run(
    source: str,
    out: Path,
    engine: str,
    beam_runner: str | None,
    shift_years: int,
    as_of: datetime | None,
    boundaries: Path | None,
) -> None:
    """Read the incidents of SOURCE and answer the five questions.

    SOURCE is a file, a folder, a glob (in quotes) or a gs:// URI of CSV files, plain or gzipped, in the
    City's file layout or its API layout.

    \b
    DIR then holds
      incidents/           one row per incident, Parquet, partitioned by year
      rejects/             rows that can't be incidents, whole, each with its reason
      answers/             the five answers as CSV
      report/index.html    the five answers to look at, in one page that opens offline
      run.json             what was read, rejected and needed

    \b
    Examples
      crime-pipelines run crimes.csv.gz --out out
      crime-pipelines run 'exports/*.csv' --out out --shift-years 0
      crime-pipelines run gs://bucket/crimes/ --out out --as-of 2021-10-31

    Exit codes: 0 done, 1 failed on the way, 2 the input or the call is wrong, 130 interrupted.
    """
    from crime_pipelines.run import run as run_pipeline

    if beam_runner and engine != "beam":
        raise click.UsageError(f"--beam-runner says nothing to --engine {engine}")
    with TerminalProgress() as progress:
        record, answers = run_pipeline(
            source,
            out,
            engine=engine,
            engine_options={"runner": beam_runner} if beam_runner else None,
            shift_years=shift_years,
            as_of=as_of.date() if as_of else None,
            boundaries=boundaries,
            progress=progress,
        )
    summarise(out, record, answers)


def summarise(out: Path, record: RunRecord, answers: Mapping[str, Answer]) -> None:
    """Say what a run read and what its answers are.

    Args:
        out: its output.
        record: what it says of itself.
        answers: its answers by name.
    """
    from crime_pipelines.report.facts import Facts
    from crime_pipelines.report.sentences import words

    rejected = "".join(f", {count:,} {reason}" for reason, count in record.rejected.items())
    click.echo(
        f"{record.source}: {record.read:,} rows read, {record.incidents:,} incidents, "
        f"{record.superseded:,} superseded, {record.rejects:,} rejected{rejected}; as of {record.as_of}"
    )
    for name, said in words(answers, Facts.of(record)).items():
        click.echo(f"\n{answers[name].question.wording}\n  {said.sentence}")
    click.echo(f"\nReport: {out / 'report' / 'index.html'}")
