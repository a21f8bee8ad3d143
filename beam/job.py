"""The batch as a job of its own, for Dataflow: incident files in, Parquet and answers out.

    python -m crime_pipelines.beam.job --input gs://bucket/crimes/ --output gs://bucket/out \\
        --runner DataflowRunner --project P --region R --temp_location gs://bucket/tmp --setup_file ./setup.py

Also the entry point of the flex template (`template/`). Nothing of this module is pickled: workers import the
package, which `--setup_file` or the template's image brings.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from crime_pipelines.beam.answers import AnswersFn
from crime_pipelines.beam.batch import build
from crime_pipelines.beam.parquet import created
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.errors import PipelineError
from crime_pipelines.questions import DATA_QUALITY, Answer
from crime_pipelines.sources import resolve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job.

    Args:
        arguments: of the command line, Beam's own among them; the process's unless given.

    Returns:
        The exit code: 0, or 2 where the input or the call is wrong.
    """
    ours, beams = options().parse_known_args(arguments)
    try:
        files = resolve(ours.input)
        with beam.Pipeline(options=PipelineOptions(list(beams))) as pipeline:
            incidents = build(
                pipeline, files, ours.output, FileSystems.join(ours.output, "counts"), ours.shift_years
            )
            (
                incidents
                | "OfAll" >> beam.Values().with_output_types(pa.Table)
                | "Answers"
                >> beam.CombineGlobally(AnswersFn(ours.as_of, ours.shift_years)).without_defaults()
                | "WriteAnswers" >> beam.Map(write_answers, FileSystems.join(ours.output, "answers"))
            )
    except PipelineError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - the job's own command line
        return error.exit_code
    return 0


def options() -> argparse.ArgumentParser:
    """The job's own options.

    Returns:
        Their parser.
    """
    parser = argparse.ArgumentParser(prog="crime_pipelines.beam.job", allow_abbrev=False)
    parser.add_argument("--input", required=True, help="SOURCE: a file, a folder, a glob, or a URI of one")
    parser.add_argument("--output", required=True, help="folder for incidents/, rejects/, answers/, counts/")
    parser.add_argument("--shift-years", "--shift_years", type=int, default=DEFAULT_SHIFT_YEARS)
    parser.add_argument("--as-of", "--as_of", type=_day, default=None, help="YYYY-MM-DD; the latest incident")
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


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


if __name__ == "__main__":
    from crime_pipelines.beam import job  # what is pickled must not be called __main__

    sys.exit(job.main())
