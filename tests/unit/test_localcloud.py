from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.cloud import dataproc_v1

from crime_pipelines.localcloud.dataproc.job_runner import _why
from crime_pipelines.localcloud.dataproc.template_parameters import filled, mismatch
from crime_pipelines.localcloud.demos import batch_demo
from crime_pipelines.localcloud.demos.demo_steps import Steps
from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.formats.form import Form, Packing


@pytest.mark.parametrize(
    ("name", "gzipped", "landed"),
    [
        ("crimes.csv", False, "crimes.csv"),
        ("crimes.csv.gz", True, "crimes.csv.gz"),
        ("CRIMES.CSV", False, "CRIMES.CSV"),
        ("CRIMES.CSV.GZ", True, "CRIMES.csv.gz"),
        ("crimes.csv", True, "crimes.csv.gz"),
        ("crimes.csv.gz", False, "crimes.csv"),
        ("crimes.txt", False, "crimes.txt.csv"),
        (".hidden.csv", False, "hidden.csv"),
        ("_.csv", True, "crimes.csv.gz"),
    ],
)
def test_a_file_lands_under_a_name_that_says_what_it_is(name: str, gzipped: bool, landed: str) -> None:
    form = Form(Packing.GZIP if gzipped else Packing.NONE)
    assert (
        batch_demo._name(SourceFile(f"/tmp/{name}", f"/tmp/{name}", True, 1, None, "", form, (), ()))
        == landed
    )


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ("INFO a\nError: gs://b/x: is empty\nINFO b\n", "Error: gs://b/x: is empty"),
        ("Traceback\n  File x\nValueError: no\n26/11/25 INFO done\n", "ValueError: no"),
        ("a.b.InputError: first\npyspark.errors.X.AnalysisException: last\n",
         "pyspark.errors.X.AnalysisException: last"),
        ("something\nelse\n\n", "else"),
        ("", "it said nothing"),
    ],
)  # fmt: skip
def test_a_job_that_failed_says_why(log: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(log, encoding="utf-8")
    assert _why(tmp_path / "log") == why


def _template(field: str) -> dataproc_v1.WorkflowTemplate:
    return dataproc_v1.WorkflowTemplate(
        labels={"run-id": "x"},
        jobs=[dataproc_v1.OrderedJob(step_id="a", pyspark_job=dataproc_v1.PySparkJob(args=["--run", "x"]))],
        parameters=[
            dataproc_v1.TemplateParameter(
                name="RUN",
                fields=[field],
                validation=dataproc_v1.ParameterValidation(
                    regex=dataproc_v1.RegexValidation(regexes=["[a-z]+"])
                ),
            )
        ],
    )


def test_parameters_are_filled_in_where_they_belong() -> None:
    template = _template("jobs['a'].pysparkJob.args[1]")
    assert list(filled(template, {"RUN": "mine"}).jobs[0].pyspark_job.args) == ["--run", "mine"]
    assert list(template.jobs[0].pyspark_job.args) == ["--run", "x"]
    assert filled(_template("labels['run-id']"), {"RUN": "mine"}).labels["run-id"] == "mine"


@pytest.mark.parametrize(
    "field", ["jobs['b'].pysparkJob.args[1]", "labels['other']", "jobs['a'].sparkJob.args[1]"]
)
def test_fields_that_there_are_none_of_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=r"no field|no label|no step"):
        filled(_template(field), {"RUN": "mine"})


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"RUN": "mine"}, ""),
        ({"RUN": "Mine"}, "RUN: 'Mine' does not match"),
        ({}, "parameters [] are not those of the template"),
        ({"RUN": "mine", "X": ""}, "parameters ['RUN', 'X'] are not those of the template"),
    ],
)
def test_parameters_are_held_against_their_patterns(values: dict[str, str], problem: str) -> None:
    assert mismatch(_template("labels['run-id']"), values) == problem


def test_steps_tell_and_keep_what_they_moved() -> None:
    told: list[str] = []
    steps = Steps(told.append)
    with steps.step("one", "something happens") as moved:
        steps.tell("within")
        moved.update(rows=1_234, to="gs://b/x")
    with pytest.raises(ZeroDivisionError), steps.step("two", "it breaks"):
        raise ZeroDivisionError
    assert [(each.name, each.moved) for each in steps.done] == [("one", {"rows": 1_234, "to": "gs://b/x"})]
    assert [line.partition(" s  ")[2] for line in told[:2]] == ["something happens", "  within"]
    assert told[2].endswith(": 1,234 rows, to gs://b/x")
