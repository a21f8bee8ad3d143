"""The batch as a job of its own, for Dataflow: incident files in, Parquet and answers out.

    python -m crime_pipelines.beam.job --input gs://bucket/crimes/ --output gs://bucket/out \\
        --runner DataflowRunner --project P --region R --temp_location gs://bucket/tmp --setup_file ./setup.py

Also the entry point of the flex template (`template/`). Nothing of this module is pickled: workers import the
package, which `--setup_file` or the template's image brings.

Nothing is written before the two row counts of each file agree. Where they differ although each chunk was
read whole, a file was cut in the wrong place: the job fails with exit code 1 and names it. A run of
`--engine beam` would read it again in one piece; another job on Dataflow is for the user to start.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from crime_pipelines.beam.answers import answers_of
from crime_pipelines.beam.batch import build
from crime_pipelines.beam.failures import our_error
from crime_pipelines.beam.parquet import created
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.engines.base import INCIDENTS, REJECTS
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import layout_named
from crime_pipelines.questions import DATA_QUALITY, Answer
from crime_pipelines.sources import resolve
from crime_pipelines.sources.storage import refuse_changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job.

    Args:
        arguments: of the command line, Beam's own among them; the process's unless given.

    Returns:
        The exit code: 0, 1 where rows were lost, or 2 where the input or the call is wrong.
    """
    ours, beams = options().parse_known_args(arguments)
    try:
        _refuse_used(ours.output)
        files = resolve(ours.input, layout=layout_named(ours.layout) if ours.layout else None)
        with beam.Pipeline(options=PipelineOptions(list(beams))) as pipeline:
            condensed = build(
                pipeline, files, ours.output, FileSystems.join(ours.output, "counts"), ours.shift_years
            )
            (
                condensed
                | "Answers" >> beam.Map(answers_of, ours.as_of, ours.shift_years, files[0].layout.areas)
                | "WriteAnswers" >> beam.Map(write_answers, FileSystems.join(ours.output, "answers"))
            )
        refuse_changed(files)
    except Exception as error:
        found = our_error(error)  # a runner may quote it alone
        if found is None:
            raise
        print(f"Error: {found}", file=sys.stderr)  # noqa: T201 - the job's own command line
        return found.exit_code
    return 0


def options() -> argparse.ArgumentParser:
    """Return the job's own options.

    Returns:
        Their parser.
    """
    parser = argparse.ArgumentParser(prog="crime_pipelines.beam.job", allow_abbrev=False)
    parser.add_argument("--input", required=True, help="SOURCE: a file, a folder, a glob, or a URI of one")
    parser.add_argument("--output", required=True, help="folder for incidents/, rejects/, answers/, counts/")
    parser.add_argument("--shift-years", "--shift_years", type=int, default=DEFAULT_SHIFT_YEARS)
    parser.add_argument("--layout", default="", help="NAME|FILE; told by the headings of each file")
    parser.add_argument(
        "--as-of", "--as_of", type=_day, default=None, help="YYYY-MM-DD; the covered period's end"
    )
    return parser


def write_answers(answers: Mapping[str, Answer], folder: str) -> None:
    """Write answers as CSV.

    Args:
        answers: the answers by name.
        folder: where to, local or a URI.

    Raises:
        OSError: they can't be written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        for name, answer in answers.items():
            if name == DATA_QUALITY.name:
                continue
            path = Path(scratch) / f"{name}.csv"
            answer.write_csv(path)
            with created(FileSystems.join(folder, path.name)) as out:
                out.write(path.read_bytes())


def _refuse_used(folder: str) -> None:
    """Refuse a folder whose Parquet files would stand beside the job's, and their rows be counted twice."""
    for name in (INCIDENTS, REJECTS):
        pattern = FileSystems.join(folder, name, "**.parquet")
        (found,) = FileSystems.match([pattern], limits=[1])
        if found.metadata_list:
            raise InputError(
                f"{folder}: holds {name} of an earlier job, which this one does not replace; "
                f"name another folder, or delete its {INCIDENTS}/ and {REJECTS}/"
            )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


if __name__ == "__main__":
    from crime_pipelines.beam import job  # what is pickled must not be called __main__

    sys.exit(job.main())
