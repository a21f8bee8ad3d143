"""The Beam library: tables and rows read, kept current, written and answered, in batch and in windows."""

from __future__ import annotations

import csv
import importlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints
from uuid import uuid4

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.testing import test_stream
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows
from apache_beam.typehints.schemas import named_tuple_to_schema
from apache_beam.yaml.yaml_provider import load_providers, merge_providers, standard_providers
from apache_beam.yaml.yaml_transform import YamlTransform

import crime_pipelines
from crime_pipelines.beam import (
    AnswerQuestions,
    Incident,
    IncidentTable,
    LatestVersions,
    ReadIncidents,
    ReadMessages,
    WriteIncidents,
    __all__,
    rows_of,
    table_of,
)
from crime_pipelines.beam.runners import DIRECT, runner_of
from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.schema.incidents import INCIDENTS

ROWS = 300


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, crime_pipelines.RunResult]:
    """A folder of two files with defects, and the embedded engine's run over it."""
    folder = tmp_path_factory.mktemp("source")
    made = crime_pipelines.generate(folder / "a.csv", ROWS, seed=3, defects=0.05).path
    with made.open(newline="") as file:
        heading, *rows = file.readlines()
    (folder / "b.csv").write_text("".join([heading, *rows[: ROWS // 2]]))
    made.write_text("".join([heading, *rows[ROWS // 3 :]]))
    (folder / "_hidden.csv").write_text("passed over")
    return folder, crime_pipelines.run(folder, tmp_path_factory.mktemp("run") / "out")


#: What pipelines of this process have given: steps are copied, this is not.
_kept: dict[str, list[Any]] = defaultdict(list)


def _keep(element: Any, name: str) -> None:
    _kept[name].append(element)


def kept(elements: beam.PCollection, name: str) -> list[Any]:
    """Return a list that the elements will be in when the pipeline has run in this process."""
    place = f"{name} {uuid4()}"
    _ = elements | f"Keep {name}" >> beam.Map(_keep, place)
    return _kept[place]


def batch() -> beam.Pipeline:
    return beam.Pipeline(*runner_of(DIRECT))


def test_the_schema_of_a_row_is_the_schema_of_incidents() -> None:
    assert Incident._fields == COLUMNS
    python = {"text": str, "integer": int, "decimal": float, "boolean": bool, "datetime": str}
    hints = get_type_hints(Incident)
    for column in INCIDENTS.columns:
        optional = hints[column.name]
        assert python[column.type] in (optional, *getattr(optional, "__args__", ())), column.name


def test_rows_keep_their_types_on_the_wire() -> None:
    """SQL and other languages see real types: nothing of the schema is pickled."""
    coder = beam.coders.registry.get_coder(Incident)
    assert isinstance(coder, beam.coders.RowCoder)
    assert "pythonsdk_any" not in str(named_tuple_to_schema(Incident))
    row = Incident(
        1, None, "2019-02-28T23:59:59.123000", None, None, "THEFT", None, "STREET", True, None, None, "008",
        None, 8, None, None, None, 2019, None, 41.5, None, 3, None,
    )  # fmt: skip
    assert coder.decode(coder.encode(row)) == row
    assert list(rows_of(table_of([row]))) == [row]
    assert table_of([]).num_rows == 0
    assert list(rows_of(table_of([]))) == []


def test_importing_the_library_replaces_nothing_of_beam_and_no_coder_of_others() -> None:
    code = (
        "import apache_beam as beam, pyarrow as pa, builtins\n"
        "before = type(beam.coders.registry.get_coder(pa.Table))\n"
        "import crime_pipelines.beam.engine, crime_pipelines.beam as ours\n"
        "[getattr(ours, name) for name in ours.__all__]\n"
        "from apache_beam.runners.worker import sdk_worker\n"
        "assert type(beam.coders.registry.get_coder(pa.Table)) is before\n"
        "assert not hasattr(vars(sdk_worker).get('print', print), '__wrapped__')\n"
        "assert vars(sdk_worker).get('print', builtins.print) is builtins.print\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there() -> None:
    module = importlib.import_module("crime_pipelines.beam")
    for name in __all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing


@pytest.mark.parametrize("rows", [False, True], ids=["tables", "rows"])
def test_files_are_read_kept_current_written_and_answered(
    run: tuple[Path, crime_pipelines.RunResult], tmp_path: Path, rows: bool
) -> None:
    folder, embedded = run
    out = tmp_path / "incidents"
    with batch() as pipeline:
        read = pipeline | ReadIncidents(str(folder), rows=rows, block_bytes=1 << 14)
        incidents = read.incidents | LatestVersions(buckets=3)
        assert incidents.element_type == (Incident if rows else IncidentTable)
        written = kept(incidents | WriteIncidents(str(out), buckets=2), "written")
        answers = kept(incidents | AnswerQuestions(), "answers")
        counts = kept(read.row_counts, "counts")
        rejects = kept(read.rejects | beam.Values(), "rejects")
    assert {answer.question.name: answer.rows for answer in answers} == {
        name: answer.rows for name, answer in embedded.answers.items()
    }
    record = embedded.record
    files = [file for each in counts for file in each.files]
    assert sorted((file.name, file.rows_counted, file.rows_read) for file in files) == sorted(
        (file.name, file.rows_counted, file.rows_read) for file in record.files
    )
    assert sum(table.num_rows for table in rejects) == record.rejects
    found = pa.concat_tables(pq.read_table(path, partitioning=None) for path in written)
    assert found.num_rows == record.incidents
    assert set(written) == set(map(str, out.glob("year=*/bucket-*.parquet")))
    theirs = pq.read_table(embedded.out / "incidents")
    ids = found.column("id").to_pylist()
    assert sorted(ids) == sorted(theirs.column("id").to_pylist())


def test_names_come_from_a_collection(run: tuple[Path, crime_pipelines.RunResult]) -> None:
    folder, embedded = run
    with batch() as pipeline:
        names = pipeline | beam.Create([str(folder / "a.csv"), str(folder / "b.*")])
        tables = kept((names | ReadIncidents()).incidents, "tables")
    record = embedded.record
    assert sum(table.num_rows for table in tables) == record.incidents + record.superseded


def test_in_windows_each_window_has_its_own(
    run: tuple[Path, crime_pipelines.RunResult], tmp_path: Path
) -> None:
    """A stream of names, a file a minute: what each minute brings is kept current, written and answered."""
    folder, _ = run
    names = test_stream.TestStream()
    for minute, name in enumerate(["a.csv", "b.csv"]):
        names.advance_watermark_to(60 * minute + 1).add_elements([str(folder / name)])
    options = beam.options.pipeline_options.PipelineOptions(streaming=True)
    with beam.Pipeline("BundleBasedDirectRunner", options=options) as pipeline:
        windowed = pipeline | names.advance_watermark_to_infinity() | beam.WindowInto(FixedWindows(60))
        incidents = (windowed | ReadIncidents(rows=True)).incidents | LatestVersions(2)
        written = incidents | WriteIncidents(str(tmp_path), buckets=1)
        asked = incidents | AnswerQuestions(questions=["crime_trend"])
        assert_that(
            written | "Windows" >> beam.Map(lambda path: path.rpartition("bucket-")[2]) | beam.Distinct(),
            equal_to(
                [
                    "00000-19700101T000000-19700101T000100.parquet",
                    "00000-19700101T000100-19700101T000200.parquet",
                ]
            ),
            label="written",
        )
        assert_that(
            asked | "Names" >> beam.Map(lambda answer: answer.question.name),
            equal_to(["crime_trend", "crime_trend"]),
            label="asked",
        )


@pytest.mark.parametrize(
    "step", [LatestVersions(), AnswerQuestions(), WriteIncidents("out")], ids=lambda step: type(step).__name__
)
def test_a_step_refuses_a_window_without_end(step: beam.PTransform) -> None:
    options = beam.options.pipeline_options.PipelineOptions(streaming=True)
    pipeline = beam.Pipeline("BundleBasedDirectRunner", options=options)
    rows = (
        pipeline
        | test_stream.TestStream().add_elements([])
        | beam.Map(lambda row: row).with_output_types(Incident)
    )
    with pytest.raises(ValueError, match=f"{type(step).__name__} needs all elements .* beam.WindowInto"):
        _ = rows | step
    with pytest.raises(ValueError, match="ReadIncidents needs all elements"):
        _ = rows | "Names" >> beam.Map(str).with_output_types(str) | ReadIncidents()


def test_wrong_calls_are_refused_when_the_pipeline_is_made() -> None:
    pipeline = beam.Pipeline("BundleBasedDirectRunner")
    with pytest.raises(ValueError, match="name a source"):
        _ = pipeline | ReadIncidents()
    with pytest.raises(ValueError, match="exclude each other"):
        _ = pipeline | beam.Create(["x"]) | "Both" >> ReadIncidents("x")
    with pytest.raises(ValueError, match="no such question: weather"):
        AnswerQuestions(questions=["weather"])


@pytest.mark.parametrize("source", ["missing.csv", "none-*.csv", "empty"])
def test_what_matches_nothing_fails_the_pipeline(tmp_path: Path, source: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match=f"{re.escape(source)}: no file matches"), batch() as pipeline:
        _ = pipeline | ReadIncidents(str(tmp_path / source))


@pytest.mark.slow
def test_beam_yaml_runs_it(run: tuple[Path, crime_pipelines.RunResult], tmp_path: Path) -> None:
    folder, embedded = run
    path = resources.files("crime_pipelines.beam") / "library" / "providers.yaml"
    text = f"""
    type: composite
    transforms:
      - type: ReadIncidents
        config: {{source: "{folder}"}}
      - type: LatestVersions
        input: ReadIncidents.incidents
      - type: Filter
        input: LatestVersions
        config: {{language: python, keep: "primary_type == 'THEFT'"}}
      - type: AnswerQuestions
        input: LatestVersions
        config: {{questions: [crime_trend]}}
    output: {{thefts: Filter, answers: AnswerQuestions}}
    """
    providers = merge_providers(load_providers(str(path)), standard_providers())
    with batch() as pipeline:
        found = pipeline | YamlTransform(text, providers=providers)
        thefts, answers = kept(found["thefts"], "thefts"), kept(found["answers"], "answers")
    incidents = pq.read_table(embedded.out / "incidents").to_pylist()
    assert len(thefts) == sum(row["primary_type"] == "THEFT" for row in incidents)
    (answer,) = answers
    (record,) = csv.DictReader(embedded.answers["crime_trend"].to_csv().splitlines())
    assert (answer.question, json.loads(answer.values)) == ("crime_trend", record)


def test_moments_are_local_and_have_no_zone() -> None:
    moment = datetime(2024, 2, 29, 22, 0, 0, 5)
    table = table_of(
        [Incident(*[None] * 23)._replace(id=1, occurred_at=moment.isoformat(), year=2024, shift_years=3)]
    )
    assert table["occurred_at"].to_pylist() == [moment]


def test_messages_become_rows_deletions_and_dead_letters(tmp_path: Path) -> None:
    made = crime_pipelines.generate(tmp_path / "crimes.csv", 50).path
    with made.open(newline="") as file:
        messages = [json.dumps(row) for row in csv.DictReader(file)]
    messages.append('{"id": 1}')
    expected = kept_rows(made)
    deletion = json.dumps({"id": "7", "updated_on": "2020-01-01T00:00:00", "deleted": True})
    with batch() as pipeline:
        read = pipeline | beam.Create([each.encode() for each in (*messages, deletion)]) | ReadMessages()
        incidents, deletions = kept(read.incidents, "incidents"), kept(read.deletions, "deletions")
        letters = kept(read.dead_letters | beam.Map(lambda letter: letter.reason), "letters")
    assert sorted(incidents) == expected
    assert deletions == [(7, "2023-01-01T00:00:00")]
    assert len(letters) == len(messages) - len(expected)


def kept_rows(path: Path) -> list[Incident]:
    """Return every version in a file, as the library reads files."""
    with batch() as pipeline:
        rows = kept((pipeline | ReadIncidents(str(path), rows=True)).incidents, "file")
    return sorted(rows)
