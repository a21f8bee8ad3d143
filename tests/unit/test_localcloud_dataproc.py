"""The local Dataproc refuses what Google's and Terraform's provider would refuse, or change in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.api_core.exceptions import InvalidArgument
from google.cloud import dataproc_v1 as dataproc

from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.dataproc.submission import Submission
from crime_pipelines.cloud.dataproc.templates import batch, workflow_template
from crime_pipelines.cloud.settings import ARCHITECTURES, Settings
from crime_pipelines.localcloud.dataproc.checks import batch_problem, template_problem
from crime_pipelines.localcloud.faults import Fault, Faults
from tests.cloud.dataproc import dataproc_stand_in

SETTINGS = Settings("p", dataproc_subnetwork="projects/p/regions/us-central1/subnetworks/crime", kms_key="k")
REGION, LOCATION = "projects/p/regions/us-central1", "projects/p/locations/us-central1"
SUBMISSION = Submission("run-1", "gs://p-crime-landing/x.csv", 3)


def job(template: Any) -> Any:
    return template.jobs[0].pyspark_job


def config(template: Any) -> Any:
    return template.placement.managed_cluster.config


def set_args(template: Any, position: int, text: str) -> None:
    job(template).args[position] = text


Change = Callable[[Any], object]
TEMPLATES: dict[str, tuple[Change, str]] = {
    "an empty placeholder": (lambda t: set_args(t, 7, ""), "args holds an empty string, which Terraform's"),
    "an empty file": (lambda t: job(t).python_file_uris.append(""), "python_file_uris holds an empty string"),
    "an argument gone": (
        lambda t: setattr(job(t), "args", list(job(t).args)[:7]),
        "a parameter's path leads nowhere",
    ),
    "a step renamed": (lambda t: setattr(t.jobs[0], "step_id", "other"), "path leads nowhere (the template"),
    "a label gone": (lambda t: t.labels.pop("run-id"), "path leads nowhere (the template has no label"),
    "two for one field": (
        lambda t: t.parameters[1].fields.append(t.parameters[0].fields[0]),
        "parameters INPUT and RUN_ID both fill jobs['incidents'].pysparkJob.args[1]",
    ),
    "a parameter in small letters": (
        lambda t: setattr(t.parameters[0], "name", "input"),
        "parameter 'input'",
    ),
    "a long command": (lambda t: set_args(t, 1, "x" * 100_001), "100,"),
    "an old image": (
        lambda t: setattr(config(t).software_config, "image_version", "1.5-debian10"),
        "image version '1.5-debian10' is not known",
    ),
    "no image": (lambda t: setattr(config(t).software_config, "image_version", ""), "image version ''"),
    "another region's zone": (
        lambda t: setattr(config(t).gce_cluster_config, "zone_uri", "europe-west1-b"),
        "zone 'europe-west1-b' is no zone of us-central1",
    ),
    "a region for a zone": (
        lambda t: setattr(config(t).gce_cluster_config, "zone_uri", "us-central1"),
        "is no zone of",
    ),
    "another region's subnetwork": (
        lambda t: setattr(
            config(t).gce_cluster_config, "subnetwork_uri", "projects/p/regions/europe-west1/subnetworks/x"
        ),
        "is none of us-central1",
    ),
    "no worker": (
        lambda t: setattr(config(t).worker_config, "num_instances", 0),
        "a cluster without workers needs the property dataproc:dataproc.allow.zero.workers",
    ),
    "a single machine that grows": (
        lambda t: (
            setattr(config(t).worker_config, "num_instances", 0),
            config(t).software_config.properties.update({"dataproc:dataproc.allow.zero.workers": "true"}),
            setattr(config(t).autoscaling_config, "policy_uri", "policy"),
        ),
        "a cluster without workers takes no autoscaling policy",
    ),
    "one worker": (
        lambda t: setattr(config(t).worker_config, "num_instances", 1),
        "no workers (single node) or two and more",
    ),
    "a label in capitals": (lambda t: t.labels.update({"application": "Crime"}), "label application='Crime'"),
    "a long cluster name": (
        lambda t: setattr(t.placement.managed_cluster, "cluster_name", "c" * 36),
        "cluster name",
    ),
    "no main file": (lambda t: setattr(job(t), "main_python_file_uri", ""), "names no main file"),
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_our_own_templates_and_batches_are_taken(architecture: int) -> None:
    settings = SETTINGS.for_architecture(architecture)
    assert template_problem(workflow_template(settings), REGION) == ""
    assert batch_problem(batch(settings, SUBMISSION), "run-1-abc", LOCATION) == ""


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_google_would_refuse_is_refused(name: str) -> None:
    change, problem = TEMPLATES[name]
    template = workflow_template(SETTINGS)
    change(template)
    assert problem in template_problem(template, REGION)


BATCHES: dict[str, tuple[Change, str]] = {
    "an ended runtime": (lambda b: setattr(b.runtime_config, "version", "2.2"), "runtime version '2.2'"),
    "a cluster's property": (
        lambda b: b.runtime_config.properties.update({"spark.yarn.maxAppAttempts": "1"}),
        "does not take the properties spark.yarn.maxAppAttempts",
    ),
    "an empty argument": (lambda b: b.pyspark_batch.args.append(""), "holds an empty string"),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_that_google_would_refuse_is_refused(name: str) -> None:
    change, problem = BATCHES[name]
    made = batch(SETTINGS, SUBMISSION)
    change(made)
    assert problem in batch_problem(made, "run-1-abc", LOCATION)


def test_what_is_wrong_comes_back_over_grpc() -> None:
    with dataproc_stand_in() as (_, endpoint):
        client = Dataproc(Settings("p", region="nowhere", dataproc_endpoint=endpoint, retry_seconds=5))
        with pytest.raises(InvalidArgument, match="'nowhere' is no region"):
            client.put_templates()
        client.close()


def test_a_value_that_is_too_long_for_a_parameter_is_refused() -> None:
    from crime_pipelines.localcloud.dataproc.template_parameters import mismatch

    template = workflow_template(SETTINGS)
    values = {**SUBMISSION.parameters(), "INPUT": f"gs://bucket/{'x' * 1_000}"}
    assert mismatch(template, values) == "INPUT has 1,012 characters; 1,000 are allowed"
    assert mismatch(template, SUBMISSION.parameters()) == ""


def test_faults_come_as_often_as_asked_for(tmp_path: Path) -> None:
    faults = Faults(tmp_path / "faults.json")
    assert not faults.take(Fault.QUOTA)
    Faults(tmp_path / "faults.json").ask_for(Fault.QUOTA, 2)
    assert [faults.take(Fault.QUOTA) for _ in range(3)] == [True, True, False]
    assert not faults.take(Fault.WORKER)


def test_a_cluster_that_is_refused_has_no_job() -> None:
    with dataproc_stand_in() as (endpoint, address):
        client = Dataproc(Settings("p", dataproc_endpoint=address, retry_seconds=5))
        client.put_templates()
        operation = client.start(SUBMISSION, "00000000-0000-0000-0000-000000000001")
        workflow = endpoint.workflows[operation]
        workflow.refuse_cluster("Insufficient quota")
        workflow.end(dataproc.WorkflowNode.NodeState.BLOCKED, 9, "Insufficient quota")
        attempt = client.attempt(operation)
        client.close()
    assert (attempt.state.value, attempt.detail) == ("failed", "Insufficient quota")
